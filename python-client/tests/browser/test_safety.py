"""Records of any content, under a strict Content-Security-Policy."""

import re
from pathlib import Path

import pytest
from dashboard import EPOCH, PAGE, details, keep, row, rows
from playwright.sync_api import expect

import celery_task_tracker
from servers import wait_for

pytestmark = pytest.mark.django_db(transaction=True)

HOSTILE = (
    '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    "{{ 7 * 7 }} javascript:alert(1) \u202e\u0627\u0644\u0633\u0644\u0627\u0645 \x00 \U0001f600"
)
#: What may name things: no NUL.
NAME = HOSTILE.replace("\x00", "").strip()


def test_a_hostile_record_is_shown_as_text(tracker_page):
    alerts = []
    tracker_page.on("dialog", lambda dialog: alerts.append(dialog.message) or dialog.dismiss())
    keep(
        NAME,
        "FAILURE",
        NAME,
        attempt=1,
        error=HOSTILE,
        exception=HOSTILE,
        traceback=HOSTILE + "x" * 64 * 1024,
        result='"' + "<img src=x onerror=alert(1)>" * 40_000 + '"',
        worker=HOSTILE,
        queue=HOSTILE,
        args='["<img src=x onerror=alert(1)>"]',
        kwargs='{"__proto__": {"a": 1}, "<b>": "\\u0000"}',
        retry_error=HOSTILE,
        retry_traceback=HOSTILE,
        progress='{"current":"<b>","total":{},"message":["x"]}',
        max_retries="NaN",
        eta="never",
        revoke_requested=HOSTILE,
        root_id=HOSTILE,
        parent_id=HOSTILE,
        group_id=HOSTILE,
    )
    expect(rows(tracker_page).first).to_contain_text("<script>alert(1)</script>")
    details(tracker_page).click()
    dialog = tracker_page.get_by_role("dialog")
    expect(dialog).to_contain_text("Traceback")
    expect(dialog).to_contain_text('"><img src=x onerror=alert(1)>')
    expect(dialog).to_contain_text("Truncated: 64.0 KiB of")
    assert tracker_page.locator("#task-tracker img, #task-tracker script:not([type])").count() == 0
    fits = "e => e.scrollWidth <= e.clientWidth"
    wait_for(lambda: dialog.evaluate(fits), "the dialog to hold what it shows", seconds=3)
    keep("t2", "STARTED")
    expect(rows(tracker_page)).to_have_count(2)
    assert alerts == []


@pytest.mark.parametrize("progress", ["[]", "null", "1", '"x"', '{"current": null}', "{"])
def test_a_strange_value_breaks_nothing(tracker_page, progress):
    keep("t1", "STARTED", progress=progress)
    keep("t2")
    expect(rows(tracker_page)).to_have_count(2)
    details(tracker_page, "Succeed t1").click()
    expect(tracker_page.get_by_role("dialog")).to_contain_text("Started")


def test_the_page_is_served_under_a_strict_content_security_policy(page, site):
    # That nothing violated it is what the fixture asserts, of this test and of every other.
    response = page.goto(f"{site}{PAGE}")
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


def test_no_script_of_the_page_turns_text_into_markup():
    scripts = list((Path(celery_task_tracker.__file__).parent / "static").rglob("*.js"))
    assert len(scripts) > 10
    markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function"
    for script in scripts:
        assert not re.search(markup, script.read_text()), script


BAD = (
    ("progress", '{"current":1e999,"total":1e999}'),
    ("progress", '{"current":{"toString":1}}'),
    ("progress", "[" * 5000 + "]" * 5000),
    ("state", "LOST"),
    ("name", ""),
    ("created_at", "yesterday"),
    ("started_at", "9" * 18),
    ("attempt", "x"),
)


@pytest.mark.parametrize(("field", "value"), BAD)
def test_a_record_that_somebody_tampered_with_costs_its_own_row_at_most(
    tracker_page, tracker, field, value
):
    keep("bad", "STARTED")
    keep("good", at=EPOCH + 1, result='"fine"')
    with tracker.client() as client:
        client.hset("shop.order:{1042}:record:bad", field, value)
    expect(row(tracker_page, "good")).to_contain_text("Success")
    expect(row(tracker_page, "bad")).to_be_visible()
    expect(rows(tracker_page)).to_have_count(2)
    keep("good too", at=EPOCH + 2)
    expect(rows(tracker_page)).to_have_count(3)
    tracker_page.goto(f"{tracker_page.url}?task_id=bad")
    dialog = tracker_page.get_by_role("dialog")
    expect(dialog.get_by_text("Task id").or_(dialog.get_by_text("cannot be shown"))).to_be_visible()


def test_a_record_that_cannot_be_drawn_says_so(tracker_page):
    keep("bad", "STARTED", progress='{"current":{"toString":1}}')
    keep("good", at=EPOCH + 1)
    expect(row(tracker_page, "bad")).to_contain_text("This record cannot be shown.")
    expect(row(tracker_page, "good")).to_contain_text("Success")
    keep("bad", "SUCCESS", at=EPOCH + 2, progress="")
    expect(row(tracker_page, "bad")).to_contain_text("Success")
