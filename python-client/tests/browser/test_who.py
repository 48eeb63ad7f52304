"""Who launched and who revoked a task is in its dialog."""

import pytest
from dashboard import details, keep
from playwright.sync_api import expect

pytestmark = pytest.mark.django_db(transaction=True)


def moment(page, name):
    return page.get_by_role("dialog").get_by_role("listitem").filter(has_text=name)


def test_who_launched_a_task_is_in_its_timeline(tracker_page):
    keep("t1", "PENDING", launched_by="<b>ada</b>")
    keep("t1", at=1_700_000_000_500)
    details(tracker_page).click()
    expect(moment(tracker_page, "Published")).to_contain_text("by <b>ada</b>")
    expect(moment(tracker_page, "Finished")).not_to_contain_text("by ")
    expect(tracker_page.get_by_role("dialog")).to_contain_text("Launched by")


def test_who_revoked_a_task_is_in_its_timeline(tracker_page, broker):
    keep("t1", "PENDING")
    tracker_page.get_by_role("button", name="Revoke Succeed t1").click()
    asked = tracker_page.get_by_role("dialog", name="Revoke this task?")
    with tracker_page.expect_response("**/revoke/"):
        asked.get_by_role("button", name="Revoke").click()
    keep("t1", "REVOKED", at=1_700_000_000_500)
    details(tracker_page).click()
    expect(moment(tracker_page, "Finished")).to_contain_text("by admin")
    expect(tracker_page.get_by_role("dialog")).to_contain_text("Revoke requested by")
    expect(moment(tracker_page, "Published")).not_to_contain_text("by ")
