"""Signs of life: the process that runs a task reports at each interval that it still does.

A worker that is killed sends no signal, so its tasks stay STARTED. Their records have the moment of
the last sign, ``alive_at``, from which a reader can tell. Each sign also starts the retention anew:
a task may run for longer than its record would be kept without one.
"""

from __future__ import annotations

import os
import threading
import time
from datetime import datetime, timezone

from ..config import config
from ..server.writes import SignOfLife
from . import process
from .delivery import Delivery
from .guard import harmless
from .logs import Lines
from .threads import threads_run


class Heartbeat:
    """Sends the signs of life of the tasks that this process runs.

    It has one thread, which ends when no task runs. It takes no lock: a handler of an operating
    system's signal may begin a task too.
    """

    def __init__(self) -> None:
        self._running: dict[tuple[str, int], tuple[Delivery, Lines | None]] = {}
        self._thread: threading.Thread | None = None

    def begin(self, delivery: Delivery, lines: Lines | None = None) -> None:
        """Sends signs of life for this attempt from now on, with what it has logged."""
        self._running[delivery.task_id, delivery.attempt] = delivery, lines
        if self._thread is None:
            self._start_thread()

    def end(self, task_id: str, attempt: int) -> None:
        """Sends no more signs of life for this attempt."""
        self._running.pop((task_id, attempt), None)

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._run, name="celery-task-tracker-life", daemon=True)
        self._thread = thread
        try:
            thread.start()
        except RuntimeError:
            # An interpreter that shuts down starts no threads.
            self._thread = None

    def _run(self) -> None:
        while self._is_needed():
            begun = set(self._running)
            time.sleep(config.TASK_TRACKER_HEARTBEAT or 1)
            if config.TASK_TRACKER_HEARTBEAT:
                self._send(begun)

    def _is_needed(self) -> bool:
        """Whether this thread goes on. Another one may have been started at the same time."""
        if self._thread is not threading.current_thread():
            return False
        self._thread = None
        # A task that begins after this line starts a thread.
        if not self._running or self._thread is not None:
            return False
        self._thread = threading.current_thread()
        return True

    @harmless
    def _send(self, begun: set[tuple[str, int]]) -> None:
        """Sends a sign for each task that runs and had ``begun`` an interval ago."""
        alive_at = moment()
        for key in begun:
            running = self._running.get(key)
            if running is not None:
                delivery, lines = running
                logged = {} if lines is None else lines.fields()
                process.record(
                    SignOfLife(
                        objects=delivery.objects,
                        overviews=delivery.overviews,
                        task_id=delivery.task_id,
                        run=delivery.run,
                        attempt=delivery.attempt,
                        fields={"alive_at": alive_at, **logged},
                    )
                )


def begin(delivery: Delivery, lines: Lines | None) -> None:
    """The process sends signs of life for this attempt until :func:`end`, if it may."""
    if is_on():
        _heartbeat.begin(delivery, lines)


def end(task_id: str, attempt: int) -> None:
    """The attempt has ended in this process."""
    _heartbeat.end(task_id, attempt)


def is_on() -> bool:
    """Whether this process sends signs of life."""
    return bool(config.TASK_TRACKER_HEARTBEAT) and threads_run()


def moment() -> str:
    """Now, as a record has it."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def _start_afresh() -> None:
    global _heartbeat
    _heartbeat = Heartbeat()


_heartbeat = Heartbeat()
if hasattr(os, "register_at_fork"):
    # The child runs none of the parent's tasks, and has none of its threads.
    os.register_at_fork(after_in_child=_start_afresh)
