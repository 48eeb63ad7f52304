"""Takes the pictures of the READMEs: of the demo, in headless Chromium, under each theme.

    python demo/screenshot.py --module target/release/libtracker.so [--output screenshots]

Starts the demo itself, once for each theme, and waits until its page looks alive. django-jazzmin
and django-unfold have to be installed.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Error, Page, sync_playwright

DEMO = Path(__file__).resolve().parent
HOST = "127.0.0.1"
PAGE = "/admin/shop/order/1042/task-tracker/"
OVERVIEW = "/admin/shop/order/task-tracker/"

#: Milliseconds in which the demo's tasks come to what a picture is to show.
PATIENCE = 180_000

#: Whether the table has tasks in the states that people look for.
IS_LIVELY = """() => {
    const states = [...document.querySelectorAll('#tt-rows .tt-badge')]
        .map(badge => badge.dataset.state);
    return states.filter(state => state === 'SUCCESS').length > 2
        && states.includes('STARTED')
        && (states.includes('RETRY') || states.includes('FAILURE'));
}"""


def lively(page):
    """Tasks in several states."""
    page.wait_for_function(IS_LIVELY, timeout=PATIENCE)


def causes(page):
    """What failed, and why."""
    lively(page)
    page.get_by_text("Failures by cause", exact=True).click()
    page.locator(".tt-cause").first.wait_for()


def details_of(name, state):
    """The dialog of a task that is in this state."""

    def show(page):
        page.route("**/task-tracker/tasks/**", _without_the_machines_paths)
        chips = page.get_by_role("group", name="Filter by state")
        chips.get_by_role("button", name=state).click(timeout=PATIENCE)
        page.get_by_role("link", name=f"Details of {name}").first.click(timeout=PATIENCE)
        page.get_by_role("dialog", name=name).get_by_text("Task id").wait_for()

    return show


def workflow(page):
    """The dialog of one of several tasks side by side, some of which have ended."""
    details_of("Pack parcel", "Started")(page)
    page.locator(".tt-tree .tt-badge[data-state=SUCCESS] >> nth=1").wait_for()


def log(page):
    """The lines that a running task has logged so far."""
    details_of("Generate invoice", "Started")(page)
    page.get_by_role("group", name="Log").get_by_text("page 5 ").wait_for()


def several(page):
    """What would happen to all tasks of the page."""
    lively(page)
    page.get_by_role("checkbox", name="Select all tasks on this page").check()
    bar = page.get_by_role("group", name="Selected tasks")
    bar.get_by_role("button", name="Run again").click()
    page.get_by_role("dialog", name="Run the selected tasks again").wait_for()


@dataclass(frozen=True)
class Picture:
    """One picture: its file, the demo's theme, and what is to be seen."""

    file: str
    theme: str = ""
    is_dark: bool = False
    width: int = 1280
    height: int = 860
    page: str = PAGE
    #: What is waited for and done on the page first.
    scene: Callable[[Page], None] = lively


PICTURES = (
    Picture("overview.png", page=OVERVIEW, scene=causes, height=1100),
    Picture("overview-dark.png", page=OVERVIEW, scene=causes, is_dark=True, height=1100),
    Picture("dashboard.png", height=1080),
    Picture("dashboard-dark.png", is_dark=True, height=1080),
    Picture("narrow.png", width=360, height=1100),
    Picture("narrow-dark.png", scene=workflow, is_dark=True, width=360, height=1100),
    Picture("detail.png", scene=details_of("Check fraud", "Failure"), height=800),
    Picture(
        "detail-dark.png", scene=details_of("Book courier", "Failure"), is_dark=True, height=800
    ),
    Picture("workflow.png", scene=workflow, height=800),
    Picture("workflow-dark.png", scene=workflow, is_dark=True, height=800),
    Picture("log.png", scene=log, height=800),
    Picture("several-dark.png", scene=several, is_dark=True, height=800),
    Picture("jazzmin.png", theme="jazzmin", height=960),
    Picture("unfold-dark.png", theme="unfold", is_dark=True, height=960),
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--module", type=Path, required=True, help="path of libtracker.so")
    parser.add_argument("--output", type=Path, default=DEMO.parent / "screenshots")
    parser.add_argument("--only", metavar="FILE", nargs="*", help="these pictures alone")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("screenshot: chromium is not installed")
    wanted = [each for each in PICTURES if not options.only or each.file in options.only]
    options.output.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox"] if os.geteuid() == 0 else [],
        )
        for theme in dict.fromkeys(picture.theme for picture in wanted):
            with running_demo(options.module.resolve(), theme) as site:
                for picture in wanted:
                    if picture.theme == theme:
                        take(browser, site, picture, options.output / picture.file)
                        print(options.output / picture.file, flush=True)
        browser.close()


@contextmanager
def running_demo(module, theme):
    """The address of a demo of its own."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as state:
        demo = subprocess.Popen(
            [
                *(sys.executable, DEMO / "run.py", "--module", module),
                *("--port", str(port), "--state", state),
            ],
            env={"DEMO_RECORDS": "6000", **os.environ, "DEMO_THEME": theme},
            stdout=subprocess.DEVNULL,
        )
        try:
            yield await_site(demo, f"http://{HOST}:{port}")
        finally:
            # After the second signal it does not wait for running tasks.
            while demo.poll() is None:
                demo.send_signal(signal.SIGTERM)
                time.sleep(1.2)


def await_site(demo, site):
    deadline = time.monotonic() + 60
    while True:
        if demo.poll() is not None or time.monotonic() > deadline:
            sys.exit("screenshot: the demo did not start")
        try:
            urllib.request.urlopen(site + PAGE).close()
            return site
        except OSError:
            time.sleep(0.2)


def take(browser, site, picture, file):
    context = browser.new_context(
        viewport={"width": picture.width, "height": picture.height},
        color_scheme="dark" if picture.is_dark else "light",
        locale="en-GB",
        timezone_id="Europe/Berlin",
    )
    page = context.new_page()
    page.add_init_script("localStorage.setItem('django.admin.navSidebarIsOpen', 'false')")
    page.goto(site + picture.page)
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", "admin")
    page.locator("[type=submit]").last.click()
    expect_rows(page)
    picture.scene(page)
    page.wait_for_timeout(2200)  # until the marks of changed rows have faded
    page.screenshot(path=file)
    context.close()


def expect_rows(page):
    """Waits for the table. Where it does not come, says what the page shows instead."""
    try:
        page.locator("#tt-rows tr").first.wait_for()
    except Error:
        sys.exit(f"screenshot: the page has no tasks: {page.locator('#tt-history').inner_text()}")


def _without_the_machines_paths(route):
    """Removes this machine's paths."""
    response = route.fetch()
    body = response.text().replace(sys.prefix, "/srv/shop/.venv")
    route.fulfill(response=response, body=body.replace(str(DEMO), "/srv/shop"))


if __name__ == "__main__":
    try:
        main()
    except Error as error:
        sys.exit(f"screenshot: {error}")
