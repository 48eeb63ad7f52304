"""Each number has one source. What repeats it agrees with it."""

import ast
import re
from pathlib import Path

import pytest

from celery_task_tracker import __version__
from celery_task_tracker.config import DEFAULTS
from celery_task_tracker.server.client import MINIMUM_MODULE, get_client
from celery_task_tracker.server.inspection import version_text

TOP = Path(__file__).parents[2]
MODULE_SETTINGS = (TOP / "docs/pages/reference/settings.md").read_text()
PACKAGE_README = (TOP / "python-client/README.md").read_text()


def table(text, heading):
    """The rows below the table head that begins with this, without backticks."""
    lines = text.partition(f"\n{heading}")[2].splitlines()[2:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            return rows
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return rows


def test_the_package_has_the_version_of_the_module():
    cargo = (TOP / "Cargo.toml").read_text()
    assert re.search(r'^version = "(.*)"$', cargo, re.M)[1] == __version__


def test_the_module_tells_the_version_that_it_was_built_with(tracker):
    (server,) = get_client().servers()
    assert version_text(server.module) == __version__
    assert server.module >= MINIMUM_MODULE


def test_the_readme_has_the_default_of_each_setting_of_the_package():
    told = {row[0].strip("`"): row[1] for row in table(PACKAGE_README, "| setting | default |")}
    assert set(told) == set(DEFAULTS)
    for setting, default in told.items():
        if default.startswith("`"):
            assert ast.literal_eval(default.strip("`")) == DEFAULTS[setting], setting
        else:
            assert setting == "TASK_TRACKER_REDACT"


@pytest.fixture
def module_settings(tracker):
    with tracker.client() as client:
        return {
            name.removeprefix("tracker."): value
            for name, value in client.config_get("tracker.*").items()
        }


def test_the_reference_has_the_default_of_each_setting_of_the_module(module_settings):
    told = {row[0].strip("`"): row[1] for row in table(MODULE_SETTINGS, "| setting | default |")}
    assert told == module_settings


def test_the_example_configuration_has_the_default_of_each_setting(module_settings):
    example = (TOP / "redis.conf.example").read_text()
    assert dict(re.findall(r"^# tracker\.(\S+) (\d+)$", example, re.M)) == module_settings


def test_a_page_has_as_many_rows_for_the_package_as_for_the_module(module_settings):
    assert DEFAULTS["TASK_TRACKER_PAGE_SIZE"] == int(module_settings["page-size"])
    assert DEFAULTS["TASK_TRACKER_MAX_PAGE_SIZE"] == int(module_settings["max-page-size"])
