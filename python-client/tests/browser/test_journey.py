"""The whole way of a reader, with a real worker and a real tracker."""

from dashboard import details, row, rows, said
from playwright.sync_api import expect


def test_from_the_login_to_a_task_that_turns_to_success_without_a_reload(page, site, worker):
    page.context.clear_cookies()
    page.goto(f"{site}/admin/")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill("admin")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="Orders", exact=True).first.click()
    page.get_by_role("link", name="Order 1042").click()
    page.get_by_role("link", name="Task Tracker").click()
    expect(page.get_by_role("heading", name="Order 1042")).to_be_visible()
    expect(page.get_by_role("heading", name="No task has run for this object yet")).to_be_visible()
    page.evaluate("window.sameDocument = true")
    launchers = page.get_by_role("list", name="Launch a task")
    launchers.get_by_role("button", name="Retry once").click()
    expect(said(page)).to_contain_text("“Retry once” was sent")
    expect(rows(page)).to_have_count(1)
    retried = row(page, "Retry once")
    expect(retried.get_by_role("img", name="attempt 2 of 3")).to_be_visible()
    expect(retried).to_contain_text("Success")
    expect(retried).to_contain_text("ran")
    details(page, "Retry once").click()
    dialog = page.get_by_role("dialog", name="Retry once")
    expect(dialog).to_contain_text("second time lucky")
    expect(dialog).to_contain_text("ConnectionError: try later")
    assert page.evaluate("window.sameDocument")
