"""A running task that gives no sign of life is shown, found and marked as lost."""

import re
import time
import uuid
from datetime import datetime, timedelta, timezone

import pytest
from dashboard import PAGE, address, chip, chips, details, keep, row, rows, said
from django.conf import settings as django_settings
from playwright.sync_api import expect

from servers import Worker
from shop import tasks

pytestmark = pytest.mark.django_db(transaction=True)


def now():
    return int(time.time() * 1000)


def ago(**units):
    return (datetime.now(timezone.utc) - timedelta(**units)).isoformat(timespec="milliseconds")


def silent_chip(page):
    return page.get_by_role("button", name=re.compile(r"^No sign of life \d+$"))


def test_the_task_of_a_killed_worker_is_marked_as_lost(page, site, broker, ended, settings):
    settings.TASK_TRACKER_HEARTBEAT = 0.3
    queue = f"killed-{uuid.uuid4()}"
    worker = Worker(
        django_settings.BROKER_URL,
        django_settings.TRACKER_URL,
        *("--queues", queue),
        TEST_HEARTBEAT="0.3",
    )
    sent = tasks.sleep.apply_async((1042, 600), queue=queue)
    ended(1042, sent.id, "STARTED")
    worker.kill()
    page.goto(f"{site}{PAGE}")
    expect(row(page, "Sleep")).to_contain_text("No sign of life for")
    details(page, "Sleep").click()
    dialog = page.get_by_role("dialog", name="Sleep")
    warning = dialog.get_by_role("alert")
    expect(warning).to_contain_text(re.compile("No sign of life for .* from the worker tests@"))
    warning.get_by_role("button", name="Mark as lost").click()
    question = page.get_by_role("dialog", name="Mark this task as lost?")
    question.get_by_role("button", name="Mark as lost").click()
    expect(said(page).filter(has_text="was marked as lost")).to_be_visible()
    expect(dialog).to_contain_text("Lost: No sign of life since")
    expect(dialog).to_contain_text("Marked as lost by admin")
    expect(dialog.locator("[data-moment=finished]")).to_contain_text("by admin")
    expect(warning).to_be_hidden()
    dialog.get_by_role("button", name="Close").click()
    expect(row(page, "Sleep")).to_contain_text("Failure")


def test_silent_tasks_have_a_filter(tracker_page):
    keep("t1", "STARTED", at=now(), alive_at=ago(minutes=4))
    keep("t2", "STARTED", name="shop.tasks.sleep", at=now(), alive_at=ago(seconds=0))
    expect(rows(tracker_page)).to_have_count(2)
    expect(row(tracker_page, "Succeed")).to_contain_text(re.compile(r"No sign of life for 4.m"))
    expect(row(tracker_page, "Sleep")).not_to_contain_text("No sign of life")
    expect(silent_chip(tracker_page)).to_have_text("No sign of life1")
    silent_chip(tracker_page).click()
    expect(rows(tracker_page)).to_have_count(1)
    expect(silent_chip(tracker_page)).to_have_attribute("aria-pressed", "true")
    assert address(tracker_page) == "silent=1"
    tracker_page.reload()
    expect(rows(tracker_page)).to_have_count(1)
    silent_chip(tracker_page).press("Enter")
    expect(rows(tracker_page)).to_have_count(2)
    assert address(tracker_page) == ""


def test_the_filter_is_there_only_if_something_is_wrong(tracker_page):
    keep("t2", "STARTED", at=now(), alive_at=ago(seconds=0))
    expect(chip(tracker_page, "Started")).to_be_visible()
    expect(chips(tracker_page)).to_be_visible()
    expect(silent_chip(tracker_page)).to_be_hidden()


def test_who_may_only_view_an_object_marks_nothing_as_lost(page, site):
    from django.contrib.auth.models import Permission, User

    user = User.objects.get(username="admin")
    user.is_superuser, user.is_staff = False, True
    user.save()
    user.user_permissions.add(Permission.objects.get(codename="view_order"))
    keep("t1", "STARTED", at=now(), alive_at=ago(minutes=4))
    page.goto(f"{site}{PAGE}")
    details(page, "Succeed").click()
    warning = page.get_by_role("dialog", name="Succeed").get_by_role("alert")
    expect(warning).to_contain_text("No sign of life")
    expect(warning.get_by_role("button")).to_have_count(0)
