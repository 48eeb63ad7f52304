"""What the READMEs repeat of other files agrees with those."""

import re
from pathlib import Path

from celery_task_tracker.checks import settings
from celery_task_tracker.config import DEFAULTS

TOP = Path(__file__).parents[2]
PACKAGE_README = (TOP / "python-client/README.md").read_text()


def rows(text):
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]


def test_the_ratios_are_those_of_the_benchmarks_last_full_run():
    measured = rows((TOP / "benches/RESULTS.md").read_text())
    speed = (TOP / "README.md").read_text().partition("## Speed")[2].partition("\n## ")[0]
    told = [row for row in rows(speed) if row and " / " in row[0]]
    assert len(told) >= 5
    for row in told:
        assert row in [each[:3] for each in measured]


def test_every_setting_is_checked_and_documented():
    table = PACKAGE_README.partition("\n## Settings")[2].partition("\n| URL |")[0]
    documented = {row[0].strip("`") for row in rows(table) if row and row[0].startswith("`")}
    assert documented == set(DEFAULTS) == {setting for _, setting, _ in settings._CHECKS}


def test_every_check_is_documented():
    numbers = {number for number, _, _ in settings._CHECKS}
    assert {number for number in numbers if number > 19} == {*range(40, 50), *range(60, 64)}
    source = "".join(path.read_text() for path in Path(settings.__file__).parent.glob("*.py"))
    ids = set(re.findall(r'id="celery_task_tracker\.([EW]\d+)"', source))
    assert len(ids) > 5
    assert [each for each in sorted(ids) if f"| `{each}` |" not in PACKAGE_README] == []
