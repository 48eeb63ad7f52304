"""What this process recorded and Redis has not answered yet, in order."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable

from ..config import config
from ..registration.resolution import ObjectRef
from ..server.removals import Deletion
from ..server.writes import Write
from . import meter

#: The most bytes that wait while Redis is away.
MAX_BYTES = 32 * 1024 * 1024

#: The most events of one packet, and its most bytes unless it is a single event.
PACKET_EVENTS = 200
PACKET_BYTES = 1024 * 1024

#: While more packets than this wait, a thread that records an event waits for room.
CROWD = 5


class Outbox:
    """A queue of writes. One packet of them at a time may be taken out and be on its way.

    Thread-safe. A signal handler or a finaliser may call any method while its own thread is in
    another one.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._waiting: deque[Write] = deque()
        self._taken: list[Write] = []
        self._held: deque[Write] = deque()
        self._bytes = 0
        """The size of what waits, without what was taken or is held."""
        self._held_bytes = 0

        self.lost = 0
        """How many writes were dropped because the outbox was full. The caller may reset it."""

    def __len__(self) -> int:
        """How many writes Redis has not answered, wherever they are."""
        return len(self._waiting) + len(self._taken) + len(self._held)

    @property
    def has_waiting(self) -> bool:
        """Whether :meth:`take` would find anything."""
        return bool(self._waiting)

    @property
    def has_held(self) -> bool:
        """Whether writes are held back for :meth:`release`."""
        return bool(self._held)

    @property
    def fills_a_packet(self) -> bool:
        """Whether more waits than one packet holds."""
        return self._holds_packets(1)

    @property
    def is_crowded(self) -> bool:
        """Whether writes arrive faster than they are taken out."""
        return self._holds_packets(CROWD)

    def append(self, write: Write) -> None:
        """Adds ``write`` as the latest."""
        size = write.size
        with self._lock:
            self._waiting.append(write)
            self._bytes += size

    def take(self) -> list[Write]:
        """Takes out the next packet, oldest first, until :meth:`settle` or :meth:`put_back`.

        A write for an object of which another write is held back is held back too. A deletion is
        the last write of a packet for its object.
        """
        with self._lock:
            held = {ref for write in self._held for ref in write.objects}
            deleted: set[ObjectRef] = set()
            size = 0
            while self._waiting and len(self._taken) < PACKET_EVENTS:
                size += self._waiting[0].size
                if self._taken and size > PACKET_BYTES:
                    break
                write = self._waiting[0]
                if not deleted.isdisjoint(write.objects):
                    break
                self._remove_oldest()
                if held.isdisjoint(write.objects):
                    self._taken.append(write)
                    if isinstance(write, Deletion):
                        deleted.add(write.ref)
                else:
                    self._hold(write)
            return list(self._taken)

    def settle(self, unserved: Iterable[Write] = ()) -> None:
        """Forgets the packet that was taken, except ``unserved``, which are held back."""
        with self._lock:
            for write in unserved:
                self._hold(write)
            self._taken = []

    def put_back(self) -> None:
        """Undoes :meth:`take`: the packet waits again, before everything else."""
        with self._lock:
            self._return_to_front(self._taken)
            self._taken = []

    def release(self) -> None:
        """Lets what was held back wait again, before everything else."""
        with self._lock:
            self._return_to_front(self._held)
            self._held = deque()
            self._held_bytes = 0

    def trim(self) -> None:
        """Drops the oldest writes above the bounds of a process that Redis does not answer.

        The oldest, because the later events of a task are the ones that say how it ended.
        """
        with self._lock:
            while self._waiting and (
                len(self._waiting) > config.TASK_TRACKER_SPOOL_SIZE or self._bytes > MAX_BYTES
            ):
                self._remove_oldest()
                self._count_lost()

    def _hold(self, write: Write) -> None:
        self._held.append(write)
        self._held_bytes += write.size
        while len(self._held) > config.TASK_TRACKER_SPOOL_SIZE or self._held_bytes > MAX_BYTES:
            self._held_bytes -= self._held.popleft().size
            self._count_lost()

    def _count_lost(self) -> None:
        self.lost += 1
        meter.current.lost(1)

    def _holds_packets(self, number: int) -> bool:
        return len(self._waiting) > number * PACKET_EVENTS or self._bytes > number * PACKET_BYTES

    def _return_to_front(self, writes: list[Write] | deque[Write]) -> None:
        self._waiting.extendleft(reversed(writes))
        self._bytes += sum(write.size for write in writes)

    def _remove_oldest(self) -> None:
        self._bytes -= self._waiting.popleft().size
