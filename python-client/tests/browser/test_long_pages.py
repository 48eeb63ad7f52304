"""A page of more rows than the window shows, whatever the theme of the admin."""

from itertools import pairwise

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


def test_hundreds_of_rows_appear_over_several_frames(page, site):
    keep_many(200, "SUCCESS")
    page.add_init_script(
        """
        window.shown = [];
        const count = () => {
            window.shown.push(document.querySelectorAll(".tt-table tbody tr:not([hidden])").length);
            requestAnimationFrame(count);
        };
        requestAnimationFrame(count);
        """
    )
    page.goto(f"{site}{PAGE}?page_size=200")
    expect(rows(page)).to_have_count(200)
    shown = page.evaluate("window.shown")
    # Those of the first answer, and of the frame after it.
    assert max(later - before for before, later in pairwise(shown)) <= 100
