"""An open page: it stays up to date, and does not touch what has not changed."""

import subprocess

import pytest
from dashboard import EPOCH, PAGE, chip, details, expect_no_marks, keep, log_in, row, rows
from playwright.sync_api import expect

from servers import HOST, RedisServer, free_port, wait_for

pytestmark = pytest.mark.django_db(transaction=True)

#: Counts, from now on, what changes on the page, but for the time of the last update.
WATCH = """() => {
    window.touched = [];
    new MutationObserver(records => {
        for (const { target } of records) {
            const element = target.nodeType === 1 ? target : target.parentElement;
            if (!element?.closest('#tt-updated')) window.touched.push(element);
        }
    }).observe(document.body, {
        subtree: true, childList: true, attributes: true, characterData: true,
    });
}"""


def answers(page, count):
    """The states of the next ``count`` answers of the list."""
    statuses = []
    page.on("response", lambda each: "/list/" in each.url and statuses.append(each.status))
    wait_for(lambda: page.wait_for_timeout(50) or len(statuses) >= count, "answers of the list")
    return statuses


def questions(page):
    """The page's requests from now on; those under way already do not count."""
    asked = []
    page.on("request", lambda each: asked.append(each.url))
    return asked


@pytest.fixture
def window(browser, chromium, site, tmp_path):
    """A window of a browser that hides its tabs but one, whose user is logged in.

    Those that Playwright starts itself show all tabs at once.
    """
    flags = ("--headless=new", "--remote-debugging-port=0", f"--user-data-dir={tmp_path}")
    process = subprocess.Popen(
        # The page that it would begin with by itself is long in coming on a busy machine.
        [*chromium, *flags, "--no-first-run", "--disable-background-networking", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        ready = tmp_path / "DevToolsActivePort"
        port = wait_for(lambda: ready.exists() and ready.read_text().split()[:1], "the browser")[0]
        connected = browser.browser_type.connect_over_cdp(f"http://{HOST}:{port}", no_defaults=True)
        context = connected.contexts[0]
        log_in(context, site)
        yield context
        connected.close()
    finally:
        process.kill()
        process.wait()


def test_a_poll_where_nothing_changed_touches_nothing_but_the_time(tracker_page):
    for number in range(3):
        keep(f"t{number}", at=EPOCH + number)
    expect(rows(tracker_page)).to_have_count(3)
    expect_no_marks(tracker_page)
    tracker_page.evaluate(WATCH)
    updated = tracker_page.get_by_text("Updated", exact=False).first.text_content()
    answers(tracker_page, 4)
    expect(tracker_page.get_by_text(updated, exact=True)).to_be_hidden()
    assert tracker_page.evaluate("touched.map(element => element.outerHTML)") == []


def test_a_poll_where_nothing_changed_is_answered_without_a_body(tracker_page):
    keep("t1", "STARTED")
    expect(rows(tracker_page)).to_have_count(1)
    assert set(answers(tracker_page, 3)) == {304}
    keep("t1", "SUCCESS")
    expect(row(tracker_page, "t1")).to_contain_text("Success")
    chip(tracker_page, "Success").click()
    expect(chip(tracker_page, "Success")).to_have_attribute("aria-pressed", "true")
    expect(rows(tracker_page)).to_have_count(1)


def test_only_the_row_that_changed_is_touched_among_two_hundred(page, site):
    for number in range(200):
        keep(f"t{number:03d}", "SUCCESS" if number else "STARTED", at=EPOCH + number)
    page.goto(f"{site}{PAGE}?page_size=200")
    expect(rows(page)).to_have_count(200)
    page.evaluate("window.before = [...document.getElementById('tt-rows').rows]")
    page.wait_for_timeout(300)
    page.evaluate(WATCH)
    keep("t000", "SUCCESS", at=EPOCH + 2000)
    expect(row(page, "t000")).to_contain_text("Success")
    assert page.evaluate(
        "[...document.getElementById('tt-rows').rows].every((row, n) => row === before[n])"
    )
    touched = page.evaluate(
        "[...new Set(touched.map(element => element.closest('tr')).filter(Boolean))]"
        ".map(row => before.indexOf(row))"
    )
    assert touched == [199]


def test_refreshing_keeps_focus_selection_and_scroll(tracker_page):
    for number in range(10):
        keep(f"t{number}", "STARTED", at=EPOCH + number)
    link = details(tracker_page, "Succeed t3")
    link.focus()
    tracker_page.evaluate("scrollTo(0, 300)")
    row(tracker_page, "t5").get_by_role("cell").first.evaluate(
        "cell => getSelection().selectAllChildren(cell)"
    )
    scroll = tracker_page.evaluate("scrollY")
    keep("t3", "SUCCESS", at=EPOCH + 3)
    expect(row(tracker_page, "t3")).to_contain_text("Success")
    keep("t9", "FAILURE", at=EPOCH + 9)
    expect(row(tracker_page, "t9")).to_contain_text("Failure")
    expect(link).to_be_focused()
    assert "Succeed" in tracker_page.evaluate("getSelection().toString()")
    assert tracker_page.evaluate("scrollY") == scroll


def test_the_switch_stops_the_polling_and_the_browser_remembers_it(tracker_page):
    keep("t1")
    expect(rows(tracker_page)).to_have_count(1)
    tracker_page.get_by_role("switch", name="Refresh every").uncheck(force=True)
    asked = questions(tracker_page)
    tracker_page.wait_for_timeout(900)
    assert asked == []
    tracker_page.reload()
    expect(tracker_page.get_by_role("switch", name="Refresh every")).not_to_be_checked()
    expect(rows(tracker_page)).to_have_count(1)
    keep("t2", at=EPOCH + 1)
    tracker_page.get_by_role("button", name="Refresh now").click()
    expect(rows(tracker_page)).to_have_count(2)
    keep("t3", at=EPOCH + 2)
    tracker_page.get_by_role("switch", name="Refresh every").check(force=True)
    expect(rows(tracker_page)).to_have_count(3)


def test_a_hidden_tab_asks_nothing_and_catches_up_when_it_is_seen_again(window, site):
    page = window.pages[0]
    page.goto(f"{site}{PAGE}")
    expect(page.get_by_role("heading", name="No task has run")).to_be_visible()
    other = window.new_page()
    other.bring_to_front()
    wait_for(lambda: page.evaluate("document.hidden"), "the tab to be hidden")
    asked = questions(page)
    other.wait_for_timeout(900)
    assert asked == []
    keep("t1")
    page.bring_to_front()
    expect(rows(page)).to_have_count(1)


def test_two_tabs_show_the_same_and_either_may_act(tracker_page, worker):
    other = tracker_page.context.new_page()
    other.goto(tracker_page.url)
    launchers = other.get_by_role("list", name="Launch a task")
    launchers.get_by_role("button", name="Succeed").click()
    for page in (tracker_page, other):
        expect(row(page, "Succeed")).to_contain_text("Success")
    chip(other, "Success").click()
    expect(chip(other, "Success")).to_have_attribute("aria-pressed", "true")
    expect(chip(tracker_page, "All")).to_have_attribute("aria-pressed", "true")


def test_redis_that_goes_and_comes_back_while_the_page_is_open(page, site, settings):
    server = RedisServer(free_port(), with_module=True)
    settings.CELERY_TASKTRACKER_REDIS_URL = server.url
    page.goto(f"{site}{PAGE}")
    expect(page.get_by_role("heading", name="Redis server does not answer")).to_be_visible()
    server.start()
    try:
        keep()
        expect(rows(page)).to_have_count(1)
        server.kill()
        banner = page.get_by_role("alert")
        expect(banner).to_contain_text("does not answer")
        expect(banner).to_contain_text("Trying again in")
        expect(rows(page)).to_have_count(1)
        server.start()
        keep("t2", "FAILURE")
        # The page retries by itself: a click on "Try now" here may come too late.
        expect(banner).to_be_hidden(timeout=60_000)
        expect(row(page, "t2")).to_contain_text("Failure")
    finally:
        server.kill()


def test_it_asks_less_and_less_often_while_it_fails(tracker_page):
    keep()
    expect(rows(tracker_page)).to_have_count(1)
    tracker_page.clock.install()
    asked = []
    tracker_page.route("**/list/**", lambda route: asked.append(route.request.url) or route.abort())
    banner = tracker_page.get_by_role("alert")

    def tries(seconds):
        before = len(asked)
        for _ in range(int(seconds / 0.3)):
            tracker_page.clock.run_for(300)
        return len(asked) - before

    tries(3)
    expect(banner).to_contain_text("The connection to the server was lost.")
    early, late = tries(6), tries(60)
    assert late / 60 < early / 6
    tracker_page.unroute("**/list/**")
    banner.get_by_role("button", name="Try now").click()
    expect(banner).to_be_hidden()


def test_a_session_that_ran_out_leads_to_the_login_page_and_back(tracker_page):
    keep("t1", "FAILURE")
    chip(tracker_page, "Failure").click()
    expect(rows(tracker_page)).to_have_count(1)
    tracker_page.context.clear_cookies()
    expect(tracker_page.get_by_label("Username")).to_be_visible()
    tracker_page.get_by_label("Username").fill("admin")
    tracker_page.get_by_label("Password").fill("admin")
    tracker_page.get_by_role("button", name="Log in").click()
    expect(chip(tracker_page, "Failure")).to_have_attribute("aria-pressed", "true")
    expect(rows(tracker_page)).to_have_count(1)


def test_an_answer_that_leads_elsewhere_for_ever_is_told_instead_of_loading_for_ever(page, site):
    loads = []
    page.on("load", lambda: loads.append(1))
    elsewhere = {"Location": f"{site}/elsewhere/"}
    page.route("**/list/**", lambda route: route.fulfill(status=302, headers=elsewhere))
    page.goto(f"{site}{PAGE}")
    expect(
        page.get_by_role("heading", name="The server's answer was not understood")
    ).to_be_visible()
    assert len(loads) == 2


def test_a_task_that_ends_is_told_to_who_cannot_see_it(tracker_page):
    keep(state="STARTED")
    expect(row(tracker_page, "Succeed")).to_contain_text("Started")
    keep(state="FAILURE")
    expect(tracker_page.get_by_text("Succeed: Failure", exact=True)).to_be_attached()


def test_a_session_that_ran_out_while_a_dialog_was_open_leads_back_to_it(tracker_page):
    keep("t1", "FAILURE", error="no luck")
    details(tracker_page).click()
    expect(tracker_page.get_by_role("dialog")).to_contain_text("no luck")
    tracker_page.context.clear_cookies()
    tracker_page.get_by_label("Username").fill("admin")
    tracker_page.get_by_label("Password").fill("admin")
    tracker_page.get_by_role("button", name="Log in").click()
    dialog = tracker_page.get_by_role("dialog", name="Succeed")
    expect(dialog).to_contain_text("no luck")
    tracker_page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(rows(tracker_page)).to_have_count(1)
