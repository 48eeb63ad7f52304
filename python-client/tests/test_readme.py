"""What the READMEs say that other files know better."""

from pathlib import Path

TOP = Path(__file__).parents[2]


def rows(text):
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]


def test_the_ratios_are_those_of_the_benchmarks_last_full_run():
    measured = rows((TOP / "benches/RESULTS.md").read_text())
    speed = (TOP / "README.md").read_text().partition("## Speed")[2].partition("\n## ")[0]
    told = [row for row in rows(speed) if row and " / " in row[0]]
    assert len(told) >= 5
    for row in told:
        assert row in [each[:3] for each in measured]
