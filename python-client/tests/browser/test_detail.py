"""The dialog that shows one task's whole record."""

import json
import re
from datetime import datetime, timedelta, timezone

import pytest
from dashboard import EPOCH, PAGE, details, expect_address, keep, live, row, rows
from playwright.sync_api import expect

from shop import tasks

pytestmark = pytest.mark.django_db(transaction=True)


def open_details(page, name="Succeed"):
    details(page, name).click()
    return page.get_by_role("dialog", name=name)


def value(dialog, title):
    """The preformatted text under this title."""
    return dialog.get_by_label(title, exact=True)


def test_the_life_of_a_task_is_told_with_its_gaps(tracker_page):
    live(waited=4000, ran=64_000)
    dialog = open_details(tracker_page)
    life = dialog.get_by_role("list")
    expect(life.get_by_role("listitem")).to_have_count(4)
    expect(life).to_contain_text("Published")
    expect(life).to_contain_text("in the queue 2.0 s")
    expect(life).to_contain_text("waited 2.0 s")
    expect(life).to_contain_text("ran 1 m 4 s")
    published = life.get_by_role("time").first
    expect(published).to_have_attribute("datetime", "2023-11-14T22:13:20.000Z")


def test_a_task_that_runs_is_followed_to_now(tracker_page):
    keep(state="STARTED")
    life = open_details(tracker_page).get_by_role("list")
    expect(life.get_by_role("listitem").last).to_contain_text("running")
    expect(life.get_by_role("listitem").last).to_contain_text("Now")


def test_a_task_that_was_held_back_tells_until_when(tracker_page):
    keep(state="PENDING", eta="2023-11-14T22:13:30+00:00")
    keep(state="RECEIVED", at=EPOCH + 1000)
    keep(state="STARTED", at=EPOCH + 12_000)
    life = open_details(tracker_page).get_by_role("list")
    expect(life).to_contain_text("Not before")
    expect(life).to_contain_text("held back 9.0 s")
    expect(life).to_contain_text("waited 2.0 s")


def test_a_task_that_is_held_back_tells_how_long_still(tracker_page):
    now = datetime.now(timezone.utc)
    keep(state="RECEIVED", at=int(now.timestamp() * 1000))
    keep(state="RECEIVED", eta=(now + timedelta(minutes=10)).isoformat())
    life = open_details(tracker_page).get_by_role("list")
    expect(life.get_by_role("listitem").last).to_contain_text(re.compile(r"due in (9|10) min"))
    expect(life.get_by_role("listitem").last).to_contain_text("Not before")
    expect(life).not_to_contain_text("Now")


def test_a_failed_task_shows_its_error_and_the_traceback_can_be_copied(tracker_page, worker, ended):
    ended(1042, tasks.fail.delay(1042).id, "FAILURE")
    dialog = open_details(tracker_page, "Fail")
    expect(dialog).to_contain_text("ValueError: order 1042 is <b>wrong</b>")
    expect(value(dialog, "Traceback")).to_contain_text("Traceback (most recent call last)")
    dialog.get_by_role("button", name="Copy: Traceback").click()
    expect(dialog.get_by_role("status")).to_contain_text("Copied")
    copied = tracker_page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("Traceback (most recent call last)")


def test_json_is_shown_indented_and_other_text_as_it_is(tracker_page):
    keep(
        "t1",
        result='{"paid":true,"sum":"42.00"}',
        args='[1042,"x"]',
        kwargs='{"note":"hi"}',
    )
    keep("t2", name="shop.tasks.greet", result="<object at 0x7f>")
    dialog = open_details(tracker_page)
    expect(value(dialog, "Result")).to_have_text('{\n  "paid": true,\n  "sum": "42.00"\n}')
    expect(value(dialog, "Arguments")).to_have_text('[1042, "x"]')
    expect(value(dialog, "Keyword arguments")).to_have_text('{\n  "note": "hi"\n}')
    tracker_page.keyboard.press("Escape")
    dialog = open_details(tracker_page, "Greet")
    expect(value(dialog, "Result")).to_have_text("<object at 0x7f>")
    expect(dialog).to_contain_text("none")


def test_a_number_longer_than_those_of_a_script_is_shown_as_it_is(tracker_page):
    number = "12345678901234567890"
    keep(
        args=f"[{number},1]",
        kwargs=f'{{"id":{number}}}',
        result=f'{{"ids":[-{number},9007199254740993],"half":0.5}}',
    )
    dialog = open_details(tracker_page)
    expect(value(dialog, "Arguments")).to_have_text(f"[{number}, 1]")
    expect(value(dialog, "Keyword arguments")).to_contain_text(f'"id": {number}')
    expect(value(dialog, "Result")).to_contain_text(f"-{number}")
    expect(value(dialog, "Result")).to_contain_text("9007199254740993")
    expect(value(dialog, "Result")).to_contain_text("0.5")


def test_a_value_that_was_cut_says_how_long_it_was(tracker_page):
    keep(result='"' + "x" * 1024 * 1024 + '"')
    dialog = open_details(tracker_page)
    expect(dialog).to_contain_text("Truncated: 64.0 KiB of 1.0 MiB stored.")


@pytest.mark.parametrize(
    ("state", "field"), [("FAILURE", "error"), ("SUCCESS", "retry_error"), ("PENDING", "args")]
)
def test_whatever_was_cut_says_how_long_it_was(tracker_page, state, field):
    keep(state=state, **{field: "x" * 80 * 1024})
    dialog = open_details(tracker_page)
    expect(dialog).to_contain_text("Truncated: 64.0 KiB of 80.0 KiB stored.")


def test_where_it_ran_and_what_it_belongs_to(tracker_page):
    keep(
        worker="w1@host",
        queue="mail",
        root_id="the-root",
        parent_id="the-parent",
        group_id="the-group",
    )
    dialog = open_details(tracker_page)
    for term, definition in {
        "Task id": "t1",
        "Worker": "w1@host",
        "Queue": "mail",
        "Root task": "the-root",
        "Parent task": "the-parent",
        "Group": "the-group",
    }.items():
        fact = dialog.get_by_role("term").filter(has_text=term)
        expect(fact.locator("..").get_by_role("definition")).to_contain_text(definition)
    dialog.get_by_role("button", name="Copy: Parent task").click()
    expect(dialog.get_by_role("status")).to_contain_text("Copied")
    assert tracker_page.evaluate("navigator.clipboard.readText()") == "the-parent"


def test_a_task_that_is_retried_says_why(tracker_page):
    keep(
        state="RETRY",
        attempt=1,
        max_retries="2",
        retry_exception="ConnectionError",
        retry_error="try later",
        retry_traceback="Traceback of before",
    )
    dialog = open_details(tracker_page)
    expect(dialog).to_contain_text("attempt 2 of 3")
    expect(dialog.get_by_role("heading", name="Why it was retried")).to_be_visible()
    expect(dialog).to_contain_text("ConnectionError: try later")
    expect(value(dialog, "Traceback of the previous attempt")).to_have_text("Traceback of before")


def test_an_open_dialog_follows_its_task_and_keeps_what_is_selected(tracker_page):
    keep(state="STARTED", kwargs='{"note":"keep me"}')
    dialog = open_details(tracker_page)
    expect(dialog).to_contain_text("There is no result yet")
    selected = "getSelection().toString()"
    value(dialog, "Keyword arguments").evaluate("e => getSelection().selectAllChildren(e)")
    assert "keep me" in tracker_page.evaluate(selected)
    keep(state="SUCCESS", result='"all is well"')
    expect(value(dialog, "Result")).to_have_text('"all is well"')
    expect(dialog).to_contain_text("Success")
    assert "keep me" in tracker_page.evaluate(selected)


def test_the_dialog_has_an_address_and_back_closes_it(tracker_page, site):
    keep("t1")
    keep("t2", name="shop.tasks.greet")
    dialog = open_details(tracker_page)
    expect(dialog).to_be_visible()
    expect_address(tracker_page, "task_id=t1")
    tracker_page.go_back()
    expect(dialog).to_be_hidden()
    assert tracker_page.url == f"{site}{PAGE}"
    tracker_page.go_forward()
    expect(dialog).to_be_visible()
    # Closed by the reader, it is as if it had never been open.
    tracker_page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(tracker_page).to_have_url(f"{site}{PAGE}")
    tracker_page.go_back()
    expect(tracker_page).not_to_have_url(f"{site}{PAGE}")


def test_a_link_to_a_dialog_opens_it_even_if_the_task_is_on_no_page(page, site):
    for number in range(12):
        keep(f"t{number:02d}", at=EPOCH + number, result=f'"result {number}"')
    page.goto(f"{site}{PAGE}?task_id=t00")
    dialog = page.get_by_role("dialog", name="Succeed")
    expect(dialog).to_contain_text("result 0")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    expect_address(page, "")
    expect(rows(page)).to_have_count(10)


def test_a_task_on_no_page_is_followed_too(page, site):
    keep("t00", "STARTED")
    for number in range(1, 12):
        keep(f"t{number:02d}", at=EPOCH + number)
    page.goto(f"{site}{PAGE}?task_id=t00")
    dialog = page.get_by_role("dialog", name="Succeed")
    expect(dialog).to_contain_text("Started")
    keep("t00", result='"at last"')
    expect(dialog).to_contain_text("at last")


def test_a_link_to_a_task_that_is_gone_says_so(page, site):
    page.goto(f"{site}{PAGE}?task_id=0d5f7a52-1c1e-4d0a-9d7e-0f3a8e1c2b4d")
    dialog = page.get_by_role("dialog", name="0d5f7a52")
    expect(dialog).to_contain_text("0d5f7a52-1c1e-4d0a-9d7e-0f3a8e1c2b4d")
    expect(dialog).to_contain_text("There is no record of this task for this object")


def test_details_open_in_a_new_tab_where_the_reader_wants_that(tracker_page):
    keep()
    with tracker_page.context.expect_page() as opened:
        details(tracker_page).click(modifiers=["ControlOrMeta"])
    expect(opened.value.get_by_role("dialog", name="Succeed")).to_contain_text("Finished")
    expect(tracker_page.get_by_role("dialog")).to_be_hidden()


def test_the_name_in_the_row_opens_the_dialog_and_closing_returns_the_focus(tracker_page):
    keep()
    row(tracker_page, "Succeed").get_by_text("Succeed", exact=True).click()
    expect(tracker_page.get_by_role("dialog", name="Succeed")).to_be_visible()
    tracker_page.keyboard.press("Escape")
    details(tracker_page).focus()
    tracker_page.keyboard.press("Enter")
    expect(tracker_page.get_by_role("dialog", name="Succeed")).to_be_visible()
    tracker_page.keyboard.press("Escape")
    expect(details(tracker_page)).to_be_focused()


def test_selecting_to_beyond_the_edge_does_not_close_the_dialog(tracker_page):
    keep(result='"some text to select"')
    dialog = open_details(tracker_page)
    box = value(dialog, "Result").bounding_box()
    tracker_page.mouse.move(box["x"] + 30, box["y"] + 20)
    tracker_page.mouse.down()
    tracker_page.mouse.move(5, box["y"] + 20, steps=4)
    tracker_page.mouse.up()
    expect(dialog).to_be_visible()
    tracker_page.mouse.click(5, box["y"] + 20)
    expect(dialog).to_be_hidden()


def test_a_life_over_midnight_tells_the_days(tracker_page):
    live(waited=4000, ran=24 * 3600 * 1000)
    moments = open_details(tracker_page).get_by_role("list").get_by_role("listitem")
    expect(moments.first).to_contain_text("Nov 14, 2023")
    expect(moments.nth(2)).not_to_contain_text("2023")
    expect(moments.last).to_contain_text("Nov 15, 2023")


def test_a_life_of_today_tells_no_day(tracker_page):
    keep(at=int(datetime.now(timezone.utc).timestamp() * 1000) - 1)
    life = open_details(tracker_page).get_by_role("list")
    expect(life).to_contain_text("Finished")
    expect(life.get_by_role("time")).to_have_text(re.compile(r"^\d+:\d\d:\d\d\s[AP]M$"))


def test_a_dialog_that_was_open_when_the_page_was_loaded_anew_closes_all_the_same(tracker_page):
    keep("t1", "FAILURE")
    keep("t2", name="shop.tasks.greet")
    dialog = open_details(tracker_page)
    expect(dialog).to_contain_text("Finished")
    tracker_page.reload()
    expect(dialog).to_contain_text("Finished")
    tracker_page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    tracker_page.get_by_role("button", name="Failure").click()
    expect(rows(tracker_page)).to_have_count(1)


def test_each_attempt_of_a_task_that_was_retried_is_listed(tracker_page, worker, ended):
    ended(1042, tasks.fail_thrice.delay(1042).id, "SUCCESS")
    dialog = open_details(tracker_page, "Fail thrice")
    attempts = dialog.get_by_role("list").filter(has_text="Attempt 1").get_by_role("listitem")
    expect(attempts).to_have_count(4)
    expect(attempts.nth(0)).to_contain_text("Attempt 1")
    expect(attempts.nth(0)).to_contain_text("ConnectionError: try 0")
    expect(attempts.nth(0)).to_contain_text("tests@")
    expect(attempts.nth(2)).to_contain_text("ConnectionError: try 2")
    expect(attempts.nth(3)).to_contain_text("Attempt 4")
    expect(attempts.nth(3)).not_to_contain_text("ConnectionError")
    attempts.nth(1).get_by_text("Traceback", exact=True).click()
    lines = attempts.nth(1).get_by_label("Traceback, attempt 2")
    expect(lines).to_contain_text("fail_thrice")


def test_a_task_that_was_not_retried_lists_no_attempts(tracker_page):
    keep()
    expect(open_details(tracker_page).get_by_role("heading", name="Attempts")).to_have_count(0)


@pytest.mark.parametrize("told", ["no JSON", "[1]", "null", '"x"', '{"begin":"x","error":{}}'])
def test_attempts_that_another_program_wrote_cost_the_dialog_nothing(tracker_page, told):
    keep(state="FAILURE", attempt=1, attempt_0=told)
    expect(open_details(tracker_page)).to_contain_text("Attempt 2")


def test_what_a_task_logged_is_shown_copied_and_filtered_by_level(tracker_page):
    log = [
        [EPOCH, "DEBUG", "fine"],
        [EPOCH + 1000, "INFO", "order <b>1042</b>"],
        [EPOCH + 2000, "AUDIT", "seen"],
        [EPOCH + 3000, "ERROR", "lost"],
    ]
    keep(log=json.dumps(log))
    dialog = open_details(tracker_page)
    lines = value(dialog, "Log")
    expect(lines).to_contain_text("INFO order <b>1042</b>")
    dialog.get_by_label("Least level").select_option("WARNING")
    expect(lines).not_to_contain_text("INFO")
    expect(lines).to_contain_text("AUDIT seen")
    expect(lines).to_contain_text("ERROR lost")
    dialog.get_by_role("button", name="Copy: Log").click()
    expect(dialog.get_by_role("status")).to_contain_text("Copied")
    copied = tracker_page.evaluate("navigator.clipboard.readText()")
    assert [line.split(" ", 1)[1][-10:] for line in copied.splitlines()][-1].endswith("ERROR lost")


def test_the_log_of_a_task_that_runs_grows_in_the_dialog(tracker_page):
    keep(state="STARTED", log=json.dumps([[EPOCH, "INFO", "first"]]))
    dialog = open_details(tracker_page)
    expect(value(dialog, "Log")).to_contain_text("first")
    dialog.get_by_label("Least level").select_option("INFO")
    keep(
        state="STARTED",
        alive_at="2023-11-14T22:13:30+00:00",
        log=json.dumps([[EPOCH, "INFO", "first"], [EPOCH, "INFO", "second"]]),
    )
    expect(value(dialog, "Log")).to_contain_text("second")
    expect(dialog.get_by_label("Least level")).to_have_value("INFO")


@pytest.mark.parametrize("log", ["no JSON", '[["x",{},[]],1,null]', '{"a":1}', "[[1e300,2,3]]"])
def test_a_log_that_another_program_wrote_costs_the_dialog_nothing(tracker_page, log):
    keep(state="FAILURE", error="wrong", log=log)
    expect(open_details(tracker_page)).to_contain_text("wrong")


def test_links_lead_out_of_the_row_and_the_dialog(tracker_page, settings):
    settings.TASK_TRACKER_LINKS = {
        "Logs": "https://logs.example/?q={task_id}",
        "Trace": "https://traces.example/{trace_id}",
        "Bad": "javascript:alert(1)",
    }
    keep(trace_id="ab/cd")
    link = row(tracker_page, "Succeed").get_by_role("link", name="Logs")
    expect(link).to_have_attribute("href", "https://logs.example/?q=t1")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    dialog = open_details(tracker_page)
    trace = dialog.get_by_role("link", name="Trace")
    expect(trace).to_have_attribute("href", "https://traces.example/ab%2Fcd")
    expect(dialog).to_contain_text("ab/cd")
    expect(dialog.get_by_role("link", name="Bad")).to_have_count(0)
