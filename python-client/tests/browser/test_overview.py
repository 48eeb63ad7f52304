"""The overview in the browser: one journey from the row to the task and its object."""

import pytest
from dashboard import OVERVIEW, chip, details, keep_in_overview, row, rows, said
from django.contrib.admin.models import LogEntry
from playwright.sync_api import expect

from shop.admin import backstage
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


def test_acts_are_offered_and_done_as_each_object_allows(page, site, monkeypatch):
    """Here nobody may change order 1042, and nobody may revoke or launch tasks of order 8."""
    for pk in (7, 8):
        Order.objects.create(pk=pk)
    orders = type(backstage._registry[Order])
    for method, pk in (
        ("has_change_permission", 1042),
        ("has_task_tracker_launch_permission", 8),
        ("has_task_tracker_revoke_permission", 8),
    ):

        def allows(self, request, obj=None, pk=pk):
            return obj is None or obj.pk != pk

        monkeypatch.setattr(orders, method, allows, raising=False)
    for pk in (7, 8, 1042):
        keep_in_overview(f"e{pk}", pk)
        keep_in_overview(f"w{pk}", pk, "PENDING")
    page.goto(f"{site}{OVERVIEW}")
    expect(rows(page)).to_have_count(6)

    def offered(task_id):
        acts = {"run": f"Run Succeed {task_id} again", "revoke": f"Revoke Succeed {task_id}"}
        buttons = row(page, task_id).get_by_role("button")
        names = [each.get_attribute("aria-label") for each in buttons.filter(visible=True).all()]
        return [act for act, name in acts.items() if name in names]

    assert offered("e7") == ["run"]
    assert offered("w7") == ["revoke"]
    for task_id in ("e8", "w8", "e1042", "w1042"):
        assert offered(task_id) == []
    details(page, "Succeed e8").click()
    dialog = page.get_by_role("dialog", name="Succeed")
    expect(dialog.get_by_role("button", name="Remove record")).to_be_visible()
    expect(dialog.get_by_role("button", name="Run again")).to_be_hidden()
    dialog.get_by_role("button", name="Close").click()

    bar = page.get_by_role("group", name="Selected tasks")
    page.get_by_role("checkbox", name="Select all tasks on this page").check()
    bar.get_by_role("button", name="Remove records").click()
    dialog = page.get_by_role("dialog", name="Remove records (4)?")
    expect(dialog).to_contain_text("2 left out: You do not have permission to do this.")
    expect(dialog).to_contain_text("Not finished: 2.")
    dialog.get_by_role("button", name="Remove", exact=True).click()
    expect(said(page)).to_contain_text("Records removed: 4.")
    expect(rows(page)).to_have_count(2)
    for task_id in ("e1042", "w1042"):
        expect(row(page, task_id)).to_be_visible()
    assert {entry.object_id for entry in LogEntry.objects.all()} == {"7", "8"}
