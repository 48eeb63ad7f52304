"""What publishers and tasks write down themselves: lines of JSON in files that they share."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

#: Is in a traceback that leads through the tracker.
PACKAGE = "/celery_task_tracker/"

#: Names the folder of the files to the workers.
FOLDER = "SOAK_FOLDER"

#: Names a worker's version. One without it has not been deployed with the newest task.
VERSION = "SOAK_VERSION"


@dataclass(frozen=True)
class Sending:
    """A task that was sent."""

    task_id: str
    number: int
    """Counts what was sent under this id, from 1."""

    task: str
    order: int
    is_late: bool
    """Whether its message is acknowledged when it has ended, and so is delivered again."""

    is_sure: bool
    """Whether the broker said that it has the message."""

    waited: float
    """Seconds that the publisher waited for the tracker."""


@dataclass(frozen=True)
class Delivery:
    """A run of a task, as the task itself tells it."""

    token: str
    """Tells it from all others. The task returns it, or raises it."""

    task_id: str
    number: int
    attempt: int
    worker: str
    pid: int
    seconds: float
    """How long it was told to take."""

    outcome: str | None = None
    """The state that it ended in; ``RETRY`` if it asked for another attempt."""


@dataclass(frozen=True)
class Diary:
    """One round's files."""

    folder: Path
    round: int

    def send(self, **line: Any) -> None:
        """Writes down a :class:`Sending`."""
        self._write("sent", line)

    def begin(self, task: Any, number: int, seconds: float) -> str:
        """Writes down that a run of ``task`` begins. Returns its token."""
        token = f"{os.getpid()}-{time.monotonic_ns()}"
        request = task.request
        line = {
            "token": token,
            "task_id": request.id,
            "number": number,
            "attempt": request.retries,
            "worker": request.hostname,
            "pid": os.getpid(),
            "seconds": seconds,
        }
        self._write("begun", line)
        return token

    def end(self, token: str, outcome: str) -> None:
        """Writes down how the run with this token ends."""
        self._write("ended", {"token": token, "outcome": outcome})

    def sendings(self) -> Sequence[Sending]:
        return [Sending(**line) for line in self._lines("sent")]

    def deliveries(self) -> Sequence[Delivery]:
        outcomes = {line["token"]: line["outcome"] for line in self._lines("ended")}
        begun = [Delivery(**line) for line in self._lines("begun")]
        return [replace(each, outcome=outcomes.get(each.token)) for each in begun]

    def _write(self, name: str, line: Any) -> None:
        # One write in this mode is whole, whoever else writes, and whoever is killed afterwards.
        file = os.open(self._path(name), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(file, json.dumps(line).encode() + b"\n")
        finally:
            os.close(file)

    def _lines(self, name: str) -> Iterator[Any]:
        path = self._path(name)
        if path.exists():
            yield from map(json.loads, path.read_text().splitlines())

    def _path(self, name: str) -> Path:
        return self.folder / f"{self.round}-{name}"
