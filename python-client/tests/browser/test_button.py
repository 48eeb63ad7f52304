"""The button on the change form and the column in the list, whatever the theme of the admin."""

import pytest
from dashboard import PAGE, chip, keep, rows
from playwright.sync_api import expect

pytestmark = pytest.mark.django_db(transaction=True)


def is_on_top(link):
    """Whether nothing lies over the middle of ``link``."""
    return link.evaluate(
        """element => {
            const box = element.getBoundingClientRect();
            const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
            return element.contains(top);
        }"""
    )


def test_the_button_is_seen_and_leads_to_the_page(page, site):
    keep()
    page.goto(f"{site}/admin/shop/order/1042/change/")
    button = page.get_by_role("link", name="Task Tracker")
    expect(button).to_be_visible()
    assert is_on_top(button)
    button.click()
    expect(page).to_have_url(f"{site}{PAGE}")
    expect(rows(page)).to_have_count(1)


def test_the_column_is_seen_and_leads_to_the_page(page, site, settings):
    settings.TASK_TRACKER_CHANGELIST_COLUMN = True
    keep("t1", "FAILURE")
    keep("t2")
    page.goto(f"{site}/admin/shop/order/")
    expect(page.get_by_role("columnheader", name="Tasks")).to_be_visible()
    state = page.get_by_role("link", name="Success", exact=True)
    expect(state).to_be_visible()
    # Its mark comes from the style sheet.
    mark = state.evaluate("element => getComputedStyle(element, '::before').backgroundColor")
    assert mark == "rgb(43, 154, 74)"
    page.get_by_role("link", name="1 failure").click()
    expect(rows(page)).to_have_count(1)
    expect(chip(page, "Failure 1")).to_have_attribute("aria-pressed", "true")
