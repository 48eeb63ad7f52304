"""The page for everybody: keyboard, screen reader, every width, both schemes, both directions."""

import pytest
from dashboard import (
    PAGE,
    chip,
    details,
    history,
    keep,
    keep_one_of_each_state,
    live,
    row,
    rows,
)
from django.utils import translation
from django.utils.translation import gettext
from playwright.sync_api import expect

from servers import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def test_everything_is_done_with_the_keyboard_alone(tracker_page):
    keep("t1", "FAILURE", traceback="Traceback …")
    keep("t2", "STARTED", name="shop.tasks.greet")
    expect(rows(tracker_page)).to_have_count(2)
    press = tracker_page.keyboard.press
    tracker_page.get_by_role("switch", name="Refresh every").focus()
    press("Space")
    expect(tracker_page.get_by_role("switch", name="Refresh every")).not_to_be_checked()
    chip(tracker_page, "Failure").focus()
    press("Enter")
    expect(rows(tracker_page)).to_have_count(1)
    expect(chip(tracker_page, "Failure")).to_be_focused()
    press("Space")
    expect(rows(tracker_page)).to_have_count(2)
    tracker_page.get_by_role("button", name="Filter by task").focus()
    press("Enter")
    press("Tab")
    press("Space")
    expect(
        tracker_page.get_by_role("group", name="Filter by task").get_by_role("checkbox").first
    ).to_be_checked()
    press("Escape")
    expect(tracker_page.get_by_role("button", name="Filter by task")).to_be_focused()
    tracker_page.get_by_role("button", name="Show all tasks").press("Enter")
    tracker_page.get_by_role("button", name="Copy task id t1").focus()
    press("Tab")
    expect(rows(tracker_page).get_by_role("button", name="Run Succeed t1")).to_be_focused()
    press("Tab")
    expect(details(tracker_page, "Succeed")).to_be_focused()
    press("Enter")
    dialog = tracker_page.get_by_role("dialog", name="Succeed")
    expect(dialog).to_be_visible()
    press("Escape")
    expect(dialog).to_be_hidden()
    expect(details(tracker_page, "Succeed")).to_be_focused()


def test_what_has_the_focus_is_seen_to_have_it(tracker_page):
    keep()
    details(tracker_page).focus()
    tracker_page.keyboard.press("Shift+Tab")
    outline = "document.activeElement.computedStyleMap().get('outline-style').value"
    assert tracker_page.evaluate(outline) == "solid"


def test_a_state_is_told_by_icon_and_word_not_by_colour_alone(tracker_page):
    keep_one_of_each_state()
    for word in ("Pending", "Received", "Started", "Success", "Failure", "Revoked", "Ignored"):
        badge = rows(tracker_page).get_by_text(word, exact=True).first
        expect(badge).to_be_visible()
        expect(badge.locator("..").locator("svg")).to_be_visible()


def test_reduced_motion_is_respected(new_page, site):
    page = new_page(reduced_motion="reduce")
    keep(state="STARTED")
    page.goto(f"{site}{PAGE}")
    expect(row(page, "Started")).to_be_visible()
    assert page.evaluate("document.getAnimations().length") == 0


@pytest.mark.parametrize("width", [360, 768, 1280, 3840])
def test_nothing_is_wider_than_the_window(tracker_page, width):
    keep("0d5f7a52-1c1e-4d0a-9d7e-0f3a8e1c2b4d", "FAILURE", error="x" * 500, exception="ValueError")
    keep("t2", "STARTED", name="shop.tasks." + "long_" * 20 + "name", worker="w" * 100)
    tracker_page.set_viewport_size({"width": width, "height": 800})
    expect(rows(tracker_page)).to_have_count(2)
    fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    wait_for(lambda: tracker_page.evaluate(fits), f"the page to fit into {width} px", seconds=3)
    details(tracker_page, "Succeed").click()
    dialog = tracker_page.get_by_role("dialog", name="Succeed")
    expect(dialog).to_contain_text("ValueError")
    box = dialog.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width


def test_a_wide_window_is_used_to_its_end(tracker_page):
    keep()
    tracker_page.set_viewport_size({"width": 3840, "height": 2160})
    box = history(tracker_page).bounding_box()
    assert box["x"] + box["width"] > 3700


def test_a_narrow_page_keeps_what_the_table_tells(tracker_page):
    live(waited=1000, ran=2000, worker="w1@host", queue="mail")
    tracker_page.set_viewport_size({"width": 360, "height": 800})
    shown = row(tracker_page, "Succeed")
    for text in ("Success", "ran 2.0 s", "waited 1.0 s", "ago", "w1@host", "mail"):
        expect(shown.get_by_text(text).first).to_be_visible()
    expect(details(tracker_page)).to_be_visible()


def test_a_language_that_is_read_from_the_right_has_the_page_mirrored(page, site, settings):
    settings.LANGUAGE_CODE = "fa"
    keep("t1", "STARTED", progress='{"current":40,"total":100,"message":"x"}')
    live("t2", waited=1000, ran=3000)
    page.goto(f"{site}{PAGE}")
    with translation.override("fa"):
        table = page.get_by_role("region", name=gettext("Task history"))
        filters = page.get_by_role("group", name=gettext("Filter by state")).get_by_role("button")
    shown = table.get_by_role("row").filter(has_text="t2")
    expect(shown).to_be_visible()
    assert page.evaluate("document.documentElement.dir") == "rtl"
    place = "element => element.getBoundingClientRect().x"
    assert filters.first.evaluate(place) > filters.last.evaluate(place)
    wait = shown.locator("[aria-hidden] > span:first-child")
    assert wait.evaluate(place) > wait.locator("xpath=following-sibling::*").evaluate(place)
    fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert page.evaluate(fits)


def test_a_narrow_table_names_its_columns_to_who_cannot_see_them(tracker_page):
    keep()
    tracker_page.set_viewport_size({"width": 360, "height": 800})
    expect(rows(tracker_page)).to_have_count(1)
    names = tracker_page.get_by_role("columnheader")
    expect(names).to_have_text(["Task", "State", "Time", "Created", "Worker, queue", "Actions"])


def test_what_is_wrong_is_told_to_who_cannot_see_it(page, site):
    page.route("**/list/**", lambda route: route.fulfill(status=500, body="Oh"))
    page.goto(f"{site}{PAGE}")
    expect(page.get_by_role("alert")).to_contain_text("The server's answer was not understood")


def test_a_chosen_chip_stands_out_where_colours_are_the_readers_own(new_page, site):
    page = new_page(forced_colors="active")
    keep(state="FAILURE")
    page.goto(f"{site}{PAGE}")
    ground = "chip => getComputedStyle(chip).backgroundColor"
    chosen, other = (chip(page, name).evaluate(ground) for name in ("All", "Failure"))
    assert chosen != other
