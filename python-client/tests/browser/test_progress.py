"""An order's page for its customer, under a strict Content-Security-Policy."""

import re

import pytest
from dashboard import EPOCH, keep
from django.contrib.auth.models import User
from playwright.sync_api import expect

from shop.models import Customer, Order


@pytest.fixture
def order_page(page, site, settings):
    """The page of order 1042, for its customer."""
    settings.TASK_TRACKER_PROGRESS_PERMISSION = "shop.customers.may_see"
    User.objects.filter(username="admin").update(email="ada@mail.example")
    page.goto(f"{site}/orders/1042/")
    return page


def test_progress_moves_and_ends_without_a_reload(order_page, site):
    bar = order_page.get_by_role("progressbar", name="Your invoice")
    state = order_page.get_by_role("status")
    order_page.evaluate(
        "document.addEventListener('task-tracker:ended', (e) => (window.ended = e.detail))"
    )
    expect(state).to_be_hidden()
    keep(state="PENDING", name="shop.tasks.sleep")
    expect(state).to_have_text("Waiting")
    expect(bar).to_be_hidden()
    keep(state="STARTED", name="shop.tasks.sleep")
    expect(state).to_have_text("Running")
    expect(bar).not_to_have_attribute("value", re.compile("."))
    for current in (1, 15):
        keep(
            state="STARTED", name="shop.tasks.sleep", progress=f'{{"current":{current},"total":30}}'
        )
        expect(bar).to_have_attribute("value", str(current))
        expect(bar).to_have_attribute("max", "30")
    keep(state="SUCCESS", name="shop.tasks.sleep")
    expect(state).to_have_text("Done")
    expect(bar).to_be_hidden()
    assert order_page.evaluate("window.ended.state") == "SUCCESS"

    # It asks no more, until the page says that there is another task.
    asked = []
    order_page.on("request", lambda request: asked.append(request.url))
    order_page.wait_for_timeout(700)
    assert asked == []
    keep("t2", "STARTED", "shop.tasks.sleep", at=EPOCH + 1000)
    order_page.evaluate(
        "document.querySelector('.task-tracker-progress')"
        ".dispatchEvent(new Event('task-tracker:watch', {bubbles: true}))"
    )
    expect(state).to_have_text("Running")

    # Whoever may not see it any more is asked for no longer.
    Order.objects.filter(pk=1042).update(customer=Customer.objects.create(name="Grace"))
    with order_page.expect_response(lambda response: response.status == 404):
        pass
    asked.clear()
    order_page.wait_for_timeout(700)
    assert asked == []
    order_page.goto(f"{site}/orders/1042/")
    expect(order_page.get_by_role("heading")).to_be_visible()
    assert order_page.locator(".task-tracker-progress").count() == 0
