"""The tutorial, done step by step: its files are written, its commands are run."""

import json
import re
from functools import partial
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from own_project import PATIENCE, OwnProject
from servers import REPOSITORY, free_port, wait_for

pytestmark = pytest.mark.slow

BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
#: What each command that goes on prints once it can be used.
READY = {
    "python manage.py tracker_server": "CELERY_TASKTRACKER_REDIS_URL",
    "celery -A tutorial worker": " ready.",
    "python manage.py runserver": "Starting development server",
}


@pytest.fixture
def reader(tmp_path):
    """Somebody who does what the tutorial says."""
    project = OwnProject(tmp_path)
    yield project
    project.stop()


def test_the_tutorial_works_as_it_is_written(reader):
    text = (REPOSITORY / "docs/pages/tutorial.md").read_text()
    page_port = str(free_port())
    text = text.replace("6380", str(free_port())).replace("8000", page_port)
    last, said = "", {}
    for language, title, content in BLOCK.findall(text):
        commands = [line[2:] for line in content.splitlines() if line.startswith("$ ")]
        if title == "Installation":
            # tests/test_dist.py installs the packages into an environment of their own.
            continue
        elif title == "Output":
            wait_for(partial(answers, reader, last, sorted(content.splitlines())), content)
        elif title.endswith("terminal"):
            (command,) = commands
            (ready,) = [word for start, word in READY.items() if command.startswith(start)]
            reader.start(command, ready)
        elif language == "console":
            for last in commands:
                said[last] = reader.run(last)
        elif title.endswith(" (at the end)"):
            reader.write(title.removesuffix(" (at the end)"), content + PATIENCE, mode="a")
        else:
            reader.write(title, content)
    assert "The tracker is ready." in said["python manage.py tracker_status"]

    browser = logged_in(page_port)
    address = f"http://127.0.0.1:{page_port}/admin/shop/order/1"
    assert "task-tracker-link" in browser.open(f"{address}/change/").read().decode()
    rows = json.load(browser.open(f"{address}/task-tracker/list/"))["tasks"]
    assert {row["state"] for row in rows} == {"SUCCESS", "FAILURE"}


def answers(reader, command, lines):
    return sorted(reader.run(command).splitlines()) == lines


def logged_in(port):
    """A browser in which somebody logged in with the tutorial's name and password."""
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    login = f"http://127.0.0.1:{port}/admin/login/"
    form = wait_for(lambda: browser.open(login).read().decode(), "the login form")
    (token,) = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
    sent = {"csrfmiddlewaretoken": token, "username": "admin", "password": "admin"}
    browser.open(login, urlencode({**sent, "next": "/admin/"}).encode())
    return browser
