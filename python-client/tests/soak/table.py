"""The table of a long run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from .faults import Fault, name_of
from .verdict import Verdict

#: The last long run of each broker.
FILE = Path(__file__).resolve().parents[1] / "SOAK.md"

INTRODUCTION = """# The last long run with each broker

Written by `make soak-celery`. In each round eight processes send tasks to a worker with processes and one with greenlets while
something is broken: the tracker's Redis is stopped for a while, frozen, started again or failed over by its sentinel, its clock or a
worker's is an hour off, the broker is killed and started again, a worker's child or both workers are killed with `kill -9`, or a
worker is deployed that does not know a task. The tasks write down in a file what they did. Afterwards each record is compared with it:
the run, the attempt, the outcome and its value.

Runs are those that the tasks wrote down, some of them of a message that was delivered again. Died are tasks without
`acks_late` whose worker was killed: they have no end, or their worker told of it. Unknown are those that reached a worker that does
not know them, and are shown as failed. Lost by the broker are messages that were on their way from Redis to a worker when it was
killed. Long waits are those for the tracker of more than the timeout when a task was sent. Wrong are records that are missing or not what
the task wrote down, and tasks that never ran, neither of which may be.
"""

#: The columns after the rounds, each with what it counts.
COLUMNS = {
    "tasks": ("tasks",),
    "runs": ("runs",),
    "delivered again": ("delivered again",),
    "right": ("is right",),
    "unknown": ("is unknown to a worker, and failed",),
    "died": ("died with its worker", "died, and its worker says so"),
    "lost by the broker": ("was lost with the broker",),
    "long waits": ("long waits",),
    "wrong": ("wrong",),
}


class Table:
    """The rounds so far, by what was broken in them."""

    def __init__(self, broker: str, seed: int) -> None:
        self._broker = broker
        self._seed = seed
        self._counts: dict[str, Counter[str]] = {}

    @property
    def is_clean(self) -> bool:
        """Whether no record was wrong."""
        return not any(counts["wrong"] for counts in self._counts.values())

    @property
    def tasks(self) -> int:
        return sum(counts["tasks"] for counts in self._counts.values())

    def add(self, faults: Sequence[Fault], verdict: Verdict) -> str:
        """Adds a round. Returns a line about it."""
        name = ", ".join(map(name_of, faults))
        counts = verdict.counts + Counter(rounds=1, wrong=len(verdict.differences))
        self._counts.setdefault(name, Counter()).update(counts)
        told = ", ".join(f"{number} {column}" for column, number in _columns(counts).items())
        return f"{name}: {told}"

    def text(self, minutes: int) -> str:
        total = sum(self._counts.values(), Counter())
        rows = [*sorted(self._counts.items()), ("all", total)]
        return "\n".join(
            [
                f"## {self._broker}",
                "",
                f"{minutes} minutes, seed {self._seed}.",
                "",
                f"| broken | rounds | {' | '.join(COLUMNS)} |",
                "|---" * (len(COLUMNS) + 2) + "|",
                *(
                    f"| {name} | {' | '.join(map(str, (counts['rounds'], *_columns(counts).values())))} |"
                    for name, counts in rows
                ),
                "",
            ]
        )

    def keep(self, minutes: int) -> None:
        """Takes the place of the last run with the same broker in :data:`FILE`."""
        kept = FILE.read_text().split("\n## ")[1:] if FILE.exists() else []
        others = [f"## {each}".rstrip() + "\n" for each in kept]
        others = [each for each in others if not each.startswith(f"## {self._broker}\n")]
        FILE.write_text("\n".join([INTRODUCTION, *sorted([*others, self.text(minutes)])]))


def _columns(counts: Counter[str]) -> dict[str, int]:
    return {column: sum(counts[name] for name in names) for column, names in COLUMNS.items()}
