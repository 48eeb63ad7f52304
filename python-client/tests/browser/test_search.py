"""Finding tasks by a text and by the time that they were created."""

import time

import pytest
from dashboard import EPOCH, PAGE, address, details, expect_address, history, keep, row, rows
from playwright.sync_api import expect

from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.writes import Event

pytestmark = pytest.mark.django_db(transaction=True)


def field(page):
    return history(page).get_by_role("searchbox", name="Search tasks")


def period(page):
    return history(page).get_by_role("combobox", name="Created")


def expect_marked(page, *texts):
    """Waits until these texts are marked as found, and no others."""
    page.wait_for_function(
        "wanted => [...(CSS.highlights.get('tt-match') ?? [])].join('|') === wanted",
        arg="|".join(texts),
    )


def test_what_is_typed_is_searched_for_and_marked(tracker_page):
    keep("t1", "FAILURE", exception="ValueError", error="no Wallet <b>here</b>")
    keep("t2")
    expect(rows(tracker_page)).to_have_count(2)
    field(tracker_page).fill("wallet")
    expect(rows(tracker_page)).to_have_count(1)
    expect(row(tracker_page, "t1")).to_contain_text("<b>here</b>")
    expect_marked(tracker_page, "Wallet")
    expect_address(tracker_page, "match=wallet")
    expect(field(tracker_page)).to_be_focused()
    field(tracker_page).fill("")
    expect(rows(tracker_page)).to_have_count(2)
    expect_marked(tracker_page)


def test_a_link_has_the_search_and_back_leads_to_what_was_there_before(page, site):
    keep("t1", worker="w-east@host")
    keep("t2", worker="w-west@host")
    page.goto(f"{site}{PAGE}?match=east")
    expect(rows(page)).to_have_count(1)
    expect(field(page)).to_have_value("east")
    field(page).fill("west")
    field(page).press("Enter")
    expect(row(page, "t2")).to_be_visible()
    field(page).fill("")
    field(page).press("Enter")
    expect(rows(page)).to_have_count(2)
    details(page).first.focus()
    page.go_back()
    expect(rows(page)).to_have_count(1)
    expect(field(page)).to_have_value("west")


def test_what_is_found_where_rows_do_not_show_it_is_told(tracker_page):
    keep("t1", args="[1042]", kwargs='{"to":"<i>ada</i>@mail.example"}')
    keep("t2", result="nothing of the kind")
    field(tracker_page).fill("ADA</i>@mail")
    expect(row(tracker_page, "t1")).to_contain_text('Keyword arguments: {"to":"<i>ada</i>@mail')
    expect(rows(tracker_page)).to_have_count(1)
    expect_marked(tracker_page, "ada</i>@mail")


def test_what_is_found_nowhere_says_so_and_how_to_see_all(tracker_page):
    keep()
    expect(rows(tracker_page)).to_have_count(1)
    field(tracker_page).fill("nowhere")
    expect(tracker_page.get_by_role("heading", name="No task matches")).to_be_visible()
    tracker_page.get_by_role("button", name="Show all tasks").click()
    expect(rows(tracker_page)).to_have_count(1)
    expect(field(tracker_page)).to_have_value("")
    assert address(tracker_page) == ""


def test_where_not_all_was_examined_the_page_says_so_and_goes_on(tracker_page):
    order = (ObjectRef("shop.order", "1042"),)
    get_client().write(
        [
            Event(
                order,
                f"t{number:04d}",
                "shop.tasks.succeed",
                "SUCCESS",
                0,
                EPOCH + number,
                {"worker": "needle@host" if number in (10, 2040) else "hay@host"},
            )
            for number in range(2100)
        ]
    )
    field(tracker_page).fill("needle")
    told = tracker_page.get_by_text("1 found in the newest 2,000 of 2,100 tasks.")
    expect(told).to_be_visible()
    expect(row(tracker_page, "t2040")).to_be_visible()
    tracker_page.get_by_role("button", name="Search older tasks").click()
    expect(row(tracker_page, "t0010")).to_be_visible()
    expect(told).to_be_hidden()
    expect(period(tracker_page)).to_have_value("own")
    tracker_page.go_back()
    expect(row(tracker_page, "t2040")).to_be_visible()


def test_the_last_hour_and_the_last_day_are_a_choice(tracker_page):
    now = int(time.time() * 1000)
    keep("now", at=now)
    keep("morning", at=now - 5 * 3_600_000)
    keep("week", at=now - 3 * 86_400_000)
    expect(rows(tracker_page)).to_have_count(3)
    period(tracker_page).select_option("Last hour")
    expect(rows(tracker_page)).to_have_count(1)
    expect_address(tracker_page, "last=hour")
    period(tracker_page).select_option("Last 24 hours")
    expect(rows(tracker_page)).to_have_count(2)
    tracker_page.reload()
    expect(rows(tracker_page)).to_have_count(2)
    period(tracker_page).select_option("Any time")
    expect(rows(tracker_page)).to_have_count(3)


def test_a_period_of_ones_own_is_told_in_the_readers_zone(new_page, site):
    keep("t1", at=EPOCH)
    keep("t2", at=EPOCH + 3_600_000)
    page = new_page(timezone_id="Asia/Tehran")
    page.goto(f"{site}{PAGE}")
    expect(rows(page)).to_have_count(2)
    period(page).select_option("From … to …")
    expect(page.get_by_label("From", exact=True)).to_be_focused()
    # 22:13:20 UTC is 01:43:20 there.
    page.get_by_label("From", exact=True).fill("2023-11-15T01:43:21")
    expect(rows(page)).to_have_count(1)
    expect(row(page, "t2")).to_be_visible()
    expect_address(page, "since=2023-11-14T22%3A13%3A21.000Z")
    page.get_by_label("From", exact=True).fill("")
    page.get_by_label("To", exact=True).fill("2023-11-15T01:43:20")
    expect(row(page, "t1")).to_be_visible()
    expect(rows(page)).to_have_count(1)
