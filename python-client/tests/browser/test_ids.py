"""Ids of any characters, of objects and of tasks."""

import pytest
from dashboard import details, rows, said
from django.contrib.admin.utils import quote
from playwright.sync_api import expect

from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.writes import Event
from shop.models import Shelf

pytestmark = pytest.mark.django_db(transaction=True)

STRANGE = "a/b {c} 100% ü?#&=+_2F“قفسه”"


@pytest.mark.parametrize("task_id", [STRANGE, "a/../b", "/", "%2E%2E", " x "])
def test_a_task_of_a_strange_id_of_an_object_of_a_strange_key(page, site, task_id):
    Shelf.objects.create(code=STRANGE)
    event = Event((ObjectRef("shop.shelf", STRANGE),), task_id, "shop.tasks.dust", "SUCCESS", 0, 1)
    get_client().write([event])
    page.goto(f"{site}/admin/shop/shelf/{quote(STRANGE)}/task-tracker/")
    expect(page.get_by_role("heading", name=STRANGE)).to_be_visible()
    expect(rows(page)).to_have_count(1)
    details(page).click()
    dialog = page.get_by_role("dialog", name="Dust")
    expect(dialog).to_contain_text("Finished")
    page.reload()
    expect(dialog).to_contain_text("Finished")
    dialog.get_by_role("button", name="Copy: Task id").click()
    expect(said(page)).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == task_id
