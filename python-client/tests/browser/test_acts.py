"""Launching and revoking from the page."""

import re
import uuid

import pytest
from celery import current_app
from dashboard import PAGE, address, chip, details, keep, keep_many, row, rows, said
from django.conf import settings as django_settings
from django.contrib.auth.models import Permission, User
from playwright.sync_api import expect

from servers import Worker
from shop import tasks
from shop.models import Order

pytestmark = pytest.mark.django_db(transaction=True)


def launcher(page, name):
    launchers = page.get_by_role("list", name="Launch a task")
    return launchers.get_by_role("button", name=re.compile(f"^{name}"))


def may_only(*codenames):
    """What the user may do from now on."""
    User.objects.update(is_superuser=False)
    permissions = Permission.objects.filter(codename__in=codenames)
    User.objects.get(username="admin").user_permissions.set(permissions)


def test_each_task_is_offered_with_the_arguments_that_it_will_get(tracker_page):
    expect(launcher(tracker_page, "Succeed")).to_contain_text("1042")
    expect(launcher(tracker_page, "Greet")).to_contain_text('1042, email="ada@mail.example"')
    expect(launcher(tracker_page, "Tidy")).to_have_count(0)


def test_a_launched_task_appears_without_waiting_for_the_next_poll(
    page, site, settings, worker, ended
):
    settings.TASK_TRACKER_REFRESH_INTERVAL = 3600
    page.goto(f"{site}{PAGE}")
    expect(page.get_by_role("heading", name="No task has run")).to_be_visible()
    launcher(page, "Greet").click()
    expect(row(page, "Greet")).to_be_visible()
    said(page).get_by_role("button", name="Details").click()
    expect(page.get_by_role("dialog", name="Greet")).to_contain_text("Published")
    ended(1042, address(page).removeprefix("task_id="), "SUCCESS")


def test_a_project_may_have_another_header_for_the_csrf_token(page, site, settings, worker):
    settings.CSRF_HEADER_NAME = "HTTP_X_XSRF_TOKEN"
    page.goto(f"{site}{PAGE}")
    launcher(page, "Succeed").click()
    expect(said(page)).to_contain_text("was sent to the workers")


def test_a_task_whose_arguments_cannot_be_read_says_why_and_breaks_nothing(page, site, monkeypatch):
    def broken(order):
        raise ValueError("there is no <b>address</b>")

    monkeypatch.setattr(Order, "customer", property(broken))
    page.goto(f"{site}{PAGE}")
    expect(launcher(page, "Greet")).to_contain_text("there is no <b>address</b>")
    expect(launcher(page, "Succeed")).to_contain_text("1042")


def test_a_launch_that_fails_says_why(tracker_page):
    Order.objects.all().delete()
    launcher(tracker_page, "Greet").click()
    expect(said(tracker_page)).to_contain_text("That did not work: This object does not exist")


def test_the_launch_panel_stays_closed_for_who_closed_it(tracker_page):
    expect(launcher(tracker_page, "Greet")).to_be_visible()
    tracker_page.get_by_role("heading", name="Launch a task").click()
    expect(launcher(tracker_page, "Greet")).to_be_hidden()
    tracker_page.reload()
    expect(tracker_page.get_by_role("heading", name="No task has run")).to_be_visible()
    expect(launcher(tracker_page, "Greet")).to_be_hidden()


def test_what_a_narrow_window_leaves_closed_is_open_again_in_a_wide_one(tracker_page):
    tracker_page.set_viewport_size({"width": 360, "height": 800})
    tracker_page.reload()
    expect(tracker_page.get_by_role("heading", name="No task has run")).to_be_visible()
    expect(launcher(tracker_page, "Greet")).to_be_hidden()
    tracker_page.set_viewport_size({"width": 1280, "height": 800})
    tracker_page.reload()
    expect(launcher(tracker_page, "Greet")).to_be_visible()


def test_a_running_task_is_revoked_after_a_confirmation(tracker_page, worker, ended):
    sent = tasks.sleep.delay(1042)
    ended(1042, sent.id, "STARTED")
    tracker_page.get_by_role("button", name="Revoke Sleep").click()
    dialog = tracker_page.get_by_role("dialog", name="Revoke this task?")
    expect(dialog).to_contain_text("is running")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    tracker_page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(row(tracker_page, "Sleep")).to_contain_text("Started")
    tracker_page.get_by_role("button", name="Revoke Sleep").click()
    dialog.get_by_role("button", name="Revoke").click()
    expect(row(tracker_page, "Sleep")).to_contain_text("Revoked")
    expect(tracker_page.get_by_role("button", name="Revoke Sleep")).to_be_hidden()
    # The request ends later: it waits for the workers' answers.
    expect(said(tracker_page)).to_contain_text("The workers were asked to revoke")


def test_a_task_is_revoked_from_its_dialog(tracker_page, worker, ended):
    sent = tasks.sleep.delay(1042)
    ended(1042, sent.id, "STARTED")
    details(tracker_page, "Sleep").click()
    dialog = tracker_page.get_by_role("dialog", name="Sleep")
    dialog.get_by_role("button", name="Revoke").click()
    confirm = tracker_page.get_by_role("dialog", name="Revoke this task?")
    confirm.get_by_role("button", name="Revoke").click()
    expect(dialog).to_contain_text("Revoked")
    expect(dialog.get_by_role("button", name="Revoke")).to_be_hidden()
    # The request ends later: it waits for the workers' answers.
    expect(said(tracker_page)).to_contain_text("The workers were asked to revoke")


def test_every_active_task_is_revoked_after_a_confirmation(tracker_page, worker, ended):
    for sent in [tasks.sleep.delay(1042) for _ in range(2)]:
        ended(1042, sent.id, "STARTED")
    tasks.sleep.delay(1042)
    keep("done")
    button = tracker_page.get_by_role("button", name="Revoke all active (3)")
    button.click()
    dialog = tracker_page.get_by_role("dialog", name="Revoke all active tasks (3)?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(chip(tracker_page, "Started 2")).to_be_visible()
    button.click()
    dialog.get_by_role("button", name="Revoke all").click()
    expect(said(tracker_page)).to_contain_text("Tasks that the workers were asked to revoke: 3.")
    expect(chip(tracker_page, "Revoked 3")).to_be_visible()
    expect(chip(tracker_page, "Success 1")).to_be_visible()
    expect(tracker_page.get_by_role("button", name="Revoke all active")).to_be_hidden()


def test_all_active_tasks_are_revoked_however_many_there_are(tracker_page, broker):
    keep_many(1005, "PENDING")
    tracker_page.get_by_role("button", name="Revoke all active (1,005)").click()
    dialog = tracker_page.get_by_role("dialog", name="Revoke all active tasks (1,005)?")
    dialog.get_by_role("button", name="Revoke all").click()
    expect(said(tracker_page)).to_contain_text("workers were asked to revoke: 1,005.")


def test_tasks_that_could_not_be_revoked_are_told(tracker_page, settings, worker, ended):
    sent = tasks.sleep.delay(1042)
    ended(1042, sent.id, "STARTED")
    expect(row(tracker_page, "Sleep")).to_contain_text("Started")
    settings.TASK_TRACKER_TERMINATE = False
    tracker_page.get_by_role("button", name="Revoke all active (1)").click()
    dialog = tracker_page.get_by_role("dialog", name="Revoke all active tasks (1)?")
    dialog.get_by_role("button", name="Revoke all").click()
    expect(said(tracker_page)).to_contain_text("Not revoked: 1.")
    expect(said(tracker_page)).to_contain_text("terminating running tasks is switched off")
    current_app.control.revoke(sent.id, terminate=True)
    ended(1042, sent.id, "REVOKED")


def test_who_may_only_look_sees_no_buttons_to_act(page, site):
    may_only("view_order")
    keep(state="STARTED")
    page.goto(f"{site}{PAGE}")
    expect(rows(page)).to_have_count(1)
    details(page, "Succeed").click()
    expect(page.get_by_role("dialog", name="Succeed")).to_contain_text("Started")
    expect(page.get_by_role("button", name=re.compile("Revoke"))).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name=re.compile("Revoke"))).to_have_count(0)
    expect(page.get_by_role("heading", name="Launch a task")).to_have_count(0)


def test_a_page_still_acts_after_logging_in_anew_in_another_tab(tracker_page, site, worker):
    keep()
    expect(rows(tracker_page)).to_have_count(1)
    tracker_page.get_by_role("switch", name="Refresh every").uncheck(force=True)
    other = tracker_page.context.new_page()
    tracker_page.context.clear_cookies()
    other.goto(f"{site}{PAGE}")
    other.get_by_label("Username").fill("admin")
    other.get_by_label("Password").fill("admin")
    other.get_by_role("button", name="Log in").click()
    expect(rows(other)).to_have_count(1)
    launcher(tracker_page, "Greet").click()
    expect(said(tracker_page)).to_contain_text("“Greet” was sent")
    tracker_page.get_by_role("switch", name="Refresh every").check(force=True)
    expect(row(tracker_page, "Greet")).to_contain_text("Success")


def test_the_focus_moves_on_from_a_button_that_goes(tracker_page):
    keep("t1", "STARTED")
    tracker_page.get_by_role("button", name="Revoke Succeed t1").focus()
    keep("t1", "SUCCESS")
    expect(details(tracker_page, "Succeed t1")).to_be_focused()


def test_a_permission_that_was_taken_away_is_told(tracker_page):
    may_only("view_order")
    launcher(tracker_page, "Greet").click()
    expect(said(tracker_page)).to_contain_text("You do not have permission")


def test_a_slow_double_click_launches_once(tracker_page, worker):
    launcher(tracker_page, "Succeed").click(click_count=2, delay=400)
    expect(rows(tracker_page)).to_have_count(1)
    tracker_page.wait_for_timeout(700)
    expect(rows(tracker_page)).to_have_count(1)


def test_a_double_click_on_revoke_neither_agrees_nor_cancels(tracker_page, broker):
    keep("t1", "PENDING")
    button = tracker_page.get_by_role("button", name="Revoke Succeed t1")
    dialog = tracker_page.get_by_role("dialog", name="Revoke this task?")
    button.dblclick()
    expect(dialog).to_be_visible()
    # Where the dialog has its own button just where the row has the one that opened it.
    place = dialog.get_by_role("button", name="Revoke").bounding_box()
    tracker_page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    button.evaluate(
        """(button, { x, y }) => {
            button.style.setProperty('position', 'fixed');
            button.style.setProperty('left', `${x}px`);
            button.style.setProperty('top', `${y}px`);
        }""",
        place,
    )
    button.dblclick()
    expect(dialog).to_be_visible()
    tracker_page.wait_for_timeout(300)
    expect(dialog).to_be_visible()


def test_the_page_says_how_many_workers_know_of_a_revocation(tracker_page, worker, ended):
    sent = tasks.sleep.delay(1042)
    ended(1042, sent.id, "STARTED")
    tracker_page.get_by_role("button", name="Revoke Sleep").click()
    question = tracker_page.get_by_role("dialog", name="Revoke this task?")
    question.get_by_role("button", name="Revoke").click()
    expect(said(tracker_page)).to_contain_text("Workers that answered: 1.")


def test_a_revocation_holds_for_a_worker_that_starts_later(tracker_page, broker, ended):
    queue = f"later-{uuid.uuid4()}"
    sent = tasks.succeed.apply_async((1042,), queue=queue)
    ended(1042, sent.id, "PENDING")
    tracker_page.get_by_role("button", name="Revoke Succeed").click()
    question = tracker_page.get_by_role("dialog", name="Revoke this task?")
    question.get_by_role("button", name="Revoke").click()
    expect(said(tracker_page)).to_contain_text("The workers were asked to revoke")
    worker = Worker(django_settings.BROKER_URL, django_settings.TRACKER_URL, "--queues", queue)
    try:
        expect(row(tracker_page, "Succeed")).to_contain_text("Revoked before it started")
    finally:
        worker.kill()
