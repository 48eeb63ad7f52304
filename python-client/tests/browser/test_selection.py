"""Selecting tasks, and acting on those that are selected."""

import pytest
from dashboard import PAGE, chip, details, history, keep, keep_many, pages, row, rows, said
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from playwright.sync_api import expect

from shop import tasks

pytestmark = pytest.mark.django_db(transaction=True)


def box(page, task_id):
    return history(page).get_by_role("checkbox", name=f"Select Succeed {task_id}")


def bar(page):
    return page.get_by_role("group", name="Selected tasks")


def selected(page):
    return bar(page).get_by_text("Selected:")


def confirm(page, name, button):
    dialog = page.get_by_role("dialog", name=name)
    dialog.get_by_role("button", name=button, exact=True).click()


def test_selected_records_are_removed_after_a_confirmation(tracker_page):
    for number in range(1, 5):
        keep(f"t{number}", at=1_700_000_000_000 - number)
    box(tracker_page, "t1").check()
    box(tracker_page, "t3").click(modifiers=["Shift"])
    expect(selected(tracker_page)).to_have_text("Selected: 3")
    box(tracker_page, "t2").uncheck()
    expect(selected(tracker_page)).to_have_text("Selected: 2")
    bar(tracker_page).get_by_role("button", name="Remove records").click()
    confirm(tracker_page, "Remove records (2)?", "Remove")
    expect(rows(tracker_page)).to_have_count(2)
    expect(row(tracker_page, "t2")).to_be_visible()
    expect(said(tracker_page)).to_contain_text("Records removed: 2.")
    expect(bar(tracker_page)).to_be_hidden()
    entry = LogEntry.objects.get().change_message
    assert entry == "Removed the records of 2 tasks: shop.tasks.succeed (t1, t3)."


def test_it_works_with_the_keyboard_alone(tracker_page):
    keep("t1")
    keep("t2", at=1_700_000_000_001)
    box(tracker_page, "t2").focus()
    tracker_page.keyboard.press("Space")
    box(tracker_page, "t1").focus()
    tracker_page.keyboard.press("Shift+Space")
    expect(selected(tracker_page)).to_have_text("Selected: 2")
    bar(tracker_page).get_by_role("button", name="Clear selection").press("Enter")
    expect(bar(tracker_page)).to_be_hidden()
    page_box = tracker_page.get_by_role("checkbox", name="Select all tasks on this page")
    expect(page_box).to_be_focused()
    tracker_page.keyboard.press("Space")
    expect(selected(tracker_page)).to_have_text("Selected: 2")


def test_a_telephone_selects_all_rows_of_the_page_too(tracker_page):
    keep("t1")
    keep("t2")
    tracker_page.set_viewport_size({"width": 360, "height": 800})
    tracker_page.get_by_role("checkbox", name="Select all tasks on this page").check()
    expect(selected(tracker_page)).to_have_text("Selected: 2")
    bar(tracker_page).get_by_role("button", name="Remove records").click()
    confirm(tracker_page, "Remove records (2)?", "Remove")
    expect(rows(tracker_page)).to_have_count(0)


def test_200_selected_records_are_removed_at_once(page, site):
    keep_many(230, "SUCCESS")
    page.goto(f"{site}{PAGE}?page_size=200")
    expect(rows(page)).to_have_count(200)
    page.get_by_role("checkbox", name="Select all tasks on this page").check()
    expect(selected(page)).to_have_text("Selected: 200")
    bar(page).get_by_role("button", name="Remove records").click()
    confirm(page, "Remove records (200)?", "Remove")
    expect(rows(page)).to_have_count(30)


def test_all_that_the_filter_lets_through_is_selected_beyond_the_page(tracker_page):
    keep_many(25, "FAILURE")
    keep("good")
    chip(tracker_page, "Failure").click()
    expect(pages(tracker_page)).to_contain_text("1 to 10 of 25")
    tracker_page.get_by_role("checkbox", name="Select all tasks on this page").check()
    bar(tracker_page).get_by_role("button", name="Select all 25 that match").click()
    expect(selected(tracker_page)).to_have_text("Selected: 25")
    bar(tracker_page).get_by_role("button", name="Remove records").click()
    confirm(tracker_page, "Remove records (25)?", "Remove")
    expect(tracker_page.get_by_role("heading", name="No task matches")).to_be_visible()
    chip(tracker_page, "All").click()
    expect(rows(tracker_page)).to_have_count(1)


def test_another_filter_selects_nothing_of_it_and_another_page_keeps_what_is(tracker_page):
    keep_many(12, "SUCCESS")
    box(tracker_page, "t0011").check()
    tracker_page.get_by_role("button", name="Older").click()
    expect(rows(tracker_page)).to_have_count(2)
    expect(selected(tracker_page)).to_have_text("Selected: 1")
    chip(tracker_page, "Success").click()
    expect(rows(tracker_page)).to_have_count(10)
    expect(bar(tracker_page)).to_be_hidden()


def test_all_finished_records_that_the_filters_let_through_are_removed(tracker_page):
    keep("t1")
    keep("t2", "FAILURE")
    keep("t3", "STARTED")
    keep("t4", "FAILURE", "shop.tasks.greet")
    remove = tracker_page.get_by_role("button", name="Remove finished")
    chip(tracker_page, "Started").click()
    expect(rows(tracker_page)).to_have_count(1)
    expect(remove).to_be_hidden()
    chip(tracker_page, "Failure").click()
    expect(row(tracker_page, "t2")).to_be_visible()
    tracker_page.get_by_role("searchbox", name="Search tasks").fill("greet")
    expect(rows(tracker_page)).to_have_count(1)
    remove.click()
    confirm(tracker_page, "Remove records (1)?", "Remove")
    expect(rows(tracker_page)).to_have_count(0)
    tracker_page.get_by_role("button", name="Show all tasks").click()
    expect(rows(tracker_page)).to_have_count(3)
    remove.click()
    confirm(tracker_page, "Remove records (2)?", "Remove")
    expect(rows(tracker_page)).to_have_count(1)
    expect(row(tracker_page, "t3")).to_be_visible()
    expect(tracker_page.get_by_role("button", name="Remove finished")).to_be_hidden()


def test_more_than_a_thousand_are_said_before(tracker_page):
    keep_many(1003, "SUCCESS")
    tracker_page.get_by_role("button", name="Remove finished").click()
    dialog = tracker_page.get_by_role("dialog", name="Remove records (1,000)?")
    expect(dialog).to_contain_text("3 older ones are left as they are")
    confirm(tracker_page, "Remove records (1,000)?", "Remove")
    expect(rows(tracker_page)).to_have_count(3)


def test_what_takes_long_can_be_stopped(tracker_page):
    keep_many(120, "SUCCESS")
    held = []

    def hold_all_but_the_first(route):
        held.append(route)
        if len(held) == 1:
            route.continue_()

    tracker_page.route("**/several/", hold_all_but_the_first)
    tracker_page.get_by_role("button", name="Remove finished").click()
    confirm(tracker_page, "Remove records (120)?", "Remove")
    working = tracker_page.get_by_role("dialog", name="Remove", exact=True)
    expect(working).to_contain_text("50 / 120")
    working.get_by_role("button", name="Stop").press("Enter")
    expect(working).to_be_hidden()
    held[1].continue_()
    expect(said(tracker_page)).to_contain_text("Records removed: 100.")
    expect(pages(tracker_page)).to_contain_text("of 20")


def test_a_record_that_never_ends_is_removed_from_its_dialog(tracker_page):
    keep("purged", "PENDING")
    details(tracker_page).click()
    dialog = tracker_page.get_by_role("dialog", name="Succeed")
    dialog.get_by_role("button", name="Remove record").click()
    asked = tracker_page.get_by_role("dialog", name="Remove records (1)?")
    expect(asked).to_contain_text("Not finished: 1.")
    confirm(tracker_page, "Remove records (1)?", "Remove")
    expect(dialog).to_be_hidden()
    expect(tracker_page.get_by_role("heading", name="No task has run")).to_be_visible()


def test_revoking_several_says_what_will_not_be_revoked_and_why(tracker_page, worker, ended):
    for sent in [tasks.sleep.delay(1042) for _ in range(2)]:
        ended(1042, sent.id, "STARTED")
    keep("done")
    expect(rows(tracker_page)).to_have_count(3)
    tracker_page.get_by_role("checkbox", name="Select all tasks on this page").check()
    bar(tracker_page).get_by_role("button", name="Revoke").click()
    dialog = tracker_page.get_by_role("dialog", name="Revoke the selected tasks (2)?")
    expect(dialog).to_contain_text("This task has already finished: SUCCESS.")
    confirm(tracker_page, "Revoke the selected tasks (2)?", "Revoke")
    expect(chip(tracker_page, "Revoked 2")).to_be_visible()
    expect(chip(tracker_page, "Success 1")).to_be_visible()
    expect(said(tracker_page)).to_contain_text("Tasks that the workers were asked to revoke: 2.")


def test_where_none_can_be_revoked_it_says_why(tracker_page):
    keep()
    box(tracker_page, "t1").check()
    bar(tracker_page).get_by_role("button", name="Revoke").click()
    expect(said(tracker_page)).to_contain_text("None of these tasks can be revoked.")
    expect(said(tracker_page)).to_contain_text("already finished")


def test_who_may_only_look_can_select_nothing(page, site):
    User.objects.update(is_superuser=False)
    User.objects.get().user_permissions.set(Permission.objects.filter(codename="view_order"))
    keep()
    page.goto(f"{site}{PAGE}")
    expect(rows(page)).to_have_count(1)
    expect(history(page).get_by_role("checkbox")).to_have_count(0)
    expect(page.get_by_role("button", name="Remove finished")).to_have_count(0)
