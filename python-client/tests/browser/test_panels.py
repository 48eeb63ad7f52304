"""What stands in the place of the table while there are no tasks to show."""

import pytest
from dashboard import PAGE, keep, rows, said
from django.contrib.auth.models import Permission, User
from playwright.sync_api import expect

from celery_task_tracker.server import client
from servers import HOST, free_port

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_object_without_tasks_says_what_is_tracked_and_where_to_begin(tracker_page):
    expect(
        tracker_page.get_by_role("heading", name="No task has run for this object yet")
    ).to_be_visible()
    expect(
        tracker_page.get_by_text("Launch one above, or wait until your code sends one")
    ).to_be_visible()
    expect(tracker_page.get_by_text("Tracked here:")).to_contain_text("Succeed")
    expect(tracker_page.get_by_role("list", name="Launch a task")).to_be_visible()
    keep()
    expect(rows(tracker_page)).to_have_count(1)


def test_who_cannot_launch_is_not_told_to(page, site):
    User.objects.update(is_superuser=False)
    User.objects.get().user_permissions.set(Permission.objects.filter(codename="view_order"))
    page.goto(f"{site}{PAGE}")
    expect(
        page.get_by_text("Tasks that your code sends appear here automatically.")
    ).to_be_visible()


def test_a_redis_that_does_not_answer_says_what_to_look_at(page, site, settings):
    settings.CELERY_TASKTRACKER_REDIS_URL = f"redis://{HOST}:{free_port()}/0"
    page.goto(f"{site}{PAGE}")
    expect(page.get_by_role("heading", name="Redis server does not answer")).to_be_visible()
    expect(page.get_by_text("CELERY_TASKTRACKER_REDIS_URL")).to_be_visible()
    expect(page.get_by_text("Your tasks are not affected").first).to_be_visible()


def test_a_redis_without_the_module_shows_the_line_to_add(page, site, settings, broker):
    settings.CELERY_TASKTRACKER_REDIS_URL = f"redis://{HOST}:{broker.port}/0"
    page.goto(f"{site}{PAGE}")
    expect(page.get_by_role("heading", name="The tracker module is not loaded")).to_be_visible()
    expect(page.get_by_text("loadmodule /path/to/libtracker.so")).to_be_visible()
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(said(page)).to_contain_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "loadmodule /path/to/libtracker.so"


def test_a_module_that_is_too_old_says_so(page, site, monkeypatch, settings):
    monkeypatch.setattr(client, "MINIMUM_MODULE", 10_000_000)
    settings.TASK_TRACKER_SOCKET_TIMEOUT = 9  # another client, which asks for the version anew
    page.goto(f"{site}{PAGE}")
    expect(
        page.get_by_role("heading", name="The tracker module in Redis is too old")
    ).to_be_visible()


def test_what_went_wrong_before_anything_was_shown_is_told(page, site):
    page.route("**/list/**", lambda route: route.fulfill(status=500, body="<h1>Oh</h1>"))
    page.goto(f"{site}{PAGE}")
    expect(
        page.get_by_role("heading", name="The server's answer was not understood")
    ).to_contain_text("500")
    page.unroute("**/list/**")
    expect(page.get_by_role("heading", name="No task has run")).to_be_visible()


def test_scripts_that_cannot_be_loaded_are_told_with_what_to_do(page, site):
    page.route("**/table/rows.js", lambda route: route.fulfill(status=404))
    page.goto(f"{site}{PAGE}")
    expect(page.get_by_role("heading", name="scripts of this page could not be")).to_be_visible()
    expect(page.get_by_text("support_js_module_import_aggregation")).to_be_visible()
    expect(page.get_by_text("Loading")).to_be_hidden()


def test_a_script_that_the_browser_does_not_understand_is_told(page, site):
    page.route(
        "**/table/rows.js",
        lambda route: route.fulfill(body="export class {", content_type="text/javascript"),
    )
    page.goto(f"{site}{PAGE}")
    expect(page.get_by_role("heading", name="scripts of this page could not be")).to_be_visible()
    page.complaints.clear()
