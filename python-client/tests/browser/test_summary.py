"""What is above the table: the picture, the causes of failures, what is usual."""

import json
import time

import pytest
from dashboard import EPOCH, PAGE, address, chips, history, keep, live, row, rows
from playwright.sync_api import expect

from celery_task_tracker.recording.marks import event_of
from celery_task_tracker.registration.resolution import ObjectRef, OverviewRef
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.writes import Event

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = 60_000


def fold(page, name):
    """Opens or closes a part."""
    page.get_by_text(name, exact=True).click()


def picture(page):
    return page.get_by_role("slider", name="Tasks over time")


def numbers(page):
    return page.get_by_role("table", name="Tasks over time")


def bars(page, state):
    return page.locator(f".tt-chart-bars [data-state={state}]")


def keep_some():
    """Keeps three tasks that went well ten minutes ago and three that failed half an hour ago."""
    minute = int(time.time() * 1000) // MINUTE * MINUTE
    for number in range(3):
        keep(f"well{number}", at=minute - 10 * MINUTE + number)
    for number, (exception, error) in enumerate(
        [
            ("ValueError", "order 7 is <b>bad</b>"),
            ("ValueError", "order 8 is <b>bad</b>"),
            ("A", "b"),
        ]
    ):
        keep(f"bad{number}", "FAILURE", at=minute - 30 * MINUTE, exception=exception, error=error)
    get_client().write([event_of("v2.3", minute - 31 * MINUTE)])


@pytest.fixture
def open_page(tracker_page):
    """The dashboard of order 1042 with its picture of the last hour."""
    keep_some()
    expect(rows(tracker_page)).to_have_count(6)
    fold(tracker_page, "At a glance")
    tracker_page.get_by_role("button", name="Hour").click()
    expect(picture(tracker_page)).to_have_attribute("aria-valuemax", "60")
    return tracker_page


def test_a_time_is_chosen_by_dragging_or_clicking(open_page):
    box = bars(open_page, "FAILURE").bounding_box()
    middle = box["y"] + box["height"] / 2
    open_page.mouse.move(box["x"] - 20, middle)
    open_page.mouse.down()
    open_page.mouse.move(box["x"] + 20, middle)
    expect(open_page.locator(".tt-tip")).to_contain_text("Failure3")
    expect(open_page.locator(".tt-tip")).to_contain_text("v2.3")
    open_page.mouse.up()
    expect(rows(open_page)).to_have_count(3)
    assert "since=" in address(open_page)
    assert "until=" in address(open_page)
    expect(history(open_page).get_by_role("combobox", name="Created")).to_have_value("own")
    # The others are still there, but fade.
    expect(bars(open_page, "SUCCESS")).to_have_class("tt-chart-out")
    open_page.get_by_role("button", name="Any time").click()
    expect(rows(open_page)).to_have_count(6)
    expect(picture(open_page)).to_be_focused()
    box = bars(open_page, "SUCCESS").bounding_box()
    open_page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 5)
    expect(rows(open_page)).to_have_count(3)
    open_page.go_back()
    expect(rows(open_page)).to_have_count(6)


def test_a_time_is_chosen_by_the_keyboard_and_told_to_a_screen_reader(open_page):
    press = open_page.keyboard.press
    picture(open_page).focus()
    press("End")
    expect(picture(open_page)).to_have_attribute("aria-valuenow", "60")
    go_to(open_page, "ArrowLeft", "Success: 3")
    press("Enter")
    expect(rows(open_page)).to_have_count(3)
    expect(row(open_page, "well0")).to_be_visible()
    expect(picture(open_page)).to_be_focused()
    # What is pointed at stays so while tasks are added.
    keep("now", "PENDING", at=int(time.time() * 1000))
    expect(open_page.locator("#tt-picture-legend")).to_contain_text("Pending1")
    assert "Success: 3" in picture(open_page).get_attribute("aria-valuetext")
    press("Escape")
    expect(rows(open_page)).to_have_count(7)
    press("Home")
    expect(picture(open_page)).to_have_attribute("aria-valuenow", "1")
    press("PageUp")
    go_to(open_page, "Shift+ArrowRight", "Failure: 3")
    press("Shift+ArrowRight")
    press("Enter")
    expect(rows(open_page)).to_have_count(3)
    expect(row(open_page, "bad0")).to_be_visible()


def go_to(page, key, said):
    """Presses a key until the picture says this of its buckets."""
    for _ in range(40):
        if said in (picture(page).get_attribute("aria-valuetext") or ""):
            return
        page.keyboard.press(key)
    pytest.fail(f"The picture never says {said}")


def test_the_same_is_there_as_a_table(open_page):
    lines = numbers(open_page).get_by_role("row")
    # For screen readers it always is.
    expect(lines).to_have_count(4)
    cells = [line.get_by_role("cell").all_inner_texts() for line in lines.all()[1:]]
    assert cells == [["3", "", "3", ""], ["", "3", "3", ""], ["", "", "0", "v2.3"]]
    open_page.get_by_role("button", name="As a table").click()
    expect(picture(open_page)).to_be_hidden()
    expect(numbers(open_page)).to_be_in_viewport()
    open_page.get_by_role("button", name="Week").click()
    # A bucket is three hours long. Two of them have tasks if one began a moment ago.
    expect(lines).not_to_have_count(4)
    open_page.reload()
    expect(numbers(open_page)).to_contain_text("v2.3")
    totals = [int(line.get_by_role("cell").nth(2).inner_text()) for line in lines.all()[1:]]
    assert sum(totals) == 6


def test_it_is_sharp_in_forced_colours_and_fits_a_telephone(open_page):
    open_page.emulate_media(forced_colors="active")
    fills = [
        bars(open_page, state).evaluate("bar => getComputedStyle(bar).fill")
        for state in ("FAILURE", "SUCCESS")
    ]
    assert len(set(fills)) == 2
    assert bars(open_page, "FAILURE").evaluate("bar => getComputedStyle(bar).stroke") != "none"
    fold(open_page, "Failures by cause")
    fold(open_page, "What is usual")
    expect(open_page.locator(".tt-cause")).to_have_count(2)
    open_page.set_viewport_size({"width": 360, "height": 800})
    drawn = "document.querySelector('.tt-chart').getBoundingClientRect().width < 340"
    open_page.wait_for_function(drawn)
    assert open_page.evaluate("document.documentElement.scrollWidth") <= 360
    open_page.get_by_role("button", name="As a table").click()
    assert open_page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_cause_is_a_filter_and_can_be_removed_as_a_whole(open_page, record):
    fold(open_page, "Failures by cause")
    cause = open_page.get_by_role("button", name="2 ValueError order … is <b>bad</b>")
    cause.click()
    expect(rows(open_page)).to_have_count(2)
    expect(cause).to_have_attribute("aria-pressed", "true")
    assert "cause=" in address(open_page)
    open_page.reload()
    expect(rows(open_page)).to_have_count(2)
    chip = history(open_page).get_by_role("button", name="ValueError: order … is <b>bad</b>")
    expect(chip).to_have_attribute("aria-pressed", "true")
    chip.click()
    expect(rows(open_page)).to_have_count(6)
    expect(cause).to_have_attribute("aria-pressed", "false")
    open_page.get_by_role("button", name="Remove: ValueError (2)").click()
    open_page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(rows(open_page)).to_have_count(4)
    expect(cause).to_have_count(0)
    assert record(1042, "bad0") is None
    expect(chips(open_page).get_by_role("button", name="Failure")).to_contain_text("1")


def test_a_task_that_runs_longer_than_usual_says_so(tracker_page, site):
    for number in range(20):
        live(f"g{number}", "shop.tasks.greet", begin=EPOCH + number, waited=50, ran=1000)
    begin = int(time.time() * 1000) - 60_000
    keep("slow", "STARTED", "shop.tasks.greet", begin)
    # Of these there are too few to know what is usual.
    live("short", "shop.tasks.chat", waited=50, ran=1000)
    keep("new", "STARTED", "shop.tasks.chat", begin)
    # What is usual may have been asked for while only some of them were there.
    tracker_page.reload()
    expect(row(tracker_page, "slow")).to_contain_text("longer than usual (1.0 s)")
    expect(row(tracker_page, "new")).not_to_contain_text("longer")
    # Its dialog says so too, whichever rows are shown beside it.
    tracker_page.goto(f"{site}{PAGE}?state=SUCCESS&task=shop.tasks.chat&task_id=slow")
    dialog = tracker_page.get_by_role("dialog", name="Greet")
    expect(dialog).to_contain_text("longer than usual (1.0 s)")
    tracker_page.goto(f"{site}{PAGE}?task_id=new")
    expect(tracker_page.get_by_role("dialog", name="Chat")).to_contain_text("running 1 m")
    expect(tracker_page.get_by_role("dialog", name="Chat")).not_to_contain_text("longer")
    keep("new", "SUCCESS", "shop.tasks.chat", begin + 60_000)
    tracker_page.goto(f"{site}{PAGE}")
    fold(tracker_page, "At a glance")
    fold(tracker_page, "What is usual")
    usual = tracker_page.get_by_role("row", name="Greet 20")
    expect(usual).to_contain_text("1.0 s95% within 1.0 s")
    usual.get_by_role("link", name="Slowest run of Greet: 1.0 s").click()
    expect(tracker_page.get_by_role("dialog", name="Greet")).to_be_visible()


def test_what_is_open_stays_so(open_page, site):
    fold(open_page, "What is usual")
    open_page.goto(f"{site}{PAGE}")
    expect(picture(open_page)).to_be_visible()
    expect(open_page.get_by_role("button", name="Hour")).to_have_attribute("aria-pressed", "true")
    expect(open_page.get_by_text("Of the last 200 tasks")).to_be_visible()
    expect(open_page.locator("#tt-causes-list")).to_be_hidden()


def test_the_overview_has_it_open_and_names_the_objects_of_a_cause(page, site):
    ref = ObjectRef("shop.order", "1042")
    fields = {"exception": "ValueError", "error": "order 7", "objects": json.dumps([ref])}
    at = int(time.time() * 1000) - MINUTE
    overview = (OverviewRef("shop.order"),)
    get_client().write(
        [
            Event((ref,), each, "shop.tasks.fail", "FAILURE", 0, at, fields, overviews=overview)
            for each in ("t1", "t2")
        ]
    )
    page.goto(f"{site}/backstage/shop/order/task-tracker/")
    expect(bars(page, "FAILURE")).to_have_count(1)
    fold(page, "Failures by cause")
    page.get_by_role("button", name="2 ValueError order …").click()
    expect(rows(page)).to_have_count(2)
    page.get_by_role("button", name="Remove: ValueError (2)").click()
    dialog = page.get_by_role("dialog", name="Remove records (2)?")
    dialog.get_by_role("button", name="Cancel").click()
    page.locator("#tt-causes").get_by_role("link", name="Order 1042").click()
    expect(page).to_have_url(f"{site}/backstage/shop/order/1042/task-tracker/")
    # There it is folded.
    expect(rows(page)).to_have_count(2)
    expect(picture(page)).to_be_hidden()
