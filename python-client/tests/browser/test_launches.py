"""Several launches of one task, one of which asks first."""

import re

import pytest
from dashboard import PAGE, row, rows, said
from playwright.sync_api import expect

pytestmark = pytest.mark.django_db(transaction=True)


def launcher(page, name):
    launchers = page.get_by_role("list", name="Launch a task")
    return launchers.get_by_role("button", name=re.compile(f"^{name}"))


def test_a_launch_asks_where_it_should_and_its_end_is_seen_without_a_poll(
    page, site, settings, worker
):
    settings.TASK_TRACKER_REFRESH_INTERVAL = 3600
    page.goto(f"{site}{PAGE}")
    launcher(page, "Import lines: For good").click()
    dialog = page.get_by_role("dialog", name="Import lines: For good")
    expect(dialog).to_contain_text("This changes <b>1,000</b> rows.")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    launcher(page, "Import lines: For good").click()
    dialog.get_by_role("button", name="Launch").click()
    expect(said(page)).to_contain_text("“Import lines” was sent")
    expect(row(page, "Import lines")).to_contain_text("Success")
    expect(rows(page)).to_have_count(1)


def test_the_other_launch_does_not_ask(tracker_page, worker):
    expect(launcher(tracker_page, "Import lines: Dry run")).to_contain_text("is_dry=true")
    launcher(tracker_page, "Import lines: Dry run").click()
    expect(row(tracker_page, "Import lines")).to_be_visible()
