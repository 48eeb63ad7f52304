"""The page in a language whose letters are none of English: what is not translated stands out."""

import re

import pytest
from dashboard import PAGE, keep, live, said
from playwright.sync_api import expect

from celery_task_tracker.registration.registry import registry
from celery_task_tracker.server.errors import LOADMODULE
from celery_task_tracker.states import STATES
from celery_task_tracker.templatetags.task_humanize import humanize_task
from servers import HOST, free_port

pytestmark = pytest.mark.django_db(transaction=True)

#: What is no word of the page's: names of commands, files and settings, and units.
NAMES = (
    r"TRACKER|Redis|redis\.conf|CELERY_TASKTRACKER_REDIS_URL|Celery|KiB|JSON"
    r"|manage\.py collectstatic|support_js_module_import_aggregation = True"
)

#: All that a person may read or hear.
WORDS = """() => {
    const root = document.getElementById('task-tracker').cloneNode(true);
    for (const unseen of root.querySelectorAll('script, noscript')) unseen.remove();
    const found = [root.textContent];
    for (const element of root.querySelectorAll('[title], [aria-label], [placeholder]'))
        for (const name of ['title', 'aria-label', 'placeholder'])
            found.push(element.getAttribute(name) ?? '');
    return found.join(' \\n ');
}"""


@pytest.fixture
def persian(new_page, site, settings):
    """The page in Persian, in a browser that is."""
    settings.LANGUAGE_CODE = "fa"
    page = new_page(locale="fa")
    page.goto(f"{site}{PAGE}")
    expect(page.get_by_role("heading", name="پیگیری وظیفه‌ها")).to_be_visible()
    # What the tasks are launched with is data.
    page.evaluate("document.querySelector('#tt-launch ul').remove()")
    return page


def english(page, *data):
    """The English words on the page that are neither ``data`` nor names."""
    known = [*data, "Order 1042", LOADMODULE]
    for registration in registry.all():
        known += [registration.name, humanize_task(registration.name)]
    text = page.evaluate(WORDS)
    for word in sorted(known, key=len, reverse=True):
        text = text.replace(word, " ")
    return sorted(set(re.findall(r"[A-Za-z]{2,}", re.sub(NAMES, " ", text))))


def test_the_table_and_its_filters(persian):
    for state in ("PENDING", "RECEIVED", "STARTED", "FAILURE", "REVOKED", "REJECTED", "IGNORED"):
        keep(state, state, revoke_requested="2023-11-14T22:13:20Z")
    keep("RETRY", "RETRY", attempt=1, max_retries="3", eta="2099-01-01T00:00:00Z")
    live("SUCCESS", waited=3000, ran=90_000)
    expect(persian.locator("#tt-rows tr")).to_have_count(9)
    assert english(persian, *STATES) == []
    persian.locator("#tt-task-filter").click()
    for name in ("Succeed", "Fail"):
        persian.get_by_role("checkbox", name=name, exact=True).check()
    expect(persian.locator("#tt-task-filter-label")).to_contain_text("وظیفه‌های انتخاب‌شده: ۲")
    assert english(persian, *STATES) == []


@pytest.mark.parametrize(
    "task",
    [
        {"state": "FAILURE", "error": "0", "exception": "E", "traceback": "0", "args": "[1]"},
        {"state": "STARTED", "attempt": 1, "retry_error": "0", "retry_traceback": "0"},
        {"state": "SUCCESS", "result": '"' + "0" * 70_000 + '"', "kwargs": '{"0":1}'},
        {"state": "PENDING", "parent_id": "0", "root_id": "1", "group_id": "2", "queue": "3"},
    ],
    ids=lambda task: task["state"],
)
def test_the_dialog_of_a_task(persian, task):
    keep(worker="0", revoke_requested="2023-11-14T22:13:20Z", **task)
    persian.locator("#tt-rows").get_by_role("link").first.click()
    expect(persian.get_by_role("dialog")).to_contain_text("شناسهٔ وظیفه")
    assert english(persian, "t1") == []


def test_revoking(persian, broker):
    keep("t1", "PENDING")
    keep("t2", "STARTED")
    for button in persian.locator("#tt-rows button.tt-danger, #tt-revoke-active").all():
        button.click()
        dialog = persian.get_by_role("dialog")
        expect(dialog).to_be_visible()
        assert english(persian, "t1", "t2") == []
        persian.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
    persian.locator("#tt-revoke-active").click()
    persian.get_by_role("dialog").get_by_role("button").last.click()
    expect(said(persian)).to_contain_text("ورکرها")
    assert english(persian, "t1", "t2") == []


def test_an_object_without_tasks_and_filters_without_matches(persian):
    assert english(persian) == []
    keep()
    expect(persian.locator("#tt-rows tr")).to_have_count(1)
    persian.goto(persian.url + "?state=FAILURE")
    expect(persian.locator("#tt-clear")).to_be_visible()
    persian.evaluate("document.querySelector('#tt-launch ul').remove()")
    assert english(persian, "t1") == []


def test_a_server_that_does_not_answer(persian, settings):
    settings.CELERY_TASKTRACKER_REDIS_URL = f"redis://{HOST}:{free_port()}"
    persian.reload()
    expect(persian.get_by_role("heading", name="Redis")).to_be_visible()
    persian.evaluate("document.querySelector('#tt-launch ul').remove()")
    persian.evaluate("for (const e of document.querySelectorAll('[data-hint]')) e.remove()")
    assert english(persian) == []
