"""The documentation site: it builds without a warning, and its reference has everything."""

import os
import re
import subprocess
import sys
from html import unescape

import pytest

import celery_task_tracker
from celery_task_tracker.admin import urls
from celery_task_tracker.admin.hooks import HOOKS
from celery_task_tracker.checks import settings
from celery_task_tracker.config import DEFAULTS
from servers import REPOSITORY, module_path

pytest.importorskip("mkdocs")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """``page("reference/checks")``: the text of a page of the site."""
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [
            *(sys.executable, "-m", "mkdocs", "build", "--strict"),
            *("--config-file", REPOSITORY / "docs/mkdocs.yml", "--site-dir", folder),
        ],
        env={
            # The development mode would report what MkDocs' own dependencies leave open.
            **{name: value for name, value in os.environ.items() if name != "PYTHONDEVMODE"},
            "TRACKER_MODULE": str(module_path()),
            "NO_MKDOCS_2_WARNING": "1",
        },
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    return lambda name: unescape((folder / name / "index.html").read_text())


def test_no_part_is_left_out(page):
    for source in (REPOSITORY / "docs/pages").rglob("*.md"):
        name = source.relative_to(REPOSITORY / "docs/pages").with_suffix("")
        assert "<p>[[" not in page("." if str(name) == "index" else name), source


def test_every_command_is_in_the_reference_with_its_syntax(page, tracker):
    with tracker.client() as client:
        syntax = [line for line in client.execute_command("TRACKER.HELP") if line[:1].strip()]
    assert len(syntax) >= 8
    text = page("reference/commands")
    source = (REPOSITORY / "docs/pages/reference/commands.md").read_text()
    for line in syntax:
        name = line.split()[0]
        assert f">{name}<" in text
        told = source.partition(f"## {name}\n\n```text\n")[2].partition("```")[0]
        assert told.split() == line.split()


def test_every_setting_is_in_the_reference_with_its_own_text(page):
    text = page("reference/settings")
    assert [name for name in DEFAULTS if f'<h2 id="{name.lower()}">' not in text] == []
    assert "Seconds between two refreshes of the dashboard." in text
    sections = text.split('<h2 id="')[1 : len(DEFAULTS) + 1]
    told = [re.findall(r"<p>(.*?)</p>", section, re.DOTALL)[0] for section in sections]
    assert len(set(told)) == len(DEFAULTS)
    assert all(told)


def test_every_check_is_in_the_reference(page):
    text = page("reference/checks")
    numbers = {f"E{number:03d}" for number, _, _ in settings._CHECKS}
    others = {"E010", "E020", "E027", "E031", "E032", "W030", "W033", "W040"}
    missing = [
        each for each in sorted(numbers | others) if f"celery_task_tracker.{each}<" not in text
    ]
    assert missing == []


def test_every_public_name_is_in_the_reference(page):
    text = page("reference/python")
    classes = {*celery_task_tracker.__all__, "TaskTracker", "TaskTrackerAdminMixin"}
    classes.remove("task_tracker")
    missing = [name for name in sorted(classes) if not re.search(rf'id="[\w.]+\.{name}"', text)]
    assert missing == []
    assert [name for name in HOOKS if not re.search(rf'id="[\w.]+\.{name}"', text)] == []
    # No markup of Sphinx is left.
    assert ":class:" not in text


def test_every_endpoint_is_in_the_reference(page):
    endpoints = [name.partition("<")[0] for name in {**urls.OF_BOTH, **urls.OF_ONE_OBJECT}]
    assert len(endpoints) > 5
    text = page("reference/http")
    assert [each for each in endpoints if f"<code>{each}" not in text] == []
