"""Celery workers that are killed and replaced."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from servers import Worker, wait_for

from .clock import Clock
from .diary import FOLDER, VERSION, Diary

#: What a process of the tracker says if it ends while Redis is away.
LOST = "are lost with this process"


class Workers:
    """One with processes and one with greenlets. The first one has a clock of its own."""

    def __init__(self, broker_url: str, tracker_url: str, folder: Path, **environment: str) -> None:
        self.clock = Clock(folder, "worker")
        self._urls = broker_url, tracker_url
        self._environment = {**environment, FOLDER: str(folder)}
        self._number = 0
        self._now: dict[str, Worker] = {}
        self._names: dict[str, str] = {}
        self.killed: set[str | int] = set()
        """The names of workers and ids of processes that ended without a last word."""

    def start(self, *pools: str, old: Sequence[str] = ()) -> None:
        """Starts a worker of each pool. Those of ``old`` do not know the newest task."""
        with ThreadPoolExecutor() as executor:
            list(executor.map(lambda pool: self._start(pool, pool in old), pools))

    def _start(self, pool: str, is_old: bool) -> None:
        self._number += 1
        name = f"{pool}-{self._number}"
        clock = self.clock.environment if pool == "prefork" else {}
        version = {} if is_old else {VERSION: "2"}
        self._names[pool] = f"{name}@soak"
        self._now[pool] = Worker(
            *self._urls,
            *("--hostname", f"{name}@soak"),
            pool=pool,
            **self._environment,
            **clock,
            **version,
        )

    def kill(self, *pools: str) -> None:
        """kill -9 of the worker and its children."""
        for pool in pools:
            self.killed.add(self._names[pool])
            self._now.pop(pool).kill()

    def kill_child(self, diary: Diary) -> None:
        """kill -9 of a process of the first worker in the middle of a task, if there is one soon."""
        with contextlib.suppress(AssertionError):
            child = wait_for(lambda: self._running_child(diary), "a task that runs", 5)
            self.killed.add(child)
            os.kill(child, signal.SIGKILL)

    def _running_child(self, diary: Diary) -> int | None:
        name = self._names["prefork"]
        running = [
            each for each in diary.deliveries() if each.worker == name and each.outcome is None
        ]
        return next((each.pid for each in running if each.pid not in self.killed), None)

    def ensure_that_they_run(self) -> None:
        """Fails if one has ended by itself."""
        for pool, worker in self._now.items():
            if worker.process.poll() is not None:
                raise AssertionError(f"The worker {pool} has ended:\n{worker.output()[-5000:]}")

    def stop(self, pool: str) -> None:
        """Has the worker end when it has done what it began."""
        worker = self._now.pop(pool)
        worker.process.send_signal(signal.SIGTERM)
        worker.process.wait(60)
        if LOST in worker.output():
            self.killed.add(self._names[pool])
        worker.kill()

    def output(self) -> str:
        return "\n".join(worker.output() for worker in self._now.values())

    def remove(self) -> None:
        for worker in self._now.values():
            worker.kill()
