"""What happens to events while Redis is away: nothing that a task could notice.

A call that Redis does not answer costs its time-out, once. From then on this process leaves Redis
alone: events are kept in a spool, and a thread of its own tries whether Redis is back, with the
next event or after a while, whichever comes first. It writes what waits in the order in which it
happened, and then lets events through again. The log says once that Redis went and once that it
is back.

That thread makes the first connection of a process too, and the first event waits for it no longer
than the same time-out: looking up a name, TLS and asking cluster or sentinels for their servers
are several steps, each of which could take its own.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import threading
import time
from collections.abc import Iterable
from enum import Enum

from .client import CommandRefused, ModuleMissing, TrackerUnavailable, get_client
from .config import config
from .event import Write
from .spool import Spool

logger = logging.getLogger("celery_task_tracker")

#: Which part of the time between two tries has to pass before an event asks for the next one.
LEAST_PAUSE = 0.1

#: Seconds that a process which ends waits for a try of its timer that is under way.
LAST_WAIT = 2.0


class Link(Enum):
    """What a process knows of its Redis."""

    UNTRIED = "no event has been written yet"
    UP = "the last event was written"
    DOWN = "the last event was not"


class Recorder:
    """Hands events to Redis while it answers, and keeps them while it does not. Thread-safe.

    There is one per process. Its locks are held for memory only, never while Redis is asked,
    except the one that makes a single thread write the spool at a time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spool = Spool()
        self._link = Link.UNTRIED
        self._tried = threading.Event()
        self._timer: threading.Thread | None = None
        self._asked = threading.Event()
        self._writing = threading.Lock()
        self._refused: set[str] = set()

    @property
    def is_away(self) -> bool:
        """Whether this process believes that Redis does not answer."""
        return self._link is Link.DOWN

    @property
    def waiting(self) -> int:
        """How many events are kept."""
        return len(self._spool)

    @property
    def lost(self) -> int:
        """How many events did not find room since Redis went away."""
        return self._spool.lost

    def record(self, event: Write) -> None:
        """Stores ``event``. Costs one round trip, or nothing while Redis is away."""
        if self._link is not Link.UP and self._keep(event):
            return
        try:
            refusals = get_client().write([event])
        except TrackerUnavailable as error:
            with self._lock:
                self._spool.append(event)
            self._leave_alone(error)
        else:
            self._report(refusals)

    def flush(self) -> bool:
        """Writes what waits, oldest first; ``True`` if Redis took it all, and is asked again.

        Costs one round trip per batch, and one time-out if Redis is still away.
        """
        if not self._writing.acquire(timeout=LAST_WAIT):
            return False
        try:
            written = 0
            while True:
                with self._lock:
                    batch = self._spool.take()
                    if not batch:
                        was_away, self._link = self.is_away, Link.UP
                        lost, self._spool.lost = self._spool.lost, 0
                        break
                try:
                    refusals = get_client().write(batch)
                except TrackerUnavailable as error:
                    self._put_back(batch)
                    self._leave_alone(error)
                    return False
                except Exception:
                    # A fault of the tracker's own, which would be there the next time too.
                    logger.exception(
                        "The task tracker failed to store %d events, which are lost", len(batch)
                    )
                    continue
                except BaseException:
                    self._put_back(batch)
                    raise
                written += len(batch)
                self._report(refusals)
        finally:
            self._tried.set()
            self._writing.release()
        if was_away:
            logger.info(
                "The task tracker is back. Of the events of that time %d were stored, %d lost.",
                written,
                lost,
            )
        return True

    def _keep(self, event: Write) -> bool:
        """Adds ``event`` to those that wait; ``False`` if Redis has come back meanwhile."""
        with self._lock:
            link = self._link
            if link is Link.UP:
                return False
            self._spool.append(event)
            has_timer = self._ensure_timer()
            if link is Link.DOWN:
                self._asked.set()
        if link is Link.UNTRIED:
            self._try_for_the_first_time(has_timer)
        return True

    def _put_back(self, batch: list[Write]) -> None:
        with self._lock:
            self._spool.put_back(batch)

    def _try_for_the_first_time(self, has_timer: bool) -> None:
        patience = config.TASK_TRACKER_CONNECT_TIMEOUT
        if not has_timer:
            self.flush()
        elif not self._tried.wait(patience):
            self._leave_alone(TrackerUnavailable(f"no answer within {patience} s"))

    def _leave_alone(self, error: TrackerUnavailable) -> None:
        with self._lock:
            was_away, self._link = self.is_away, Link.DOWN
            self._ensure_timer()
        if not was_away:
            logger.warning(
                "The task tracker is away (%s). Tasks go on as ever, their events are kept%s",
                error,
                "; load the module with `loadmodule /path/to/libtracker.so` in redis.conf."
                if isinstance(error, ModuleMissing)
                else ".",
            )

    def _ensure_timer(self) -> bool:
        """Whether the timer's thread runs, which an interpreter that ends does not start."""
        if self._timer is None:
            timer = threading.Thread(
                target=self._keep_trying, name="celery-task-tracker", daemon=True
            )
            with contextlib.suppress(RuntimeError):
                timer.start()
                self._timer = timer
        return self._timer is not None

    def _keep_trying(self) -> None:
        while True:
            if self._link is not Link.UNTRIED:
                pause = config.TASK_TRACKER_RETRY_AFTER
                time.sleep(pause * LEAST_PAUSE)
                self._asked.wait(pause * (1 - LEAST_PAUSE))
                self._asked.clear()
            self.flush()
            with self._lock:
                if self._link is Link.UP:
                    self._timer = None
                    return

    def _report(self, refusals: Iterable[tuple[Write, CommandRefused]]) -> None:
        for event, refusal in refusals:
            if event.subject not in self._refused:
                self._refused.add(event.subject)
                logger.error("The tracker refused %s: %s", event.subject, refusal)


recorder = Recorder()


def record(event: Write) -> None:
    """Stores ``event`` by this process's recorder."""
    recorder.record(event)


def flush_at_end(**_: object) -> None:
    """Tries once more what still waits when this process ends."""
    if recorder.waiting:
        recorder.flush()
    if recorder.waiting:
        logger.warning(
            "The task tracker is still away; %d events are lost with this process.",
            recorder.waiting + recorder.lost,
        )


def _start_afresh_in_child() -> None:
    # The events that wait are the parent's to write. A lock that another thread held while the
    # process forked would never be released, and the timer's thread is not there.
    global recorder
    recorder = Recorder()


atexit.register(flush_at_end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_afresh_in_child)
