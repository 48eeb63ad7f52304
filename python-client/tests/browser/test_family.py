"""The chain, group or chord that a task is a part of, in its dialog."""

import pytest
from dashboard import EPOCH, PAGE, details, expect_address, keep, row
from playwright.sync_api import expect

pytestmark = pytest.mark.django_db(transaction=True)


def keep_chord():
    """A task, then two side by side, one of which still runs."""
    keep("first", name="shop.tasks.greet", root_id="first")
    keep(
        "good",
        at=EPOCH + 1,
        root_id="first",
        parent_id="first",
        group_id="the-group",
        chord_id="body",
    )
    keep(
        "busy",
        "STARTED",
        "shop.tasks.sleep",
        EPOCH + 2,
        root_id="first",
        parent_id="first",
        group_id="the-group",
    )


def dialog(page, name="Greet"):
    return page.get_by_role("dialog", name=name, exact=True)


def workflow(page, name="Greet"):
    return dialog(page, name).locator("section").filter(has_text="Workflow")


def test_a_workflow_is_a_tree_that_is_followed_while_it_runs(tracker_page):
    keep_chord()
    details(tracker_page, "Greet").click()
    tree = workflow(tracker_page)
    expect(tree).to_contain_text("2 of 3 done")
    items = tree.get_by_role("listitem")
    expect(items).to_have_count(4)
    group = items.filter(has_text="Group").first
    expect(group.get_by_role("listitem")).to_have_count(2)
    expect(group).to_contain_text("then")
    expect(group).to_contain_text("1 of 2 done")
    expect(items.first).to_contain_text("Greet")
    expect(items.first.get_by_role("link")).to_have_count(0)
    expect(tree.get_by_role("progressbar", name="Workflow")).to_be_visible()
    tree.get_by_role("link", name="Sleep").focus()
    keep("busy", "FAILURE", "shop.tasks.sleep", EPOCH + 3)
    keep("body", "PENDING", at=EPOCH + 4, root_id="first", parent_id="busy")
    expect(tree).to_contain_text("3 of 4 done, 1 failed")
    expect(items.last).to_contain_text("then")
    expect(items.last).to_contain_text("body")
    expect(tree.get_by_role("link", name="Sleep")).to_be_focused()


def test_its_links_lead_from_task_to_task_and_back(tracker_page):
    keep_chord()
    keep("other", at=EPOCH + 9, root_id="elsewhere", rerun_of="good")
    expect(row(tracker_page, "other")).to_be_visible()
    details(tracker_page, "Sleep").click()
    busy, greet = dialog(tracker_page, "Sleep"), dialog(tracker_page)
    busy.get_by_role("link", name="the-group").press("Enter")
    expect(workflow(tracker_page, "Sleep").locator(":focus")).to_contain_text("Group")
    root = busy.locator("dl > div").filter(has_text="Root task")
    root.get_by_role("link", name="first").press("Enter")
    expect(greet).to_be_visible()
    expect(greet.get_by_role("heading", name="Greet")).to_be_focused()
    expect_address(tracker_page, "task_id=first")
    workflow(tracker_page).get_by_role("link", name="Succeed").click()
    good = dialog(tracker_page, "Succeed")
    expect(good).to_contain_text("Parent task")
    tracker_page.go_back()
    expect(greet).to_be_visible()
    tracker_page.keyboard.press("Escape")
    expect(greet).to_be_hidden()
    expect_address(tracker_page, "")
    expect(details(tracker_page, "Sleep")).to_be_focused()
    details(tracker_page, "Succeed").first.click()
    expect(good.get_by_role("link", name="good")).to_be_visible()
    expect(good.get_by_role("link", name="elsewhere")).to_have_count(0)
    expect(good).to_contain_text("elsewhere")
    expect(workflow(tracker_page, "Succeed")).to_have_count(0)


def test_a_task_that_moves_on_meanwhile_has_one_state_in_the_dialog(page, site, settings):
    settings.TASK_TRACKER_REFRESH_INTERVAL = 3600
    keep_chord()

    def end_before_the_family_is_asked_for(route):
        keep("busy", "SUCCESS", "shop.tasks.sleep", EPOCH + 3)
        route.continue_()

    page.route("**/family/**", end_before_the_family_is_asked_for)
    page.goto(f"{site}{PAGE}?task_id=busy")
    shown = dialog(page, "Sleep")
    expect(workflow(page, "Sleep")).to_contain_text("3 of 3 done")
    expect(shown.get_by_role("button", name="Run again")).to_be_visible()
    expect(shown.get_by_role("button", name="Revoke")).to_be_hidden()
    expect(shown).not_to_contain_text("There is no result yet.")


def test_a_dialog_that_the_address_opened_is_closed_after_following_a_link(page, site):
    keep_chord()
    page.goto(f"{site}{PAGE}?task_id=busy")
    workflow(page, "Sleep").get_by_role("link", name="Greet").click()
    expect(dialog(page)).to_be_visible()
    dialog(page).get_by_role("button", name="Close").click()
    expect(dialog(page)).to_be_hidden()
    expect_address(page, "")
    expect(page.get_by_role("dialog")).to_have_count(0)
