"""A page of more rows than the window shows, whatever the theme of the admin."""

import pytest
from dashboard import PAGE, details, keep_many, rows
from playwright.sync_api import expect

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_head_of_the_table_stays_in_sight_and_hides_nothing_that_has_the_focus(page, site):
    keep_many(50, "SUCCESS")
    page.goto(f"{site}{PAGE}?page_size=50")
    expect(rows(page)).to_have_count(50)
    head = page.get_by_role("columnheader", name="Task", exact=True)
    details(page).nth(40).focus()
    expect(head).to_be_in_viewport(ratio=1)
    for _ in range(30):
        page.keyboard.press("Shift+Tab")
    # A theme may scroll smoothly.
    page.wait_for_function(
        "head => document.activeElement.getBoundingClientRect().top"
        " >= head.getBoundingClientRect().bottom",
        arg=head.element_handle(),
    )
