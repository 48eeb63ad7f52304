"""Celery workers that are killed and replaced."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from servers import Worker, wait_for

from .clock import Clock
from .diary import FOLDER, VERSION, Diary

#: What a process of the tracker says if it ends while Redis is away.
LOST = "are lost with this process"

#: A traceback that leads through the tracker.
PACKAGE = "/celery_task_tracker/"


class Workers:
    """One with processes and one with greenlets. The first one has a clock of its own."""

    def __init__(self, broker_url: str, tracker_url: str, folder: Path, **environment: str) -> None:
        self.clock = Clock(folder, "worker")
        self._urls = broker_url, tracker_url
        self._environment = {**environment, FOLDER: str(folder)}
        self._number = 0
        self._now: dict[str, Worker] = {}
        self._names: dict[str, str] = {}
        self._old: set[str] = set()
        self.killed: set[str | int] = set()
        """The names of workers and ids of processes that ended without a last word."""

    def start(self, *pools: str, old: Collection[str] = ()) -> None:
        """Starts a worker of each pool. Those of ``old`` do not know the newest task."""
        self._old = set(old)
        with ThreadPoolExecutor() as executor:
            list(executor.map(lambda pool: self._start(pool, pool in old), pools))

    def _start(self, pool: str, is_old: bool) -> None:
        self._number += 1
        name = f"{pool}-{self._number}"
        clock = self.clock.environment if pool == "prefork" else {}
        version = {} if is_old else {VERSION: "2"}
        self._names[pool] = f"{name}@soak"
        environment = {**self._environment, **clock, **version}
        self._now[pool] = Worker(
            *self._urls, "--hostname", f"{name}@soak", pool=pool, **environment
        )

    def kill(self, *pools: str) -> None:
        """kill -9 of the worker and its children."""
        for pool in pools:
            self.killed.add(self._names[pool])
            self._now.pop(pool).kill()

    def kill_child(self, diary: Diary) -> None:
        """kill -9 of a process of the first worker while it runs a task, if there is one soon."""
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

    def revive(self) -> None:
        """Starts those again that have ended, as a supervisor does.

        kombu may fail while it connects to Redis again, which ends the worker. Fails if the
        tracker has a part in it.
        """
        ended = [pool for pool, worker in self._now.items() if worker.process.poll() is not None]
        for pool in ended:
            assert PACKAGE not in self._now[pool].output(), self._now[pool].output()
        self.kill(*ended)
        self.start(*ended, old=self._old.intersection(ended))

    def replace(self) -> None:
        """Kills all of them, and starts others."""
        pools = list(self._now)
        self.kill(*pools)
        self.start(*pools)

    def stop(self, pool: str) -> None:
        """Has the worker end when it has done what it began."""
        worker = self._now.pop(pool)
        worker.process.send_signal(signal.SIGTERM)
        try:
            worker.process.wait(60)
        except subprocess.TimeoutExpired:
            self.killed.add(self._names[pool])
        if LOST in worker.output():
            self.killed.add(self._names[pool])
        worker.kill()

    def output(self) -> str:
        return "\n".join(worker.output() for worker in self._now.values())

    def remove(self) -> None:
        for worker in self._now.values():
            worker.kill()
