"""Celery workers that are killed and replaced."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from servers import Worker

from .clock import Clock
from .diary import FOLDER, PACKAGE, VERSION, Delivery, Diary

#: What a process of the tracker says if it ends while Redis is away.
LOST = "are lost with this process"

#: Seconds of a run that suffice for killing its process in the middle of it.
MOMENT = 0.1

#: What the tracker says of an event that its Redis did not take.
REFUSED = "The tracker refused"


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
        """kill -9 of a process of the first worker in the middle of a task, if there is one."""
        found = self._wait_for_run("prefork", diary)
        if found:
            self.killed.add(found.pid)
            os.kill(found.pid, signal.SIGKILL)

    def kill_running(self, diary: Diary) -> None:
        """kill -9 of each worker in the middle of a task, and starts others."""
        for pool in ("prefork", "gevent"):
            self._wait_for_run(pool, diary)
            self.kill(pool)
        self.start("prefork", "gevent")

    def _wait_for_run(self, pool: str, diary: Diary) -> Delivery | None:
        """A run of that worker which goes on for some moments. ``None`` if there is none."""
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            for each in diary.deliveries():
                is_its = each.worker == self._names[pool] and each.pid not in self.killed
                if is_its and each.outcome is None and each.seconds > MOMENT:
                    return each
            time.sleep(0.02)
        return None

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

    def refusals(self) -> Sequence[str]:
        """What the tracker's Redis refused, in the words of the workers that run now."""
        lines = [line for worker in self._now.values() for line in worker.output().splitlines()]
        return [line for line in lines if REFUSED in line]

    def remove(self) -> None:
        for worker in self._now.values():
            worker.kill()
