"""What happens to events while Redis is away: nothing that a task could notice.

After one failure a process leaves Redis alone for a while, and events cost it no time. They are
counted, and the log says once that Redis went and once that it is back.
"""

from __future__ import annotations

import logging
import os
import threading
import time

from .client import CommandRefused, Event, ModuleMissing, TrackerUnavailable, get_client
from .config import config

logger = logging.getLogger("celery_task_tracker")


class CircuitBreaker:
    """Whether this process believes that Redis answers. Thread-safe.

    Closed, every call may go through. A failure opens it: none may, until ``retry_after`` seconds
    have passed; then one call is let through, and what becomes of it decides.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = False
        self._next_try = 0.0

    @property
    def is_open(self) -> bool:
        return self._open

    def allows(self) -> bool:
        """Whether a call may go through now. A ``True`` while open is the one trial call."""
        if not self._open:
            return True
        with self._lock:
            now = time.monotonic()
            if now < self._next_try:
                return False
            self._next_try = now + config.TASK_TRACKER_RETRY_AFTER
            return True

    def failed(self) -> bool:
        """Opens the breaker, or keeps it open. ``True`` if it was closed."""
        with self._lock:
            was_closed = not self._open
            self._open = True
            self._next_try = time.monotonic() + config.TASK_TRACKER_RETRY_AFTER
            return was_closed

    def succeeded(self) -> bool:
        """Closes the breaker. ``True`` if it was open."""
        if not self._open:
            return False
        with self._lock:
            was_open = self._open
            self._open = False
            return was_open


class Recorder:
    """Hands events to Redis while it answers, and drops and counts them while it does not."""

    def __init__(self) -> None:
        self.breaker = CircuitBreaker()
        self.dropped = 0
        self._refused: set[str] = set()

    def record(self, event: Event) -> None:
        """Stores ``event``, or lets it go. Costs one round trip, or nothing while Redis is away."""
        if not self.breaker.allows():
            self.dropped += 1
            return
        try:
            get_client().record(event)
        except TrackerUnavailable as error:
            self._unavailable(error)
        except CommandRefused as error:
            self._available()
            if event.name not in self._refused:
                self._refused.add(event.name)
                logger.error("The tracker refused an event of task %s: %s", event.name, error)
        else:
            self._available()

    def _unavailable(self, error: TrackerUnavailable) -> None:
        self.dropped += 1
        if self.breaker.failed():
            logger.warning(
                "The task tracker is away (%s). Tasks go on as ever, their events are dropped%s",
                error,
                "; load the module with `loadmodule /path/to/libtracker.so` in redis.conf."
                if isinstance(error, ModuleMissing)
                else ".",
            )

    def _available(self) -> None:
        if self.breaker.succeeded():
            logger.info("The task tracker is back. %d events were dropped.", self.dropped)
            self.dropped = 0


recorder = Recorder()


def _start_afresh_in_child() -> None:
    # A lock that another thread held while the process forked would never be released.
    global recorder
    recorder = Recorder()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_afresh_in_child)


def record(event: Event) -> None:
    """Stores ``event`` by this process's recorder."""
    recorder.record(event)
