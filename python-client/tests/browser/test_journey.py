"""The dashboard in a real browser, against a real worker and a real tracker."""

import os
import re
import shutil

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect, sync_playwright

from celery_task_tracker.client import get_client
from celery_task_tracker.event import Event
from celery_task_tracker.resolution import ObjectRef
from servers import HOST, RedisServer, free_port, wait_for
from shop import tasks
from shop.models import Order

pytestmark = pytest.mark.django_db(transaction=True)

HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(1)>\u202e\u0000 \U0001f600'


@pytest.fixture(scope="session")
def browser():
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.fail("Chromium is missing. On Debian: apt-get install chromium", pytrace=False)
    # Playwright's loop runs in this thread, where Django would refuse the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox"] if os.geteuid() == 0 else [],
        )
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def site(live_server, settings, tracker):
    """The shop with order 1042."""
    settings.TASK_TRACKER_REFRESH_INTERVAL = 0.3
    User.objects.create_superuser("admin", password="admin")
    Order.objects.create(pk=1042)
    return live_server.url


@pytest.fixture
def page(browser, site):
    """A logged-in page, that must not have complained about anything at the end."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site)
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.complaints = complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            message.type == "error"
            # The browser's own word for an answer with status 503, which some tests provoke.
            and not message.text.startswith("Failed to load resource")
            and complaints.append(message.text)
        ),
    )
    page.goto(f"{site}/admin/")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill("admin")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("link", name="Orders", exact=True).first).to_be_visible()
    yield page
    # No test may leave a request of the page behind in the server that ends with the test.
    context.close()
    assert complaints == []


@pytest.fixture
def tracker_page(page, site):
    page.goto(f"{site}/admin/shop/order/1042/task-tracker/")
    expect(page.get_by_text("Loading")).to_be_hidden()
    return page


def keep(task_id="t1", state="SUCCESS", name="shop.tasks.succeed", at=1_700_000_000_000, **fields):
    get_client().write(
        [Event((ObjectRef("shop.order", "1042"),), task_id, name, state, 0, at, fields)]
    )


def rows(page):
    return page.get_by_role("region", name="Task history").locator("tbody").get_by_role("row")


def chip(page, name):
    return page.get_by_role("group", name="Filter by state").get_by_role("button", name=name)


def test_from_the_login_to_a_task_that_turns_to_success_without_a_reload(page, site, worker):
    page.get_by_role("link", name="Orders", exact=True).first.click()
    page.get_by_role("link", name="Order 1042").click()
    page.get_by_role("link", name="Task Tracker").click()
    expect(page.get_by_role("heading", name="No task has run for this object yet")).to_be_visible()
    page.evaluate("window.sameDocument = true")
    page.get_by_role("button", name="Retry once").click()
    expect(rows(page)).to_have_count(1)
    expect(page.get_by_role("status")).to_contain_text("Retry once")
    expect(rows(page).first).to_contain_text("Retry")
    expect(rows(page).first).to_contain_text("Success")
    expect(rows(page).first).to_contain_text("attempt 2 of 3")
    assert page.evaluate("window.sameDocument")


def test_a_failed_task_shows_its_error_and_the_traceback_can_be_copied(tracker_page, worker, ended):
    ended(1042, tasks.fail.delay(1042).id, "FAILURE")
    expect(rows(tracker_page).first).to_contain_text("ValueError: order 1042 is <b>wrong</b>")
    tracker_page.get_by_role("button", name="Details of Fail").click()
    dialog = tracker_page.get_by_role("dialog", name="Fail")
    expect(dialog).to_contain_text("Traceback (most recent call last)")
    dialog.get_by_role("button", name="Copy: Traceback").click()
    expect(tracker_page.get_by_role("status")).to_contain_text("Copied")
    copied = tracker_page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("Traceback (most recent call last)")
    tracker_page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_a_json_result_is_shown_indented_with_its_arguments(tracker_page):
    keep(result='{"paid":true,"sum":"42.00"}', args="[1042]", kwargs='{"note":"hi"}')
    tracker_page.get_by_role("button", name="Details of Succeed").click()
    dialog = tracker_page.get_by_role("dialog")
    expect(dialog).to_contain_text('{\n  "paid": true,\n  "sum": "42.00"\n}')
    expect(dialog).to_contain_text('"note": "hi"')


def test_an_open_dialog_follows_its_task(tracker_page):
    keep(state="STARTED")
    tracker_page.get_by_role("button", name="Details of Succeed").click()
    dialog = tracker_page.get_by_role("dialog")
    expect(dialog).to_contain_text("Started")
    keep(state="SUCCESS", result='"all is well"')
    expect(dialog).to_contain_text("all is well")


def test_a_hostile_record_is_shown_as_text(tracker_page):
    alerts = []
    tracker_page.on("dialog", lambda dialog: alerts.append(dialog.message) or dialog.dismiss())
    keep(
        task_id=HOSTILE.replace("\x00", ""),
        name=HOSTILE.replace("\x00", ""),
        state="FAILURE",
        error=HOSTILE,
        exception=HOSTILE,
        traceback=HOSTILE * 500,
        result=HOSTILE,
        worker=HOSTILE,
        queue=HOSTILE,
        args="[" + '"<img src=x onerror=alert(1)>"' + "]",
    )
    expect(rows(tracker_page).first).to_contain_text("<script>alert(1)</script>")
    tracker_page.get_by_role("button", name=re.compile("^Details of")).click()
    dialog = tracker_page.get_by_role("dialog")
    expect(dialog).to_contain_text("Traceback")
    expect(dialog).to_contain_text('"><img src=x onerror=alert(1)>')
    assert tracker_page.locator("#task-tracker img, #task-tracker script:not([type])").count() == 0
    assert alerts == []


def test_a_running_task_shows_how_far_it_is(tracker_page):
    keep(state="STARTED", progress='{"current":40,"total":100,"message":"<b>lines"}')
    expect(rows(tracker_page).first).to_contain_text("40 / 100 · <b>lines")
    tracker_page.get_by_role("button", name=re.compile("^Details of")).click()
    expect(tracker_page.get_by_role("dialog")).to_contain_text("40 / 100 · <b>lines")


def test_the_page_is_served_under_a_strict_content_security_policy(page, site):
    # That nothing violated it is what the fixture asserts, of this test and of every other.
    response = page.goto(f"{site}/admin/shop/order/1042/task-tracker/")
    assert "script-src 'self'; style-src 'self'" in response.headers["content-security-policy"]
    page.evaluate(
        """() => {
            const script = document.createElement('script');
            script.textContent = 'window.inline = true';
            document.body.append(script);
        }"""
    )
    assert page.evaluate("window.inline") is None
    assert "Content Security Policy" in page.complaints.pop()


def test_states_and_tasks_filter_and_the_address_keeps_them(tracker_page):
    keep("t1", "FAILURE", error="broken")
    keep("t2", "SUCCESS", name="shop.tasks.greet")
    keep("t3", "SUCCESS")
    expect(rows(tracker_page)).to_have_count(3)
    chip(tracker_page, "Success 2").click()
    expect(rows(tracker_page)).to_have_count(2)
    tracker_page.get_by_label("Filter by task").select_option("Greet")
    expect(rows(tracker_page)).to_have_count(1)
    tracker_page.reload()
    expect(rows(tracker_page)).to_have_count(1)
    expect(chip(tracker_page, "Success")).to_have_attribute("aria-pressed", "true")
    chip(tracker_page, "Success").click()
    chip(tracker_page, "Failure 1").click()
    expect(
        tracker_page.get_by_role("heading", name="No task matches these filters")
    ).to_be_visible()
    tracker_page.get_by_role("button", name="Show all tasks").click()
    expect(rows(tracker_page)).to_have_count(3)


def test_pages_lead_to_older_tasks(tracker_page):
    for number in range(13):
        keep(f"t{number:02d}", at=1_700_000_000_000 + number)
    expect(rows(tracker_page)).to_have_count(10)
    expect(tracker_page.get_by_text("1 to 10 of 13")).to_be_visible()
    tracker_page.get_by_role("button", name="Older").click()
    expect(rows(tracker_page)).to_have_count(3)
    expect(tracker_page.get_by_text("11 to 13 of 13")).to_be_visible()
    expect(tracker_page.get_by_role("button", name="Older")).to_be_disabled()
    tracker_page.get_by_role("button", name="Newer").click()
    expect(rows(tracker_page)).to_have_count(10)


def test_refreshing_keeps_focus_and_selection_and_can_be_switched_off(tracker_page, tracker):
    keep("t1", "STARTED")
    details = tracker_page.get_by_role("button", name="Details of Succeed t1")
    details.focus()
    element = details.element_handle()
    keep("t2", "STARTED", name="shop.tasks.greet", at=1_700_000_000_001)
    expect(rows(tracker_page)).to_have_count(2)
    expect(details).to_be_focused()
    assert tracker_page.evaluate("e => e.isConnected", element)

    tracker_page.get_by_role("switch").uncheck(force=True)
    tracker_page.wait_for_timeout(200)  # for a request that was on its way
    with tracker.client() as client:
        client.config_resetstat()
    tracker_page.wait_for_timeout(900)
    assert tracker.commands() == {}
    tracker_page.reload()
    expect(tracker_page.get_by_role("switch")).not_to_be_checked()
    keep("t3", at=1_700_000_000_002)
    tracker_page.get_by_role("button", name="Refresh now").click()
    expect(rows(tracker_page)).to_have_count(3)


def test_a_running_task_is_revoked_after_a_confirmation(tracker_page, worker, ended):
    sent = tasks.sleep.delay(1042)
    ended(1042, sent.id, "STARTED")
    tracker_page.get_by_role("button", name="Revoke Sleep").click()
    dialog = tracker_page.get_by_role("dialog", name="Revoke this task?")
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog).to_be_hidden()
    tracker_page.get_by_role("button", name="Revoke Sleep").click()
    dialog.get_by_role("button", name="Revoke").click()
    expect(rows(tracker_page).first).to_contain_text("Revoked")
    expect(tracker_page.get_by_role("button", name="Revoke Sleep")).to_be_hidden()


def test_the_task_id_is_copied_whole(tracker_page):
    keep("0d5f7a52-1c1e-4d0a-9d7e-0f3a8e1c2b4d")
    tracker_page.get_by_role("button", name="Copy task id 0d5f7a52").click()
    expect(tracker_page.get_by_role("status")).to_contain_text("Copied")
    copied = tracker_page.evaluate("navigator.clipboard.readText()")
    assert copied == "0d5f7a52-1c1e-4d0a-9d7e-0f3a8e1c2b4d"


def test_times_are_relative_with_the_exact_one_on_hover(tracker_page):
    keep()
    created = rows(tracker_page).first.get_by_role("time").first
    expect(created).to_have_attribute("datetime", "2023-11-14T22:13:20.000Z")
    expect(created).to_contain_text("ago")
    expect(created).to_have_attribute("title", re.compile("2023"))


def test_who_may_only_look_sees_no_buttons_to_act(page, site):
    User.objects.filter(username="admin").update(is_superuser=False)
    from django.contrib.auth.models import Permission

    user = User.objects.get(username="admin")
    user.user_permissions.add(Permission.objects.get(codename="view_order"))
    keep(state="STARTED")
    page.goto(f"{site}/admin/shop/order/1042/task-tracker/")
    expect(rows(page)).to_have_count(1)
    expect(page.get_by_role("button", name="Details of Succeed")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Revoke"))).to_have_count(0)
    expect(page.get_by_role("heading", name="Launch a task")).to_have_count(0)


def test_redis_that_goes_and_comes_back_while_the_page_is_open(page, site, settings):
    server = RedisServer(free_port(), with_module=True)
    settings.CELERY_TASKTRACKER_REDIS_URL = server.url
    page.goto(f"{site}/admin/shop/order/1042/task-tracker/")
    expect(page.get_by_role("heading", name="Redis server does not answer")).to_be_visible()
    server.start()
    try:
        keep()
        expect(rows(page)).to_have_count(1)
        server.kill()
        expect(page.get_by_role("alert")).to_contain_text("does not answer")
        expect(rows(page)).to_have_count(1)
        server.start()
        expect(page.get_by_role("alert")).to_be_hidden()
    finally:
        server.kill()


def test_a_redis_without_the_module_shows_the_line_to_add(page, site, settings, broker):
    settings.CELERY_TASKTRACKER_REDIS_URL = f"redis://{HOST}:{broker.port}/0"
    page.goto(f"{site}/admin/shop/order/1042/task-tracker/")
    expect(page.get_by_role("heading", name="The tracker module is not loaded")).to_be_visible()
    expect(page.get_by_text("loadmodule /path/to/libtracker.so")).to_be_visible()


def test_a_session_that_ran_out_leads_to_the_login_page(tracker_page):
    tracker_page.context.clear_cookies()
    expect(tracker_page.get_by_label("Username")).to_be_visible()


@pytest.mark.parametrize("width", [360, 768, 1920])
def test_nothing_is_wider_than_the_window(tracker_page, width):
    keep("0d5f7a52-1c1e-4d0a-9d7e-0f3a8e1c2b4d", "FAILURE", error="x" * 500, exception="ValueError")
    keep("t2", "STARTED", name="shop.tasks." + "long_" * 20 + "name")
    tracker_page.set_viewport_size({"width": width, "height": 800})
    expect(rows(tracker_page)).to_have_count(2)
    wait_for(
        lambda: tracker_page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        ),
        f"the page to fit into {width} pixels",
        seconds=3,
    )
