"""The focus stays on the page, whatever becomes of what has it."""

import pytest
from dashboard import EPOCH, PAGE, chip, details, history, keep, row, rows, said
from playwright.sync_api import expect

pytestmark = pytest.mark.django_db(transaction=True)


def leave(page):
    """Makes the page's next fetch return no tasks."""
    page.route(
        "**/list/**",
        lambda route: route.fulfill(
            json={"total": 0, "page": 1, "size": 10, "pages": 0, "states": {}, "tasks": []}
        ),
    )


def test_it_goes_to_the_row_in_the_place_of_one_that_leaves_the_page(tracker_page):
    for number in range(10):
        keep(f"t{number}", at=EPOCH + number)
    details(tracker_page, "Succeed t0").focus()
    for number in range(10, 12):
        keep(f"t{number}", at=EPOCH + number)
    expect(row(tracker_page, "t11")).to_be_visible()
    expect(details(tracker_page, "Succeed t2")).to_be_focused()


def test_it_goes_to_the_next_row_when_a_filter_has_no_place_for_one_any_more(tracker_page):
    for number in range(3):
        keep(f"t{number}", "STARTED", at=EPOCH + number)
    chip(tracker_page, "Started").click()
    tracker_page.get_by_role("button", name="Copy task id t1").focus()
    keep("t1", "SUCCESS")
    expect(rows(tracker_page)).to_have_count(2)
    expect(details(tracker_page, "Succeed t0")).to_be_focused()
    keep("t0", "SUCCESS")
    expect(rows(tracker_page)).to_have_count(1)
    expect(details(tracker_page, "Succeed t2")).to_be_focused()


def test_it_goes_to_the_history_when_the_last_row_leaves(tracker_page):
    keep("t1")
    details(tracker_page).focus()
    leave(tracker_page)
    expect(tracker_page.get_by_role("heading", name="No task has run")).to_be_visible()
    expect(history(tracker_page)).to_be_focused()


def test_it_returns_to_a_neighbour_when_the_row_has_left_while_its_dialog_was_open(tracker_page):
    for number in range(10):
        keep(f"t{number}", at=EPOCH + number)
    details(tracker_page, "Succeed t0").press("Enter")
    expect(tracker_page.get_by_role("dialog")).to_contain_text("Finished")
    keep("newest", at=EPOCH + 10)
    expect(row(tracker_page, "newest")).to_have_count(1)
    tracker_page.keyboard.press("Escape")
    expect(details(tracker_page, "Succeed t1")).to_be_focused()


def test_it_returns_to_the_row_whose_name_was_clicked_or_whose_link_was_followed(page, site):
    keep("t1")
    keep("t2", at=EPOCH + 1)
    page.goto(f"{site}{PAGE}?task_id=t1")
    expect(page.get_by_role("dialog")).to_contain_text("Finished")
    expect(row(page, "t1")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(details(page, "Succeed t1")).to_be_focused()
    row(page, "t2").get_by_text("Succeed", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("Finished")
    page.keyboard.press("Escape")
    expect(details(page, "Succeed t2")).to_be_focused()


def test_it_stays_in_a_dialog_whose_button_goes(tracker_page):
    keep("t1", "STARTED")
    details(tracker_page).press("Enter")
    dialog = tracker_page.get_by_role("dialog", name="Succeed")
    dialog.get_by_role("button", name="Revoke").focus()
    keep("t1")
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()


def test_it_stays_on_the_page_when_revoking_left_nothing_to_revoke(tracker_page, broker):
    keep("t1", "PENDING")
    tracker_page.get_by_role("button", name="Revoke all active").press("Enter")
    tracker_page.get_by_role("dialog").get_by_role("button", name="Revoke all").press("Enter")
    expect(said(tracker_page)).to_contain_text("workers were asked")
    keep("t1", "REVOKED")
    expect(tracker_page.get_by_role("button", name="Revoke all active")).to_be_hidden()
    expect(details(tracker_page)).to_be_focused()


def test_it_goes_to_the_chips_when_the_filters_are_cleared(tracker_page):
    keep("t1")
    expect(rows(tracker_page)).to_have_count(1)
    tracker_page.goto(f"{tracker_page.url}?state=FAILURE")
    tracker_page.get_by_role("button", name="Show all tasks").press("Enter")
    expect(rows(tracker_page)).to_have_count(1)
    expect(chip(tracker_page, "All")).to_be_focused()


def test_a_word_in_passing_stays_while_its_button_has_the_focus(tracker_page, worker):
    tracker_page.clock.install()
    launchers = tracker_page.get_by_role("list", name="Launch a task")
    launchers.get_by_role("button", name="Succeed").press("Enter")
    offer = said(tracker_page).get_by_role("button", name="Details")
    offer.focus()
    tracker_page.clock.run_for(60_000)
    expect(offer).to_be_focused()
    tracker_page.get_by_role("button", name="Refresh now").focus()
    tracker_page.clock.run_for(60_000)
    expect(offer).to_be_hidden()
