"""A page whose requests are answered late, out of order, or not at all."""

import re
import time

import pytest
from dashboard import EPOCH, PAGE, chip, chips, expect_address, keep, row, rows
from playwright.sync_api import expect

from servers import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def hold(page, pattern):
    """Holds back the requests of ``pattern``; gives the function that lets them go."""
    held = []
    page.route(pattern, lambda route: held.append(route))

    def release():
        for route in held:
            route.continue_()
        page.unroute(pattern)

    return release


def pressed(page):
    return chips(page).get_by_role("button", pressed=True)


def test_chips_are_pressed_before_the_answer_has_come(tracker_page):
    for number, state in enumerate(("FAILURE", "SUCCESS", "STARTED")):
        keep(f"t{number}", state, at=EPOCH + number)
    expect(rows(tracker_page)).to_have_count(3)
    release = hold(tracker_page, "**/list/**")
    chip(tracker_page, "Failure").click()
    expect(pressed(tracker_page)).to_contain_text(["Failure"])
    chip(tracker_page, "Started").click()
    expect(pressed(tracker_page)).to_contain_text(["Started", "Failure"])
    release()
    expect(rows(tracker_page)).to_have_count(2)
    expect_address(tracker_page, "state=FAILURE&state=STARTED")


def test_an_answer_that_was_overtaken_does_not_stand_for_what_is_shown(page, site, settings):
    settings.TASK_TRACKER_REFRESH_INTERVAL = 3600
    keep("t1", "FAILURE")
    keep("t2", "SUCCESS")
    page.goto(f"{site}{PAGE}")
    expect(rows(page)).to_have_count(2)
    # The filter is left before its answer has come, which comes all the same, and chosen again.
    answer_the_filter = hold(page, "**/list/*state=FAILURE*")
    chip(page, "Failure").click()
    answer_all = hold(page, re.compile(r"/list/\?page=1&page_size=10$"))
    chip(page, "All").click()
    page.wait_for_timeout(200)
    answer_the_filter()
    page.wait_for_timeout(500)
    chip(page, "Failure").click()
    expect(rows(page)).to_have_count(1)
    answer_all()
    page.wait_for_timeout(300)
    expect(rows(page)).to_have_count(1)


def test_an_answer_that_comes_after_a_later_one_is_dropped(tracker_page):
    keep("t1", "FAILURE")
    keep("t2", "SUCCESS")
    expect(rows(tracker_page)).to_have_count(2)
    release = hold(tracker_page, "**/list/*state=FAILURE*")
    chip(tracker_page, "Failure").click()
    tracker_page.wait_for_timeout(100)
    chip(tracker_page, "All").click()
    tracker_page.wait_for_timeout(500)
    release()
    tracker_page.wait_for_timeout(500)
    expect(rows(tracker_page)).to_have_count(2)
    expect(pressed(tracker_page)).to_contain_text(["All"])
    expect(tracker_page.locator("[aria-busy=true]")).to_have_count(0)


def test_a_slow_network_does_not_set_the_clock_back(tracker_page):
    came = []

    def late(route):
        answer = route.fetch()
        time.sleep(4)
        route.fulfill(response=answer)
        came.append(answer)

    tracker_page.route("**/list/**", late)
    tracker_page.get_by_role("button", name="Refresh now").click()
    wait_for(lambda: tracker_page.wait_for_timeout(100) or came, "the late answer")
    tracker_page.wait_for_timeout(500)
    tracker_page.unroute_all(behavior="ignoreErrors")
    difference = tracker_page.evaluate(
        """async () => {
            const own = [...document.scripts].find(script => script.type === 'module').src;
            const { now } = await import(new URL('../shared/clock.js', own));
            return Math.abs(now() - Date.now());
        }"""
    )
    assert difference < 1100


def test_what_has_just_been_is_not_to_come_for_a_browser_whose_clock_is_slow(page, site):
    page.add_init_script("const now = Date.now; Date.now = () => now() - 1900")
    page.goto(f"{site}{PAGE}")
    expect(page.get_by_role("heading", name="No task has run")).to_be_visible()
    keep("t1", "STARTED", at=int(time.time() * 1000))
    times = row(page, "t1").get_by_role("time")
    expect(times.first).to_be_visible()
    assert [text for text in times.all_text_contents() if text.startswith("in ")] == []


@pytest.mark.parametrize("hours", [-1, 1])
def test_times_are_told_by_the_servers_clock_where_the_readers_is_wrong(page, site, hours):
    page.add_init_script(f"const now = Date.now; Date.now = () => now() + {hours * 3_600_000}")
    keep("t1", "STARTED", at=int(time.time() * 1000) - 10 * 60_000)
    page.goto(f"{site}{PAGE}")
    expect(row(page, "t1").get_by_role("time").first).to_have_text("10 min. ago")
    expect(row(page, "t1")).to_contain_text(re.compile(r"running\s10\sm"))
