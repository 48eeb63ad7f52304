"""The demo, run as `make demo` runs it."""

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from html import unescape
from pathlib import Path

import pytest
import redis

from servers import HOST, REPOSITORY, MissingModule, everything_in, free_port, module_path, wait_for

#: Prints the widths of the list of orders, what of it is shown, and what is beside it. In a process
#: of its own, because the one of the tests may have another browser.
LOOK = """
import json, shutil, sys
from playwright.sync_api import sync_playwright
chromium = shutil.which("chromium") or shutil.which("chromium-browser")
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    page.goto(sys.argv[1])
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", "admin")
    page.locator("[type=submit]").last.click()
    page.locator("#result_list").wait_for()
    results = page.locator(".results")
    print(json.dumps({
        "page": page.evaluate("document.documentElement.scrollWidth"),
        "list": results.evaluate("({scrollWidth, clientWidth}) => [scrollWidth, clientWidth]"),
        "column": page.locator(".column-task_tracker_status").is_visible(),
        "filter": page.locator("#changelist-filter").get_by_text("No sign of life").is_visible(),
    }))
    browser.close()
"""

RUN = REPOSITORY / "python-client" / "demo" / "run.py"


class Demo:
    def __init__(self, state, port=None, module=None, records=None):
        self.port = port or free_port()
        self.state = state
        self.temp = Path(tempfile.gettempdir())
        self.log = tempfile.TemporaryFile()  # noqa: SIM115
        command = [sys.executable, RUN, "--module", module or module_path()]
        self.process = subprocess.Popen(
            [*command, "--port", str(self.port), "--state", state],
            env={**os.environ, **({"DEMO_RECORDS": str(records)} if records else {})},
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def output(self):
        return everything_in(self.log)

    def wait_until_ready(self):
        def ready():
            assert self.process.poll() is None, self.output()
            return "Ctrl-C ends the demo." in self.output()

        wait_for(ready, "the demo to be ready", seconds=60)

    def wait_until_busy(self):
        """Until the task runs that takes half a minute."""
        wait_for(
            lambda: [
                task
                for task in self.history()
                if task["name"] == "shop.tasks.generate_invoice" and task["state"] == "STARTED"
            ],
            "the invoice to be in the making",
        )

    @property
    def redis_port(self):
        return int(re.search(r"redis-cli -p (\d+)", self.output())[1])

    def history(self):
        with redis.Redis(port=self.redis_port) as client:
            reply = client.execute_command(
                *("TRACKER.QUERY", "shop.order", "1042", "SIZE", 100, "FORMAT", "JSON")
            )
        return json.loads(reply)["tasks"]

    def stats_of_orders(self):
        """The counts of each order's tasks, by the order's key."""
        with sqlite3.connect(self.state / "shop.sqlite3") as shop:
            orders = [pk for (pk,) in shop.execute("select id from shop_order")]
        with redis.Redis(port=self.redis_port) as client, client.pipeline() as pipeline:
            for pk in orders:
                pipeline.execute_command("TRACKER.STATS", "shop.order", pk, "FORMAT", "JSON")
            return dict(zip(orders, map(json.loads, pipeline.execute()), strict=True))

    def processes(self):
        """The parts of this demo that run: process ids and command lines.

        Redis writes over its environment when it sets its title, but works in the demo's own
        directory; the others know the directory of its state.
        """
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                environment = (process / "environ").read_bytes()
                command = (process / "cmdline").read_bytes()
                directory = str((process / "cwd").readlink())
            except OSError:
                continue
            if (
                f"DEMO_STATE_DIR={self.state}".encode() in environment
                or Path(directory).parent == self.temp
            ):
                found[int(process.name)] = command.replace(b"\0", b" ").decode().strip()
        return found

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            time.sleep(1.1)
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
        self.log.close()


@pytest.fixture
def start(tmp_path, monkeypatch):
    """``start()``: a demo whose state and temporary files are the test's own."""
    (tmp_path / "temp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temp"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
    demos = []

    def start(**options):
        demos.append(Demo(tmp_path / "state", **options))
        return demos[-1]

    try:
        module_path()
    except MissingModule as error:
        pytest.fail(str(error), pytrace=False)
    yield start
    for demo in demos:
        demo.kill()


def test_it_lives_and_a_killed_redis_harms_no_task(start, tmp_path):
    demo = start()
    demo.wait_until_ready()
    address = f"http://{HOST}:{demo.port}/admin/shop/order/1042/task-tracker/"
    assert address in demo.output()
    assert b'name="password"' in urllib.request.urlopen(address).read()

    seen = set()
    wait_for(
        lambda: len(seen.update(task["state"] for task in demo.history()) or seen) >= 5,
        "five states",
        seconds=40,
    )
    demo.wait_until_busy()
    with sqlite3.connect(tmp_path / "state" / "shop.sqlite3") as shop:
        invoice = "select invoice_number from shop_order where id = 1042"
        assert shop.execute(invoice).fetchone() == ("",)
        (server,) = [pid for pid, command in demo.processes().items() if "redis-server" in command]
        os.kill(server, signal.SIGKILL)
        # One part has ended, so the demo does; the worker finishes its task first.
        assert demo.process.wait(60) == 1
        assert shop.execute(invoice).fetchone() == ("2026-01042",)
    assert "The redis has ended" in demo.output()
    assert demo.processes() == {}
    assert list((tmp_path / "temp").iterdir()) == []


def test_most_orders_have_tasks_to_see_and_it_ends_at_once_on_a_second_signal(start, tmp_path):
    demo = start(records=3000)
    demo.wait_until_ready()
    stats = demo.stats_of_orders()
    assert len(stats) == 75
    assert sum(each["total"] > 0 for each in stats.values()) >= 65
    assert sum(each["total"] for each in stats.values()) > 2500
    states = Counter()
    for each in stats.values():
        states.update(each["states"])
    assert all(states[each] for each in ("SUCCESS", "FAILURE", "STARTED", "PENDING", "IGNORED"))
    assert 0.01 < states["FAILURE"] / states["SUCCESS"] < 0.15
    demo.wait_until_busy()
    customer = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    page = customer.open(f"http://{HOST}:{demo.port}/customer/").read().decode()
    address = unescape(re.search(r'data-task-tracker-progress="([^"]*invoice)"', page)[1])
    address = f"http://{HOST}:{demo.port}{address}"
    told = json.load(customer.open(address))
    assert (told["task"], told["total"]) == ("Generate invoice", 30)
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(address)
    assert len(demo.processes()) >= 4
    demo.process.send_signal(signal.SIGINT)
    demo.process.send_signal(signal.SIGINT)  # the same one, passed on by another process
    wait_for(lambda: "Ending" in demo.output(), "the demo to begin to end")
    time.sleep(1.1)
    assert demo.process.poll() is None
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(20) == 0
    assert demo.processes() == {}
    assert list((tmp_path / "temp").iterdir()) == []
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"http://{HOST}:{demo.port}/")


def test_it_ends_cleanly_while_it_still_starts(start, tmp_path):
    demo = start()
    wait_for(lambda: "Preparing" in demo.output(), "the demo to begin")
    demo.process.send_signal(signal.SIGTERM)
    demo.process.wait(20)
    assert demo.processes() == {}
    assert list((tmp_path / "temp").iterdir()) == []


def test_a_taken_port_is_said_in_one_line(start):
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        demo = start(port=port)
        assert demo.process.wait(20) == 1
    assert demo.output() == (
        f"demo: Port {port} is taken. Choose another one: DEMO_PORT={port + 1} make demo\n"
    )


def test_a_missing_module_is_said_in_one_line(start, tmp_path):
    demo = start(module=tmp_path / "libtracker.so")
    assert demo.process.wait(20) == 1
    assert demo.output() == f"demo: {tmp_path / 'libtracker.so'} is missing. Build it: make\n"
