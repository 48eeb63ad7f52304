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

Written by `make soak-celery`. In each round eight processes send tasks to a prefork and a gevent
worker while something is broken. Each task writes down in a file what it did. Afterwards every
record is compared with that: its run, attempt and outcome, and the value that the task returned or
raised.

- *Tasks* are those that were sent, some of them twice under one id, of which the second counts.
- *Runs* are those that the tasks wrote down, *delivered again* those of a message that had been
  delivered before.
- *Unknown* are tasks that reached a worker without them, and are shown as failed.
- *Died* are tasks without `acks_late` whose worker was killed. They are shown without an end, or
  as failed if their worker lives to tell.
- *Lost by the broker* are messages that Redis as a broker was handing to a worker when it died.
- *Long waits* are calls of `apply_async()` that waited for the tracker for more than its timeout.
  On a busy machine these are the first ones of a process, whose new thread has to wait its turn.
- *Wrong* are records that are missing or say something else than the task, records that have no end
  for no reason, and tasks that never ran.
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
        self._longest_wait = 0.0

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
        self._longest_wait = max(self._longest_wait, verdict.longest_wait)
        told = ", ".join(f"{number} {column}" for column, number in _columns(counts).items())
        return f"{name}: {told}; the longest wait {verdict.longest_wait:.2f} s"

    def text(self, minutes: int) -> str:
        total = sum(self._counts.values(), Counter())
        rows = [*sorted(self._counts.items()), ("all", total)]
        return "\n".join(
            [
                f"## {self._broker}",
                "",
                f"{minutes} minutes, seed {self._seed}, longest wait {self._longest_wait:.2f} s.",
                "",
                f"| broken | rounds | {' | '.join(COLUMNS)} |",
                "|---" * (len(COLUMNS) + 2) + "|",
                *(_row(name, counts) for name, counts in rows),
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


def _row(name: str, counts: Counter[str]) -> str:
    cells = (name, counts["rounds"], *_columns(counts).values())
    return f"| {' | '.join(map(str, cells))} |"
