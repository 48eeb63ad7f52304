"""What narrows the history, and the address that keeps it."""

import pytest
from dashboard import (
    EPOCH,
    PAGE,
    chip,
    chips,
    details,
    expect_address,
    history,
    keep,
    pages,
    row,
    rows,
)
from playwright.sync_api import expect

pytestmark = pytest.mark.django_db(transaction=True)


def tick(page, *names):
    """Ticks these tasks in the filter by task, or unticks them."""
    page.get_by_role("button", name="Filter by task").click()
    choices = page.get_by_role("group", name="Filter by task")
    for name in names:
        choices.get_by_label(name, exact=True).click()
    page.keyboard.press("Escape")
    expect(choices).to_be_hidden()


def test_chips_tell_the_live_count_of_each_state(tracker_page):
    keep("t1", "STARTED")
    keep("t2", "FAILURE")
    expect(chip(tracker_page, "All 2")).to_have_attribute("aria-pressed", "true")
    expect(chip(tracker_page, "Started 1")).to_have_attribute("aria-pressed", "false")
    keep("t1", "SUCCESS")
    expect(chip(tracker_page, "Success 1")).to_be_visible()
    expect(chip(tracker_page, "Started")).to_be_hidden()


def test_several_states_are_chosen_and_cleared_again(tracker_page):
    keep("t1", "FAILURE")
    keep("t2", "SUCCESS")
    keep("t3", "STARTED")
    expect(rows(tracker_page)).to_have_count(3)
    chip(tracker_page, "Failure").click()
    expect(rows(tracker_page)).to_have_count(1)
    chip(tracker_page, "Started").click()
    expect(rows(tracker_page)).to_have_count(2)
    expect_address(tracker_page, "state=FAILURE&state=STARTED")
    chip(tracker_page, "Failure").click()
    expect(rows(tracker_page)).to_have_count(1)
    chip(tracker_page, "All").click()
    expect(rows(tracker_page)).to_have_count(3)
    expect_address(tracker_page, "")


def test_several_tasks_are_chosen_and_cleared_again(tracker_page):
    keep("t1")
    keep("t2", name="shop.tasks.greet")
    keep("t3", name="shop.tasks.fail")
    expect(rows(tracker_page)).to_have_count(3)
    tick(tracker_page, "Greet", "Fail")
    expect(rows(tracker_page)).to_have_count(2)
    expect(row(tracker_page, "Succeed")).to_have_count(0)
    tick(tracker_page, "Fail")
    expect(rows(tracker_page)).to_have_count(1)
    menu = tracker_page.get_by_role("button", name="Filter by task: Greet")
    menu.click()
    history(tracker_page).get_by_role("button", name="All tasks", exact=True).click()
    expect(rows(tracker_page)).to_have_count(3)
    expect(tracker_page.get_by_role("button", name="Filter by task: All tasks")).to_be_focused()


def test_a_click_beside_the_menu_closes_it(tracker_page):
    keep()
    tracker_page.get_by_role("button", name="Filter by task").click()
    choices = tracker_page.get_by_role("group", name="Filter by task")
    expect(choices).to_be_visible()
    tracker_page.get_by_role("columnheader", name="State").click()
    expect(choices).to_be_hidden()


def test_a_task_that_nobody_registered_can_be_chosen_once_it_is_seen(tracker_page):
    keep(name="other.tasks.unheard_of")
    expect(rows(tracker_page)).to_have_count(1)
    tick(tracker_page, "other.tasks.unheard_of")
    expect(tracker_page).to_have_url(f"{tracker_page.url}")
    expect(rows(tracker_page)).to_have_count(1)


def test_filters_that_match_nothing_can_be_cleared(tracker_page):
    keep("t1", "FAILURE")
    keep("t2", name="shop.tasks.greet")
    expect(rows(tracker_page)).to_have_count(2)
    chip(tracker_page, "Failure").click()
    tick(tracker_page, "Greet")
    nothing = tracker_page.get_by_role("heading", name="No task matches these filters")
    expect(nothing).to_be_visible()
    expect(chip(tracker_page, "Failure 1")).to_have_attribute("aria-pressed", "true")
    tracker_page.get_by_role("button", name="Show all tasks").click()
    expect(nothing).to_be_hidden()
    expect(rows(tracker_page)).to_have_count(2)


def test_a_link_shows_the_same_to_somebody_else(new_page, site):
    for number in range(30):
        keep(f"t{number:02d}", "FAILURE" if number % 2 else "SUCCESS", at=EPOCH + number)
    page = new_page()
    link = f"{site}{PAGE}?state=FAILURE&task=shop.tasks.succeed&page=2&page_size=10"
    page.goto(link)
    expect(rows(page)).to_have_count(5)
    expect(chip(page, "Failure")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Filter by task: Succeed")).to_be_visible()
    expect(pages(page).get_by_text("11 to 15 of 15")).to_be_visible()


def test_back_leads_to_what_was_looked_at_before(tracker_page):
    for number in range(12):
        keep(f"t{number:02d}", "SUCCESS" if number else "FAILURE", at=EPOCH + number)
    expect(rows(tracker_page)).to_have_count(10)
    chip(tracker_page, "Success").click()
    expect(pages(tracker_page).get_by_text("1 to 10 of 11")).to_be_visible()
    tracker_page.get_by_role("button", name="Older").click()
    expect(pages(tracker_page).get_by_text("11 to 11 of 11")).to_be_visible()
    tracker_page.go_back()
    expect(pages(tracker_page).get_by_text("1 to 10 of 11")).to_be_visible()
    tracker_page.go_back()
    expect(pages(tracker_page).get_by_text("1 to 10 of 12")).to_be_visible()
    expect(chip(tracker_page, "All")).to_have_attribute("aria-pressed", "true")
    tracker_page.go_forward()
    expect(chip(tracker_page, "Success")).to_have_attribute("aria-pressed", "true")


def test_what_is_done_right_after_closing_a_dialog_is_not_lost(tracker_page):
    keep("t1", "FAILURE")
    keep("t2", "SUCCESS")
    details(tracker_page).first.click()
    expect(tracker_page.get_by_role("dialog")).to_be_visible()
    tracker_page.evaluate(
        """() => {
            document.querySelector('dialog[open]').close();
            [...document.querySelectorAll('[aria-pressed]')]
                .find(chip => chip.textContent.includes('Failure')).click();
        }"""
    )
    expect(rows(tracker_page)).to_have_count(1)
    expect(chip(tracker_page, "Failure")).to_have_attribute("aria-pressed", "true")
    expect_address(tracker_page, "state=FAILURE")


def test_filters_of_the_change_list_stay_in_the_address(page, site):
    keep("t1", "FAILURE")
    page.goto(f"{site}{PAGE}?_changelist_filters=q%3Dx")
    chip(page, "Failure").click()
    expect(chip(page, "Failure")).to_have_attribute("aria-pressed", "true")
    expect_address(page, "_changelist_filters=q%3Dx&state=FAILURE")


def test_an_address_that_makes_no_sense_shows_all(page, site):
    keep()
    page.goto(f"{site}{PAGE}?state=LOST&page=-3&page_size=many&task=")
    expect(rows(page)).to_have_count(1)
    expect(chip(page, "All 1")).to_have_attribute("aria-pressed", "true")


def test_pages_lead_to_older_tasks(tracker_page):
    for number in range(13):
        keep(f"t{number:02d}", at=EPOCH + number)
    expect(rows(tracker_page)).to_have_count(10)
    expect(pages(tracker_page).get_by_text("1 to 10 of 13")).to_be_visible()
    tracker_page.get_by_role("button", name="Older").click()
    expect(rows(tracker_page)).to_have_count(3)
    expect(pages(tracker_page).get_by_text("11 to 13 of 13")).to_be_visible()
    expect(tracker_page.get_by_role("button", name="Older")).to_be_disabled()
    tracker_page.get_by_role("button", name="Newer").click()
    expect(rows(tracker_page)).to_have_count(10)


def test_turning_pages_keeps_the_focus_and_begins_at_the_top(page, site):
    for number in range(60):
        keep(f"t{number:02d}", at=EPOCH + number)
    page.goto(f"{site}{PAGE}?page_size=50")
    older, newer = (page.get_by_role("button", name=name) for name in ("Older", "Newer"))
    older.focus()
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(10)
    expect(newer).to_be_focused()
    expect(page.get_by_role("columnheader", name="Task", exact=True)).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(50)
    expect(older).to_be_focused()


def test_a_chip_that_has_the_focus_stays(tracker_page):
    keep("t1", "STARTED")
    chip(tracker_page, "Started 1").focus()
    keep("t1", "SUCCESS")
    expect(chip(tracker_page, "Started 0")).to_be_focused()
    chip(tracker_page, "All").focus()
    keep("t2", "SUCCESS")
    expect(chip(tracker_page, "Started")).to_be_hidden()


def test_a_page_that_is_not_there_any_more_becomes_the_last_one(page, site):
    for number in range(13):
        keep(f"t{number:02d}", at=EPOCH + number)
    page.goto(f"{site}{PAGE}?page=9")
    expect(pages(page).get_by_text("11 to 13 of 13")).to_be_visible()
    expect_address(page, "page=2")


def test_the_reader_chooses_how_many_rows_a_page_has(tracker_page):
    for number in range(30):
        keep(f"t{number:02d}", at=EPOCH + number)
    expect(rows(tracker_page)).to_have_count(10)
    sizes = tracker_page.get_by_label("Rows per page")
    expect(sizes.get_by_role("option")).to_have_text(["10", "25", "50", "100", "200"])
    sizes.select_option("25")
    expect(rows(tracker_page)).to_have_count(25)
    expect_address(tracker_page, "page_size=25")
    tracker_page.reload()
    expect(rows(tracker_page)).to_have_count(25)
    expect(tracker_page.get_by_label("Rows per page")).to_have_value("25")


def test_a_page_offers_no_more_rows_than_the_settings_allow(page, site, settings):
    settings.TASK_TRACKER_PAGE_SIZE = 20
    settings.TASK_TRACKER_MAX_PAGE_SIZE = 60
    keep()
    page.goto(f"{site}{PAGE}?page_size=5000")
    sizes = page.get_by_label("Rows per page")
    expect(sizes.get_by_role("option")).to_have_text(["10", "20", "25", "50", "60"])
    expect(sizes).to_have_value("60")
    expect(chips(page)).to_be_visible()


@pytest.mark.parametrize("width", [360, 500, 768, 1280])
def test_the_menu_of_tasks_is_seen_whole(tracker_page, width):
    keep("t1", "STARTED")
    tracker_page.set_viewport_size({"width": width, "height": 900})
    tracker_page.get_by_role("button", name="Filter by task").click()
    for label in tracker_page.get_by_role("group", name="Filter by task").locator("label").all():
        box = label.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


def test_what_a_filter_leads_to_is_told_to_who_cannot_see_it(tracker_page):
    keep("t1", "FAILURE")
    keep("t2", "SUCCESS")
    chip(tracker_page, "Failure").click()
    polite = tracker_page.locator("[aria-live=polite]")
    expect(polite.filter(has_text="1 to 1 of 1")).to_be_attached()
    tick(tracker_page, "Greet")
    expect(polite.filter(has_text="No task matches these filters")).to_be_attached()


def test_records_that_run_out_lead_to_the_page_that_is_the_last_one_now(page, site, tracker):
    for number in range(25):
        keep(f"t{number:02d}", at=EPOCH + number)
    page.goto(f"{site}{PAGE}?page=3")
    expect(pages(page).get_by_text("21 to 25 of 25")).to_be_visible()
    details(page, "Succeed t00").focus()
    gone = [f"t{number:02d}" for number in range(12)]
    with tracker.client() as client:
        client.execute_command("TRACKER.DEL", "shop.order", "1042", *gone)
    expect(pages(page).get_by_text("11 to 13 of 13")).to_be_visible()
    expect_address(page, "page=2")
    expect(details(page, "Succeed")).to_have_count(3)
    assert page.evaluate("document.activeElement !== document.body")


def test_back_and_forward_lead_through_filters_and_dialogs(tracker_page):
    keep("t1", "FAILURE")
    keep("t2", "SUCCESS", at=EPOCH + 1)
    dialog = tracker_page.get_by_role("dialog", name="Succeed")
    chip(tracker_page, "Failure").click()
    expect(rows(tracker_page)).to_have_count(1)
    details(tracker_page).click()
    expect(dialog).to_contain_text("Failure")
    tracker_page.go_back()
    expect(dialog).to_be_hidden()
    expect(rows(tracker_page)).to_have_count(1)
    tracker_page.go_back()
    expect(rows(tracker_page)).to_have_count(2)
    tracker_page.go_forward()
    expect(rows(tracker_page)).to_have_count(1)
    tracker_page.go_forward()
    expect(dialog).to_contain_text("Failure")
    tracker_page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    chip(tracker_page, "All").click()
    expect(rows(tracker_page)).to_have_count(2)
    expect_address(tracker_page, "")
