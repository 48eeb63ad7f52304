"""The history table: what a row shows of its task."""

import re
from datetime import datetime, timezone

import pytest
from dashboard import EPOCH, PAGE, keep, live, row, rows, said
from django.contrib.admin import site as default_site
from playwright.sync_api import expect

from shop.models import Order

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_row_names_its_task_state_worker_and_queue(tracker_page):
    keep(worker="w1@host", queue="mail")
    shown = row(tracker_page, "Succeed")
    expect(shown).to_contain_text("Success")
    expect(shown).to_contain_text("w1@host")
    expect(shown).to_contain_text("mail")
    expect(shown.get_by_text("Succeed", exact=True)).to_have_attribute(
        "title", "shop.tasks.succeed"
    )


def test_the_newest_task_comes_first(tracker_page):
    keep("older", at=EPOCH)
    keep("newer", at=EPOCH + 1)
    expect(rows(tracker_page)).to_have_count(2)
    expect(rows(tracker_page).first).to_contain_text("newer")


def test_an_error_is_read_in_the_row(tracker_page):
    keep(state="FAILURE", exception="ValueError", error="order 1042 is <b>wrong</b>")
    expect(row(tracker_page, "Succeed")).to_contain_text("ValueError: order 1042 is <b>wrong</b>")


def test_a_task_that_waits_to_be_retried_says_why(tracker_page):
    keep(state="RETRY", attempt=1, retry_exception="ConnectionError", retry_error="try later")
    expect(row(tracker_page, "Succeed")).to_contain_text("Retry")
    expect(row(tracker_page, "Succeed")).to_contain_text("ConnectionError: try later")


def test_the_attempt_is_told_of_how_many(tracker_page):
    keep("t1", "STARTED", attempt=1, max_retries="3")
    keep("t2", "STARTED", name="shop.tasks.greet", attempt=2)
    keep("t3", "STARTED", name="shop.tasks.fail")
    attempt = row(tracker_page, "t1").get_by_role("img", name="attempt 2 of 4")
    expect(attempt).to_have_text("2/4")
    expect(row(tracker_page, "t2").get_by_role("img", name="attempt 3")).to_have_text("3")
    expect(row(tracker_page, "t3").get_by_role("img")).to_be_hidden()


def test_waiting_and_running_are_told_and_drawn_to_one_scale(tracker_page):
    live("slow", waited=1000, ran=9000)
    live("quick", begin=EPOCH + 1, waited=500, ran=2000)
    expect(row(tracker_page, "slow")).to_contain_text("ran 9.0 s · waited 1.0 s")
    expect(row(tracker_page, "quick")).to_contain_text("ran 2.0 s · waited 500 ms")
    width = "bar => [...bar.children].map(part => part.getBoundingClientRect().width)"
    bars = {
        name: row(tracker_page, name).locator("[aria-hidden] > span:first-child").locator("..")
        for name in ("slow", "quick")
    }
    slow, quick = (bars[name].evaluate(width) for name in ("slow", "quick"))
    whole = sum(slow)
    assert slow[0] / whole == pytest.approx(0.1, abs=0.01)
    assert quick[0] / whole == pytest.approx(0.05, abs=0.01)
    assert quick[1] / whole == pytest.approx(0.2, abs=0.01)


def test_what_waits_and_what_is_due_later_say_so(tracker_page):
    now = int(datetime.now(timezone.utc).timestamp() * 1000)
    later = datetime.fromtimestamp(now / 1000 + 600, tz=timezone.utc).isoformat()
    keep("waits", "PENDING", at=now - 65_000)
    keep("later", "RECEIVED", at=now - 1, eta=later)
    expect(row(tracker_page, "waits")).to_contain_text(re.compile(r"waiting\s1\sm\s\d+\ss"))
    expect(row(tracker_page, "later")).to_contain_text(re.compile(r"due\sin\s(9|10)\smin"))


def test_a_running_task_shows_how_far_it_is(tracker_page):
    keep(state="STARTED", progress='{"current":40,"total":100,"message":"<b>lines"}')
    shown = row(tracker_page, "Succeed")
    expect(shown).to_contain_text("40 / 100 · <b>lines")
    bar = shown.get_by_role("progressbar", name="Progress")
    expect(bar).to_have_js_property("value", 0.4)
    keep(state="SUCCESS")
    expect(bar).to_be_hidden()


def test_a_task_that_does_not_know_its_end_shows_progress_without_a_share(tracker_page):
    keep(state="STARTED", progress='{"current":40,"total":null,"message":""}')
    bar = row(tracker_page, "Succeed").get_by_role("progressbar", name="Progress")
    expect(bar).to_have_js_property("position", -1)


def test_that_revoking_was_asked_for_is_shown_while_the_task_is_active(tracker_page):
    keep(state="STARTED", revoke_requested="2023-11-14T22:13:20+00:00")
    expect(row(tracker_page, "Succeed")).to_contain_text("Revoke requested")
    keep(state="REVOKED")
    expect(row(tracker_page, "Succeed")).to_contain_text("Revoked")
    expect(row(tracker_page, "Succeed").get_by_text("Revoke requested")).to_be_hidden()


def test_times_are_relative_with_the_exact_one_on_hover(tracker_page):
    keep()
    times = row(tracker_page, "Succeed").get_by_role("time")
    for time in times.all():
        expect(time).to_have_attribute("datetime", "2023-11-14T22:13:20.000Z")
        expect(time).to_contain_text("ago")
        expect(time).to_have_attribute("title", re.compile("2023"))
    expect(times).to_have_count(2)


def test_the_exact_time_is_that_of_the_readers_own_place(new_page, site):
    keep()
    page = new_page(timezone_id="Asia/Tehran")
    page.goto(f"{site}/admin/shop/order/1042/task-tracker/")
    time = row(page, "Succeed").get_by_role("time").first
    expect(time).to_have_attribute("title", re.compile("15, 2023.*1:43:20"))


def test_the_task_id_is_copied_whole(tracker_page):
    keep("0d5f7a52-1c1e-4d0a-9d7e-0f3a8e1c2b4d")
    tracker_page.get_by_role("button", name="Copy task id 0d5f7a52").click()
    expect(said(tracker_page)).to_contain_text("Copied")
    copied = tracker_page.evaluate("navigator.clipboard.readText()")
    assert copied == "0d5f7a52-1c1e-4d0a-9d7e-0f3a8e1c2b4d"


def test_the_task_id_is_copied_where_the_browser_keeps_its_clipboard_to_itself(page, site):
    page.add_init_script(
        "navigator.clipboard.writeText = async () => { throw new DOMException('No') }"
    )
    keep("0d5f7a52-1c1e-4d0a-9d7e-0f3a8e1c2b4d")
    page.goto(f"{site}{PAGE}")
    page.get_by_role("button", name="Copy task id 0d5f7a52").click()
    expect(said(page)).to_contain_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "0d5f7a52-1c1e-4d0a-9d7e-0f3a8e1c2b4d"


def test_a_row_that_is_new_or_has_changed_is_marked_for_a_moment(tracker_page):
    keep("t1", "STARTED")
    first = row(tracker_page, "t1")
    expect(first).to_be_visible()
    marked = re.compile("tt-changed")
    expect(first).not_to_have_class(marked)
    keep("t2", "STARTED", at=EPOCH + 1)
    expect(row(tracker_page, "t2")).to_have_class(marked)
    expect(first).not_to_have_class(marked)
    keep("t1", "STARTED", revoke_requested="2023-11-14T22:13:20+00:00")
    expect(first).to_have_class(marked)
    expect(first).not_to_have_class(marked)
    keep("t1", "SUCCESS")
    expect(first).to_have_class(marked)
    expect(first).not_to_have_class(marked)


def test_what_was_forty_hours_ago_was_not_yesterday(tracker_page):
    keep(at=int(datetime.now(timezone.utc).timestamp() * 1000) - 40 * 3600 * 1000)
    expect(row(tracker_page, "Succeed").get_by_role("time").first).to_have_text("1 day ago")


@pytest.mark.parametrize("name", ["constructor", "__proto__", "toString"])
def test_a_task_with_the_name_of_what_every_object_has_shows_that_name(tracker_page, name):
    keep(name=name)
    expect(rows(tracker_page).first.get_by_text(name, exact=True)).to_be_visible()


def test_a_model_admin_adds_columns_and_takes_buttons_away(page, site, monkeypatch):
    admin = default_site._registry[Order]
    own = {
        "get_task_tracker_columns": lambda self, request: {"Host": lambda row: row["worker"][2:]},
        "has_task_tracker_revoke_permission": lambda self, request, obj: False,
    }
    monkeypatch.setattr(admin, "__class__", type("Own", (type(admin),), own))
    keep("t1", "PENDING", worker="w@host-7")
    page.goto(f"{site}{PAGE}")
    expect(page.get_by_role("columnheader", name="Host")).to_be_visible()
    expect(rows(page).get_by_role("cell", name="host-7", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Revoke", exact=False)).to_have_count(0)
    keep("t1", "STARTED", worker="w@host-8")
    expect(rows(page).get_by_role("cell", name="host-8", exact=True)).to_be_visible(timeout=15_000)
