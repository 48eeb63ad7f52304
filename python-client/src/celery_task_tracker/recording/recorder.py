"""Records events without waiting for Redis: they go into an outbox, and one thread sends them.

The thread sends an event at once if nothing was sent for a while. Events that come within
:data:`PAUSE` seconds of a packet go together in the next one. The outbox is also where events
wait while Redis is away: the thread tries again with the next event or after the setting
``TASK_TRACKER_RETRY_AFTER``, whichever comes first.
"""

from __future__ import annotations

import contextlib
import os
import threading

from ..config import config
from ..server.writes import Write
from .outbox import Outbox
from .sender import REST, Sender
from .threads import threads_run

#: Seconds between two packets. The replies to the first one are read at the end.
PAUSE = 0.01

#: Seconds without an event after which the thread ends.
IDLE = 10.0


class Recorder:
    """Stores events of one process. Thread-safe.

    A signal handler or a finaliser may record too: it finds no lock that its own thread holds and
    that it would have to wait for.
    """

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.given_up = 0
        """How many waited when the process was about to end, as it may be more than once."""

        self._outbox = Outbox()
        self._sender = Sender(self._outbox)
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._bell = threading.Lock()
        """Unlocked to wake the thread. A signal handler may do this at any moment, in contrast to
        setting a :class:`threading.Event`."""
        self._bell.acquire()

        self._was_asked = False
        """Whether there was an event since Redis went away or was last tried."""

    @property
    def is_away(self) -> bool:
        """Whether Redis did not answer this process's last attempt to reach it."""
        return self._sender.is_away

    @property
    def waiting(self) -> int:
        """How many events Redis has not answered."""
        return len(self._outbox)

    @property
    def lost(self) -> int:
        """How many events were dropped because the outbox was full, since Redis went away."""
        return self._outbox.lost

    @property
    def refused(self) -> int:
        """How many events were dropped, because Redis refused them or they cannot be sent."""
        return self._sender.refused

    def record(self, write: Write) -> None:
        """Stores ``write`` soon. Costs some microseconds, without threads a round trip.

        The first call waits until Redis has answered, and so do calls that come faster than Redis
        answers: for one timeout at most, and never while Redis is away.
        """
        with self._lock:
            self._outbox.append(write)
            has_thread = self._thread is not None or self._start_thread()
        if self._sender.is_away:
            self._was_asked = True
            self._outbox.trim()
        if self._sender.is_mine or self._sender.is_resting:
            return
        if not has_thread:
            self._sender.send()
            return
        self._wake()
        if self._sender.is_new:
            self._sender.await_first_try()
        else:
            self._sender.await_room()

    def flush(self) -> bool:
        """Sends all that waits, as :meth:`settle` does, and what is held back for a moving slot."""
        self._outbox.release()
        return self.settle()

    def settle(self) -> bool:
        """Sends what waits, oldest first, and waits for the replies. ``True`` if Redis took it all.

        Costs a round trip per packet, and one timeout if Redis is still away.
        """
        while self._outbox:
            is_answered = self._sender.send()
            if not is_answered or not self._outbox.has_waiting:
                break
        self._wake()
        return not self._outbox

    def _wake(self) -> None:
        if self._bell.locked():
            # Another thread may have released it meanwhile.
            with contextlib.suppress(RuntimeError):
                self._bell.release()

    def _start_thread(self) -> bool:
        if not threads_run():
            return False
        thread = threading.Thread(target=self._run, name="celery-task-tracker", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # An interpreter that shuts down starts no threads.
            return False
        self._thread = thread
        return True

    def _run(self) -> None:
        try:
            while self._wait_for_work():
                self._sender.send(0.0 if self._outbox.fills_a_packet else PAUSE)
        finally:
            # Also after an exception, as from a log handler. The next event starts another thread.
            with self._lock:
                self._forget_thread()

    def _wait_for_work(self) -> bool:
        """Waits until the thread should send. ``False`` if it should end instead."""
        if self.is_away:
            self._was_asked = False
            self._bell.acquire(blocking=False)
            pause = config.TASK_TRACKER_RETRY_AFTER
            if not self._bell.acquire(timeout=pause * REST) and not self._was_asked:
                self._bell.acquire(timeout=pause * (1 - REST))
            return True
        while not self._outbox.has_waiting:
            has_held = self._outbox.has_held
            if self._bell.acquire(timeout=config.TASK_TRACKER_RETRY_AFTER if has_held else IDLE):
                continue
            if has_held:
                return True
            with self._lock:
                if not self._outbox:
                    self._forget_thread()
                    return False
        return True

    def _forget_thread(self) -> None:
        if self._thread is threading.current_thread():
            self._thread = None
