"""What axe-core finds on the page, in light and dark, whatever the theme of the admin."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from dashboard import (
    OVERVIEW,
    PAGE,
    chip,
    details,
    expect_no_marks,
    keep_in_overview,
    keep_one_of_each_state,
    rows,
)
from playwright.sync_api import expect

pytestmark = pytest.mark.django_db(transaction=True)


def findings(page):
    """What axe-core finds that is serious or critical, within the page that is ours."""
    found = Axe().run(page, context="#task-tracker").response["violations"]
    return [
        (each["id"], [node["html"][:200] for node in each["nodes"]])
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(new_page, site, scheme):
    page = new_page(color_scheme=scheme, reduced_motion="reduce")
    keep_one_of_each_state()
    page.goto(f"{site}{PAGE}")
    expect(rows(page)).to_have_count(10)
    page.get_by_role("switch", name="Refresh every").uncheck(force=True)
    expect_no_marks(page)
    assert findings(page) == []
    for fold in ("At a glance", "Failures by cause", "What is usual"):
        page.get_by_text(fold, exact=True).click()
    expect(page.get_by_role("row", name="Succeed").first).to_be_visible()
    assert findings(page) == []
    page.get_by_role("button", name="As a table").click()
    assert findings(page) == []
    page.get_by_text("At a glance", exact=True).click()
    page.get_by_role("button", name="Filter by task").click()
    assert findings(page) == []
    page.keyboard.press("Escape")
    chip(page, "Failure").click()
    expect(rows(page)).to_have_count(1)
    assert findings(page) == []
    details(page).click()
    expect(page.get_by_role("dialog")).to_contain_text("Traceback")
    assert findings(page) == []
    page.keyboard.press("Escape")
    chip(page, "Failure").click()
    page.get_by_role("button", name="Revoke all active").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert findings(page) == []


def test_axe_finds_nothing_serious_where_there_is_nothing_to_show(tracker_page):
    expect(tracker_page.get_by_role("heading", name="No task has run")).to_be_visible()
    assert findings(tracker_page) == []


def test_axe_finds_nothing_serious_on_the_overview(new_page, site):
    page = new_page(color_scheme="dark", reduced_motion="reduce")
    keep_in_overview("t1", 1042, "FAILURE", error="wrong")
    keep_in_overview("t2", 99)
    page.goto(f"{site}{OVERVIEW}")
    expect(rows(page)).to_have_count(2)
    page.get_by_role("switch", name="Refresh every").uncheck(force=True)
    expect_no_marks(page)
    assert findings(page) == []
    details(page).first.click()
    expect(page.get_by_role("dialog")).to_contain_text("Arguments")
    assert findings(page) == []
