"""Running a finished task again from the page."""

import uuid

import pytest
from dashboard import PAGE, chip, details, keep, keep_many, pages, row, rows, said
from django.contrib.admin.models import LogEntry
from playwright.sync_api import expect

from shop import tasks

pytestmark = pytest.mark.django_db(transaction=True)


def dialog_of(page, name="Succeed"):
    return page.get_by_role("dialog", name=name, exact=True)


def asked(page, name="Succeed"):
    return page.get_by_role("dialog", name=f"Run “{name}” again?")


def run_again(page, name="Succeed"):
    details(page, name).first.click()
    dialog_of(page, name).get_by_role("button", name="Run again").click()


def test_a_task_is_run_again_with_edited_arguments(page, site, settings, worker, ended):
    settings.TASK_TRACKER_REFRESH_INTERVAL = 3600
    first = tasks.succeed.delay(1042, note="<b>first</b>").id
    ended(1042, first, "SUCCESS")
    page.goto(f"{site}{PAGE}")
    run_again(page)
    kwargs = asked(page).get_by_role("textbox", name="Keyword arguments")
    expect(kwargs).to_have_value('{\n  "note": "<b>first</b>"\n}')
    kwargs.fill('{"colour": 1}')
    asked(page).get_by_role("button", name="Run again").click()
    expect(asked(page).get_by_role("alert")).to_contain_text("unexpected keyword argument")
    kwargs.fill('{"note": "second"}')
    asked(page).get_by_role("button", name="Run again").press("Enter")
    expect(asked(page)).to_be_hidden()
    said(page).get_by_role("button", name="Details").click()
    dialog = dialog_of(page)
    expect(dialog).to_contain_text("Runs again")
    expect(dialog).to_contain_text(first)
    expect(dialog).to_contain_text("Launched by")
    page.keyboard.press("Escape")
    expect(rows(page)).to_have_count(2)


def test_a_row_offers_it_too(tracker_page, worker, ended):
    sent = tasks.succeed.delay(1042, note="from the row")
    ended(1042, sent.id, "SUCCESS")
    keep("busy", "STARTED")
    again = row(tracker_page, sent.id[:8]).get_by_role("button", name="Run Succeed")
    again.press("Enter")
    expect(asked(tracker_page).get_by_role("textbox", name="Keyword")).to_have_value(
        '{\n  "note": "from the row"\n}'
    )
    asked(tracker_page).get_by_role("button", name="Cancel").click()
    expect(again).to_be_focused()
    again.click()
    asked(tracker_page).get_by_role("button", name="Run again").click()
    expect(chip(tracker_page, "Success 2")).to_be_visible()
    expect(row(tracker_page, "busy").get_by_role("button", name="Run Succeed")).to_be_hidden()


def test_what_is_not_edited_is_sent_as_it_was(tracker_page, worker, ended):
    first = tasks.succeed.delay(1042, note="12345678901234567890").id
    ended(1042, first, "SUCCESS")
    run_again(tracker_page)
    asked(tracker_page).get_by_role("button", name="Run again").click()
    expect(chip(tracker_page, "Success 2")).to_be_visible()


def test_arguments_that_cannot_be_repeated_say_so_and_offer_the_launch(tracker_page, worker):
    keep("t1", args='["[redacted]"]', kwargs="{}")
    run_again(tracker_page)
    expect(asked(tracker_page)).to_contain_text("This run cannot be repeated")
    expect(asked(tracker_page).get_by_role("textbox")).to_have_count(0)
    expect(asked(tracker_page).get_by_role("button", name="Run again")).to_be_hidden()
    asked(tracker_page).get_by_role("button", name="Launch with its registered").click()
    expect(said(tracker_page)).to_contain_text("“Succeed” was sent to the workers.")


def test_what_runs_and_what_may_not_be_run_again_have_no_button(tracker_page):
    keep("t1", "STARTED")
    keep("t2", name="shop.tasks.tidy")
    for name in ("Succeed", "Tidy"):
        details(tracker_page, name).click()
        dialog = dialog_of(tracker_page, name)
        expect(dialog).to_contain_text("Task id")
        expect(dialog.get_by_role("button", name="Run again")).to_be_hidden()
        tracker_page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(rows(tracker_page).get_by_role("button", name="Run")).to_have_count(0)


def test_selected_tasks_are_run_again(tracker_page, worker):
    for task_id in ("t1", "t2"):
        keep(task_id, "FAILURE", args="[1042]", kwargs="{}", replayable="1")
    keep("t3", args="[1042]", kwargs="{}")
    expect(rows(tracker_page)).to_have_count(3)
    tracker_page.get_by_role("checkbox", name="Select all tasks on this page").check()
    bar = tracker_page.get_by_role("group", name="Selected tasks")
    bar.get_by_role("button", name="Run again").click()
    dialog = tracker_page.get_by_role("dialog", name="Run the selected tasks again (2)?")
    reason = "Its stored arguments are not exactly those that it had"
    expect(dialog).to_contain_text(f"1 left out: {reason}")
    dialog.get_by_role("button", name="Run again").click()
    expect(said(tracker_page)).to_contain_text("Tasks sent again: 2.")
    expect(chip(tracker_page, "Success 3")).to_be_visible()
    expect(row(tracker_page, "t3")).to_be_visible()


def test_a_thousand_selected_tasks_are_run_again_with_progress(page, site, broker):
    queue = f"unread-{uuid.uuid4()}"
    fields = {"args": "[1042]", "kwargs": "{}", "replayable": "1", "queue": queue}
    keep_many(1000, "FAILURE", **fields)
    page.goto(f"{site}{PAGE}")
    page.get_by_role("checkbox", name="Select all tasks on this page").check()
    bar = page.get_by_role("group", name="Selected tasks")
    bar.get_by_role("button", name="Select all 1,000 that match").click()
    # Whatever the progress bar shows meanwhile.
    page.evaluate("""() => {
        const bar = document.querySelector("dialog progress#tt-working-progress");
        window.seen = [];
        new MutationObserver(() => window.seen.push(bar.value)).observe(bar, { attributes: true });
    }""")
    bar.get_by_role("button", name="Run again").click()
    asked = page.get_by_role("dialog", name="Run the selected tasks again (1,000)?")
    asked.get_by_role("button", name="Run again").click()
    working = page.get_by_role("dialog", name="Run again", exact=True)
    expect(working.get_by_role("button", name="Stop")).to_be_visible()
    expect(said(page)).to_contain_text("Tasks sent again: 1,000.", timeout=150_000)
    expect(working).to_be_hidden()
    shares = page.evaluate("window.seen")
    assert shares == sorted(shares)
    assert len(set(shares)) > 10
    with broker.client(db=1) as client:
        assert client.llen(queue) == 1000
        client.delete(queue)
    expect(pages(page)).to_contain_text("of 2,000")
    entry = LogEntry.objects.last().change_message
    assert entry.startswith("Ran 50 tasks again: shop.tasks.succeed (")
