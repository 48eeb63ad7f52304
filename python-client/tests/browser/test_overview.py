"""The overview in the browser: one journey from the row to the task and its object."""

import pytest
from dashboard import OVERVIEW, chip, details, keep_in_overview, row, rows, said
from playwright.sync_api import expect

from shop.models import Order

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_reader_finds_what_is_wrong_acts_on_it_and_goes_to_its_object(new_page, site, broker):
    Order.objects.create(pk=7)
    page = new_page()
    keep_in_overview("good", 1042)
    page.goto(f"{site}/backstage/shop/order/")
    page.get_by_role("link", name="Task Tracker").click()
    expect(page).to_have_url(f"{site}{OVERVIEW}")
    expect(rows(page)).to_have_count(1)
    expect(row(page, "Succeed").get_by_role("link", name="Order 1042")).to_be_visible()

    # A task of another order appears by itself.
    keep_in_overview("bad", 7, "FAILURE", error="no stock", args="[7]", kwargs="{}", replayable="1")
    expect(rows(page)).to_have_count(2)
    chip(page, "Failure").click()
    expect(rows(page)).to_have_count(1)
    expect(row(page, "no stock")).to_contain_text("Order 7")

    # Its dialog has what only the order's own record has, and can run it again.
    details(page).click()
    dialog = page.get_by_role("dialog", name="Succeed")
    expect(dialog).to_contain_text("[7]")
    expect(dialog.get_by_role("link", name="Order 7")).to_be_visible()
    dialog.get_by_role("button", name="Run again").click()
    again = page.get_by_role("dialog", name="Run “Succeed” again?")
    again.get_by_role("button", name="Run again").click()
    said(page).get_by_role("button", name="Details").click()
    expect(dialog).to_contain_text("Runs again")

    # From there to the order, and back to all orders.
    dialog.get_by_role("link", name="Order 7").click()
    expect(page).to_have_url(f"{site}/backstage/shop/order/7/task-tracker/")
    expect(rows(page)).to_have_count(2)
    page.get_by_role("link", name="All orders").click()
    expect(page).to_have_url(f"{site}{OVERVIEW}")
    expect(rows(page)).to_have_count(3)
