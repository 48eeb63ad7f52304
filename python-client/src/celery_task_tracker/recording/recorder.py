"""What happens to events while Redis is away: nothing that a task could notice.

While Redis answers, an event is sent and its reply read later, so that who records it never waits
for Redis. A thread of this process's own reads the replies. It makes the first connection of the
process too, for which the first event waits, no longer than one time-out in all: looking up a
name, TLS and asking cluster or sentinels for their servers are several steps, each of which could
take its own.

When Redis does not answer, this process leaves it alone: events are kept in a spool, those that
were not answered before the others, and the thread tries whether Redis is back, with the next
event or after a while, whichever comes first. It writes what waits in the order in which it
happened, and then lets events through again. The log says once that Redis went and once that it
is back.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum

from ..config import config
from ..server.client import Refused, get_client
from ..server.errors import ModuleMissing, TrackerUnavailable
from ..server.writes import Write
from .line import Line
from .spool import Spool

logger = logging.getLogger("celery_task_tracker")

#: Which part of the time between two tries has to pass before an event asks for the next one.
LEAST_PAUSE = 0.1

#: Seconds after an event at which its reply, and those to the events after it, are read.
REPLY_PAUSE = 0.02

#: How many commands may be unanswered before who records an event waits for the replies.
MOST_UNANSWERED = 1000

#: Seconds after the last event at which the thread ends.
IDLE = 10.0

#: Seconds that a process which ends waits for a try that is under way.
LAST_WAIT = 2.0


class Link(Enum):
    """What a process knows of its Redis."""

    UNTRIED = "no event has been written yet"
    UP = "there is a line, and it is whole"
    LOST = "the line broke, and another one has not been tried yet"
    DOWN = "Redis does not answer"


class Turn(threading.local):
    """Whether this thread is within the recorder."""

    is_taken = False


class Recorder:
    """Hands events to Redis while it answers, and keeps them while it does not. Thread-safe.

    There is one per process. Its locks are held for memory only, never while Redis is asked,
    except the one that makes a single thread write the spool at a time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spool = Spool()
        self._batch: list[Write] = []
        """What was taken out of the spool and is being written."""

        self._link = Link.UNTRIED
        self._line: Line | None = None
        """Not ``None`` while the link is up."""

        self._tried = threading.Event()
        self._thread: threading.Thread | None = None
        self._asked = threading.Event()
        self._writing = threading.Lock()
        self._refused: set[str] = set()
        self._turn = Turn()
        self._meanwhile: deque[Write] = deque()
        """What a thread recorded while it was within the recorder already: from a signal's
        handler, a log's handler or a finaliser, which would wait for a lock of its own thread."""

    @property
    def is_away(self) -> bool:
        """Whether this process believes that Redis does not answer."""
        return self._link is Link.DOWN

    @property
    def waiting(self) -> int:
        """How many events and commands Redis has not got, or has not answered."""
        line = self._line
        kept = len(self._spool) + len(self._batch) + len(self._meanwhile)
        return kept + (line.pending if line else 0)

    @property
    def lost(self) -> int:
        """How many events did not find room since Redis went away."""
        return self._spool.lost

    def record(self, event: Write) -> None:
        """Stores ``event``. Costs what sending it costs, and less while Redis is away."""
        if self._turn.is_taken:
            self._meanwhile.append(event)
            return
        try:
            self._turn.is_taken = True
            self._record(event)
        finally:
            self._turn.is_taken = False
        if self._meanwhile:
            self._record_meanwhile(self.record)

    def _record_meanwhile(self, record: Callable[[Write], None]) -> None:
        while self._meanwhile:
            try:
                event = self._meanwhile.popleft()
            except IndexError:
                # Another thread was faster.
                return
            record(event)

    def _record(self, event: Write) -> None:
        while line := self._line or self._keep(event):
            try:
                line.send(event)
            except TrackerUnavailable:
                self._lose(line)
                continue
            except BaseException:
                # Celery raises a soft time limit wherever a task happens to be.
                if line.is_broken:
                    self._lose(line)
                    with self._lock:
                        self._spool.append(event)
                        self._wake()
                raise
            if line.pending > MOST_UNANSWERED:
                self._read(line, line.settle)
            elif not self._asked.is_set():
                with self._lock:
                    self._wake()
            return

    def flush(self) -> bool:
        """Waits until Redis has answered what was sent, and writes what waits, oldest first.

        ``True`` if Redis took it all, and is asked again. Costs one round trip per batch, and one
        time-out if Redis is still away.
        """
        was_taken = self._turn.is_taken
        try:
            self._turn.is_taken = True
            self._record_meanwhile(self._record)
            return self._flush()
        finally:
            self._turn.is_taken = was_taken

    def _flush(self) -> bool:
        if not self._writing.acquire(timeout=LAST_WAIT):
            return False
        try:
            if self._line:
                self._read(self._line, self._line.settle)
            return self._write_spool()
        except TrackerUnavailable as error:
            self._leave_alone(error)
            return False
        except Exception as error:
            # A fault of the tracker's own, or of the settings: the thread lives on.
            self._leave_alone(TrackerUnavailable(f"{type(error).__name__}: {error}"))
            return False
        finally:
            self._tried.set()
            self._writing.release()

    def _write_spool(self) -> bool:
        # Before anything is taken: what goes wrong in making it costs no event.
        client = get_client()
        written = 0
        line = self._line
        while True:
            with self._lock:
                batch = self._batch = self._spool.take()
                if line and not batch:
                    was_away, self._link, self._line = self.is_away, Link.UP, line
                    lost, self._spool.lost = self._spool.lost, 0
                    break
            if not batch:
                line = Line(client, config.TASK_TRACKER_SOCKET_TIMEOUT)
                continue
            try:
                refused = client.write(batch)
            except TrackerUnavailable:
                self._give_up(batch, line)
                raise
            except Exception:
                # A fault of the tracker's own, which would be there the next time too.
                logger.exception(
                    "The task tracker failed to store %d events, which are lost", len(batch)
                )
                continue
            except BaseException:
                self._give_up(batch, line)
                raise
            written += len(batch)
            self._report(refused)
        if was_away:
            logger.info(
                "The task tracker is back. Of the events of that time %d were stored, %d lost.",
                written,
                lost,
            )
        return True

    def _give_up(self, batch: list[Write], line: Line | None) -> None:
        """Puts back what was taken, and closes a line that was made in vain."""
        with self._lock:
            self._spool.put_back(batch)
            self._batch = []
        if line and line is not self._line:
            line.close()

    def _keep(self, event: Write) -> Line | None:
        """Adds ``event`` to those that wait, unless there is a line again, which it returns."""
        with self._lock:
            if self._line:
                return self._line
            link = self._link
            self._spool.append(event)
            has_thread = self._wake()
        if link is Link.UNTRIED:
            self._wait_for_the_first_try(has_thread)
        return None

    def _wait_for_the_first_try(self, has_thread: bool) -> None:
        patience = config.TASK_TRACKER_CONNECT_TIMEOUT
        if not has_thread:
            self._flush()
        elif not self._tried.wait(patience):
            self._leave_alone(TrackerUnavailable(f"no answer within {patience} s"))

    def _read(self, line: Line, how: Callable[[], list[Refused]]) -> None:
        try:
            self._report(how())
        except TrackerUnavailable:
            self._lose(line)

    def _lose(self, line: Line) -> None:
        """Takes back what a line that broke has not delivered."""
        with self._lock:
            if self._line is line:
                self._link, self._line = Link.LOST, None
                self._spool.put_back(line.unanswered())
                self._wake()

    def _leave_alone(self, error: TrackerUnavailable) -> None:
        with self._lock:
            was_away, self._link = self.is_away, Link.DOWN
            self._ensure_thread()
        if not was_away:
            logger.warning(
                "The task tracker is away (%s). Tasks go on as ever, their events are kept%s",
                error,
                "; load the module with `loadmodule /path/to/libtracker.so` in redis.conf."
                if isinstance(error, ModuleMissing)
                else ".",
            )

    def _wake(self) -> bool:
        """Has the thread look after what was recorded. Whether there is one."""
        self._asked.set()
        return self._ensure_thread()

    def _ensure_thread(self) -> bool:
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="celery-task-tracker", daemon=True)
            # An interpreter that ends starts none.
            with contextlib.suppress(RuntimeError):
                thread.start()
                self._thread = thread
        return self._thread is not None

    def _run(self) -> None:
        self._turn.is_taken = True
        try:
            self._attend()
        finally:
            # A fault, as of a log's handler: the next event begins another thread.
            with self._lock:
                if self._thread is threading.current_thread():
                    self._thread = None
                    self._asked.clear()

    def _attend(self) -> None:
        """What the thread does, until nothing was recorded for a while."""
        while True:
            if self._link is not Link.UNTRIED:
                self._record_meanwhile(self._record)
            if self._link is Link.UP:
                if not self._asked.wait(IDLE) and self._ends():
                    return
                self._asked.clear()
                time.sleep(REPLY_PAUSE)
                if line := self._line:
                    self._read(line, line.answered)
                    if line.pending:
                        self._asked.set()
                continue
            if self._link is Link.DOWN:
                pause = config.TASK_TRACKER_RETRY_AFTER
                time.sleep(pause * LEAST_PAUSE)
                self._asked.wait(pause * (1 - LEAST_PAUSE))
                self._asked.clear()
            self._flush()

    def _ends(self) -> bool:
        with self._lock:
            if self._asked.is_set() or self._meanwhile:
                return False
            self._thread = None
            return True

    def _report(self, refused: Iterable[Refused]) -> None:
        for event, refusal in refused:
            if event.subject not in self._refused:
                self._refused.add(event.subject)
                logger.error("The tracker refused %s: %s", event.subject, refusal)
