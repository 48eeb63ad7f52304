"""Takes a screenshot of a task page of the running demo, in headless Chromium.

    python demo/screenshot.py http://127.0.0.1:8000/admin/shop/order/1042/task-tracker/ page.png

Waits until the page shows tasks in enough different states to look alive.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("output", type=Path)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=860)
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--states", type=int, default=5, help="different states among the rows")
    parser.add_argument("--user", default="admin")
    parser.add_argument("--password", default="admin")
    parser.add_argument("--sidebar", action="store_true", help="leave the admin's sidebar open")
    parser.add_argument("--open", metavar="STATE", help="open the details of a row in this state")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("screenshot: chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox"] if os.geteuid() == 0 else [],
        )
        page = browser.new_page(
            viewport={"width": options.width, "height": options.height},
            color_scheme="dark" if options.dark else "light",
            device_scale_factor=options.scale,
        )
        if not options.sidebar:
            page.add_init_script("localStorage.setItem('django.admin.navSidebarIsOpen', 'false')")
        page.goto(options.url)
        if page.locator("#login-form").count():
            page.fill("[name=username]", options.user)
            page.fill("[name=password]", options.password)
            page.click("[type=submit]")
        page.wait_for_function(
            "wanted => new Set([...document.querySelectorAll('tbody .tt-badge')]"
            ".map(badge => badge.dataset.state)).size >= wanted",
            arg=options.states,
            timeout=120_000,
        )
        if options.open:
            row = page.locator(f"tr:has(.tt-badge[data-state={options.open}])").first
            row.get_by_role("button", name="Details").click()
        page.wait_for_timeout(1800)  # until the marks of changed rows have faded
        options.output.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=options.output)
        browser.close()


if __name__ == "__main__":
    main()
