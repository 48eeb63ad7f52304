"""What the tests of the dashboard do again and again: keeping records, and finding what shows them.

Everything is found by its role and accessible name, as a screen reader finds it.
"""

import json
import re
import time

from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import expect

from celery_task_tracker.registration.resolution import ObjectRef, OverviewRef
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.writes import Event

PAGE = "/admin/shop/order/1042/task-tracker/"
#: On the site whose admin of orders is Django's own.
OVERVIEW = "/backstage/shop/order/task-tracker/"

#: 14 November 2023, 22:13:20 UTC, in unix milliseconds.
EPOCH = 1_700_000_000_000


def log_in(context, site):
    """Gives the browser's ``context`` the session of the user."""
    client = Client()
    client.force_login(User.objects.get(username="admin"))
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": site}])


def keep(task_id="t1", state="SUCCESS", name="shop.tasks.succeed", at=EPOCH, attempt=0, **fields):
    """Keeps an event of a task of order 1042, as a worker would."""
    get_client().write(
        [Event((ObjectRef("shop.order", "1042"),), task_id, name, state, attempt, at, fields)]
    )


def keep_in_overview(task_id, pk, state="SUCCESS", name="shop.tasks.succeed", **fields):
    """Keeps an event of a task of any order, with its row of the overview."""
    ref = ObjectRef("shop.order", str(pk))
    fields = {"objects": json.dumps([ref]), **fields}
    at = time.time_ns() // 1_000_000
    overviews = (OverviewRef(ref.model),)
    get_client().write([Event((ref,), task_id, name, state, 0, at, fields, overviews=overviews)])


def keep_many(count, state, **fields):
    """Keeps that many tasks of order 1042, each with these fields."""
    order = (ObjectRef("shop.order", "1042"),)
    get_client().write(
        [
            Event(order, f"t{number:04d}", "shop.tasks.succeed", state, 0, EPOCH + number, fields)
            for number in range(count)
        ]
    )


def live(task_id="t1", name="shop.tasks.succeed", *, begin=EPOCH, waited, ran, **fields):
    """Keeps the life of a task that went well, and waited and ran for so many milliseconds."""
    keep(task_id, "PENDING", name, begin)
    keep(task_id, "RECEIVED", name, begin + waited // 2)
    keep(task_id, "STARTED", name, begin + waited)
    keep(task_id, "SUCCESS", name, begin + waited + ran, **fields)


def keep_one_of_each_state():
    """Keeps ten tasks: one of each state, and one that says how far it is."""
    for number, state in enumerate(
        ("PENDING", "RECEIVED", "STARTED", "SUCCESS", "REVOKED", "REJECTED", "IGNORED")
    ):
        keep(f"t{number}", state, worker="w1@host", queue="mail")
    keep("failed", "FAILURE", exception="ValueError", error="wrong", traceback="Traceback …")
    keep("retried", "RETRY", attempt=1, max_retries="3", retry_error="try later")
    keep("counts", "STARTED", progress='{"current":40,"total":100,"message":"lines"}')


def history(page):
    return page.get_by_role("region", name="Task history")


def rows(page):
    return history(page).get_by_role("row").filter(has=page.get_by_role("cell"))


def row(page, name):
    """The row of the task of this name or id."""
    return rows(page).filter(has_text=name)


def chips(page):
    return page.get_by_role("group", name="Filter by state")


def chip(page, name):
    return chips(page).get_by_role("button", name=name)


def pages(page):
    """The navigation that says which rows are shown, and leads to the others."""
    return page.get_by_role("navigation", name="Pages")


def details(page, name=""):
    """The link to the dialog of a task."""
    return history(page).get_by_role("link", name=re.compile(f"^Details of {name}"))


def said(page):
    """The page's short messages."""
    return page.locator("#task-tracker").get_by_role("status").filter(visible=True)


def expect_no_marks(page):
    """Waits until no row is marked as changed any more."""
    expect(page.locator(".tt-changed")).to_have_count(0)


def address(page):
    """What the page's address says of the view."""
    return page.url.partition("?")[2]


def expect_address(page, query):
    """Waits for the address to say this: what is done to the page gets there a moment later."""
    end = f"{PAGE}?{query}" if query else PAGE
    expect(page).to_have_url(re.compile(re.escape(end) + "$"))
