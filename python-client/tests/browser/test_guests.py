"""The page within themes that have rules of their own for what it is made of."""

import pytest
from dashboard import PAGE, details, keep, rows
from playwright.sync_api import expect

pytestmark = pytest.mark.django_db(transaction=True)


def add_style(page, css):
    """Adds what the style sheet of a theme has, by the object model, as the policy allows."""
    page.evaluate(
        """css => {
            const sheet = new CSSStyleSheet();
            sheet.replaceSync(css);
            document.adoptedStyleSheets.push(sheet);
        }""",
        css,
    )


def places(locator):
    return [each.bounding_box() for each in locator.all()]


@pytest.mark.parametrize(
    "css",
    ["", "dialog { position: relative; top: 50%; left: 50%; translate: -50% -50%; width: 400px }"],
)
@pytest.mark.parametrize("size", [{"width": 1280, "height": 800}, {"width": 360, "height": 600}])
def test_the_dialog_is_on_the_screen(tracker_page, css, size):
    tracker_page.set_viewport_size(size)
    keep(traceback="Traceback\n" * 200)
    expect(rows(tracker_page)).to_have_count(1)
    add_style(tracker_page, css)
    details(tracker_page).click()
    dialog = tracker_page.get_by_role("dialog")
    expect(dialog).to_contain_text("Traceback")
    for shown in (dialog, dialog.get_by_role("button", name="Close")):
        box = shown.bounding_box()
        assert box["x"] >= 0
        assert box["y"] >= 0
        assert box["x"] + box["width"] <= size["width"]
        assert box["y"] + box["height"] <= size["height"]


def test_breadcrumbs_that_no_nav_surrounds_are_in_a_line(tracker_page):
    tracker_page.evaluate(
        """() => {
            const place = document.createElement("div");
            document.getElementById("content-main").before(place);
            place.append(document.querySelector(".tt-breadcrumbs"));
        }"""
    )
    crumbs = places(tracker_page.locator(".tt-breadcrumbs li"))
    assert len({crumb["y"] for crumb in crumbs}) == 1
    assert [crumb["x"] for crumb in crumbs] == sorted(crumb["x"] for crumb in crumbs)


def test_a_theme_that_draws_check_boxes_itself_leaves_the_switch(tracker_page):
    """As django-jet does: it hides them, and puts a label behind each."""
    add_style(
        tracker_page,
        "input[type=checkbox] { display: none }"
        "input[type=checkbox] + label::before { content: 'x'; display: inline-block }",
    )
    tracker_page.evaluate(
        """() => {
            const label = document.createElement("label");
            label.htmlFor = "tt-auto";
            document.getElementById("tt-auto").after(label);
        }"""
    )
    switch = tracker_page.get_by_role("switch")
    track = tracker_page.locator(".tt-track")
    colour = "element => getComputedStyle(element).backgroundColor"
    expect(switch).to_be_checked()
    on = track.evaluate(colour)
    switch.focus()
    tracker_page.keyboard.press("Space")
    expect(switch).not_to_be_checked()
    expect(track).not_to_have_css("background-color", on)
    expect(tracker_page.locator("#tt-auto + label")).to_be_hidden()


def test_english_on_a_page_that_is_read_from_the_right_is_read_from_the_left(page, site, settings):
    settings.LANGUAGE_CODE = "he"
    keep("t1")
    keep("t2")
    page.goto(f"{site}{PAGE}")
    shown = page.get_by_text("1 to 2 of 2")
    expect(shown).to_be_visible()
    assert page.evaluate("document.documentElement.dir") == "rtl"
    first, last = shown.evaluate(
        """element => [0, element.textContent.length - 1].map(place => {
            const range = document.createRange();
            range.setStart(element.firstChild, place);
            range.setEnd(element.firstChild, place + 1);
            return range.getBoundingClientRect().x;
        })"""
    )
    assert first < last
