"""What the READMEs repeat of other files agrees with those."""

import importlib.util
import re
from pathlib import Path

import pytest

from celery_task_tracker.admin.hooks import HOOKS
from celery_task_tracker.checks import settings
from celery_task_tracker.config import DEFAULTS

TOP = Path(__file__).parents[2]
FRONT_PAGE = (TOP / "README.md").read_text()
WORKFLOW = (TOP / ".github/workflows/ci.yml").read_text()
PACKAGE_README = (TOP / "python-client/README.md").read_text()


def rows(text):
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]


@pytest.mark.parametrize(
    ("file", "heading"),
    [("README.md", "## Why inside Redis"), ("docs/pages/explanation/speed.md", "# Speed")],
)
def test_the_ratios_are_those_of_the_benchmarks_last_full_run(file, heading):
    measured = rows((TOP / "benches/RESULTS.md").read_text())
    speed = (TOP / file).read_text().partition(f"{heading}\n")[2].partition("\n## ")[0]
    told = [row for row in rows(speed) if row and " / " in row[0]]
    assert len(told) >= 5
    for row in told:
        assert row in [each[:3] for each in measured]


def test_the_front_page_is_short_and_leads_nowhere_that_does_not_exist():
    assert len(FRONT_PAGE.splitlines()) <= 200
    links = re.findall(r"\]\(([^)]+)\)|(?:src|srcset)=\"([^\"]+)\"", FRONT_PAGE)
    places = [place for each in links for place in each if place]
    # What begins with two dots is a page of the site that hosts the repository.
    files = [place for place in places if not place.startswith(("http", "../../actions/"))]
    assert len(files) > 20
    for file in files:
        path, _, anchor = file.partition("#")
        assert (TOP / path).exists(), file
        assert not anchor or anchor in anchors(TOP / path), file


def anchors(file):
    headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
    return [re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings]


@pytest.fixture(scope="module")
def compatibility():
    spec = importlib.util.spec_from_file_location("compatibility", TOP / "docs/compatibility.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_compatibility_table_is_what_ci_tests(compatibility):
    _, begin, rest = FRONT_PAGE.partition(compatibility.BEGIN)
    assert begin
    assert rest.partition(compatibility.END)[0] == compatibility.table()
    # Each session of nox has a row, and the table has no other.
    assert len(rows(compatibility.table())) >= len(compatibility.matrix()) + 2
    for _, python, *_ in compatibility.matrix():
        assert f'- "{python}"' in WORKFLOW or re.search(rf"^ +{python}$", WORKFLOW, re.MULTILINE)


def test_the_servers_of_the_table_are_those_of_make_test_servers(compatibility):
    told = {
        f"{name.lower()}-{number.partition('.')[0]}" for name, number in compatibility.servers()
    }
    got = re.findall(r"^get (\S+) ", (TOP / ".ci/servers").read_text(), re.MULTILINE)
    # The installed server is the Redis 7.0 of the system.
    assert told == {*got, "redis-7"}


def test_every_setting_is_checked_and_documented():
    table = PACKAGE_README.partition("\n## Settings")[2].partition("\n| URL |")[0]
    documented = {row[0].strip("`") for row in rows(table) if row and row[0].startswith("`")}
    assert documented == set(DEFAULTS) == {setting for _, setting, _ in settings._CHECKS}


def test_every_check_is_documented():
    numbers = {number for number, _, _ in settings._CHECKS}
    assert {number for number in numbers if number > 19} == {*range(40, 51), *range(60, 64)}
    source = "".join(path.read_text() for path in Path(settings.__file__).parent.glob("*.py"))
    ids = set(re.findall(r'id="celery_task_tracker\.([EW]\d+)"', source))
    assert len(ids) > 5
    assert [each for each in sorted(ids) if f"| `{each}` |" not in PACKAGE_README] == []


def test_every_method_of_a_model_admin_is_documented():
    table = PACKAGE_README.partition("### Methods to override")[2].partition("\n### ")[0]
    documented = {row[0].strip("`") for row in rows(table) if row and row[0].startswith("`")}
    assert documented == {f"{name}({', '.join(args)})" for name, args in HOOKS.items()}
