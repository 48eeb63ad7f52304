import os
import shutil

import pytest
from dashboard import PAGE, log_in
from django.contrib.auth.models import User
from playwright.sync_api import expect, sync_playwright

from shop.models import Customer, Order

#: Milliseconds that anything on a page may take, even on a busy machine.
PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def chromium():
    """The command that starts it."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.fail("Chromium is missing. On Debian: apt-get install chromium", pytrace=False)
    return [found, *(["--no-sandbox"] if os.geteuid() == 0 else [])]


@pytest.fixture(scope="session")
def browser(chromium):
    # Playwright's loop runs in this thread, where Django would refuse the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium[0],
            args=chromium[1:],
        )
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def site(live_server, settings, tracker):
    """The shop with order 1042."""
    settings.TASK_TRACKER_REFRESH_INTERVAL = 0.3
    User.objects.create_superuser("admin", password="admin")
    ada = Customer.objects.create(name="Ada", email="ada@mail.example")
    Order.objects.create(pk=1042, customer=ada)
    return live_server.url


@pytest.fixture
def new_page(browser, site):
    """``new_page(**options)``: a page in a browser of its own, whose user is logged in.

    At the end no page may have logged an error. A test removes the errors that it provokes from
    ``page.complaints``.
    """
    contexts = []
    complaints = []

    def new_page(**options):
        options = {"locale": "en-GB", "viewport": {"width": 1280, "height": 900}} | options
        context = browser.new_context(**options)
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site)
        context.on("page", lambda page: listen(page))
        contexts.append(context)
        log_in(context, site)
        return context.new_page()

    def listen(page):
        page.set_default_timeout(PATIENCE)
        page.complaints = complaints
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                message.type == "error"
                # The browser's own word for an answer with status 503, which some tests provoke.
                and not message.text.startswith("Failed to load resource")
                and complaints.append(message.text)
            ),
        )

    yield new_page
    # No test may leave a request of the page behind in the server that ends with the test.
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(new_page):
    return new_page()


@pytest.fixture
def tracker_page(page, site):
    """The dashboard of order 1042."""
    page.goto(f"{site}{PAGE}")
    expect(page.get_by_text("Loading")).to_be_hidden()
    return page
