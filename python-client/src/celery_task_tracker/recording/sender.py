"""Sends the outbox to Redis, one packet at a time, and knows whether Redis answers.

A connection that breaks may only have been closed by Redis, so the sender tries another one at
once. If that fails too, Redis is *away*, which the log says once. The next packet that Redis
answers ends this: the sender empties the outbox, and the log says how much was stored.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from enum import Enum

from celery.exceptions import SoftTimeLimitExceeded

from ..config import config
from ..registration.resolution import ObjectRef
from ..server.client import TrackerClient, get_client
from ..server.errors import ModuleMissing, SlotMoving, TrackerError, TrackerUnavailable
from ..server.writes import ForOverview, Write
from . import meter
from .outbox import Outbox

logger = logging.getLogger("celery_task_tracker")

#: The share of TASK_TRACKER_RETRY_AFTER during which a new event does not cause another attempt.
REST = 0.1

#: Seconds between two attempts at a write whose object moves to another node of the cluster.
MOVING_PAUSE = 0.05

#: Seconds that a thread waits for its turn to send.
LAST_WAIT = 2.0

#: Seconds after which a thread that waits for room in the outbox looks again.
MOMENT = 0.001

#: The most kinds of refusals that the log distinguishes.
MOST_KINDS = 100

#: The most characters of a value that the log shows.
SHOWN = 200


class Link(Enum):
    """What a process knows of its Redis."""

    UNTRIED = "no packet was sent yet"
    UP = "Redis answered the last packet"
    DOWN = "Redis does not answer"


class Sender:
    """Sends what is in ``outbox``. Thread-safe: one thread sends at a time."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._turn = threading.Lock()
        self._owner: int | None = None
        """The thread that is sending."""

        self._link = Link.UNTRIED
        self._changing = threading.RLock()
        self._first_try = threading.Lock()
        """Locked until the first packet has been answered or has failed."""
        self._first_try.acquire()
        self._was_tried = False
        self._is_awaited = True

        self._rests_until = 0.0
        self._answered = 0
        """How many writes Redis has answered."""
        self._answered_before = 0
        """How many it had answered when it went away."""

        self._release_at = 0.0
        self._kinds: set[tuple[str, ...]] = set()
        self.refused = 0
        """How many writes were dropped, because Redis refused them or they cannot be sent."""

    @property
    def is_away(self) -> bool:
        """Whether Redis did not answer the last packet."""
        return self._link is Link.DOWN

    @property
    def is_new(self) -> bool:
        """Whether the first packet is still under way and no thread has given up waiting for it."""
        return self._is_awaited

    @property
    def is_resting(self) -> bool:
        """Whether Redis is away and was tried so recently that an event causes no new attempt."""
        return self.is_away and time.monotonic() < self._rests_until

    @property
    def is_mine(self) -> bool:
        """Whether the calling thread is within :meth:`send` already."""
        return self._owner == threading.get_ident()

    def await_first_try(self) -> None:
        """Waits until the first packet was answered or failed, for one connect timeout at most."""
        patience = config.TASK_TRACKER_CONNECT_TIMEOUT
        if self._first_try.acquire(timeout=patience):
            self._first_try.release()
            return
        self._is_awaited = False
        if self._link is Link.UNTRIED:
            self._leave_alone(TrackerUnavailable(f"no answer within {patience} s"))

    def await_room(self) -> None:
        """Waits until the outbox has room again, for one timeout at most.

        If Redis answers no packet in that time, it counts as away.
        """
        patience = config.TASK_TRACKER_SOCKET_TIMEOUT
        deadline = time.monotonic() + patience
        answered = self._answered
        while self._outbox.is_crowded and not self.is_away:
            if time.monotonic() > deadline:
                if self._answered == answered:
                    self._leave_alone(TrackerUnavailable(f"no answer within {patience} s"))
                break
            time.sleep(MOMENT)

    def send(self, pause: float = 0.0, patience: float = LAST_WAIT) -> bool:
        """Sends the next packet, or all packets if Redis was away. ``True`` if Redis answers.

        ``pause``: seconds between sending and reading the replies.
        ``patience``: seconds to wait while another thread sends.
        """
        if self.is_mine or not self._turn.acquire(timeout=patience):
            return False
        try:
            self._owner = threading.get_ident()
            error = self._try(pause)
            if error and self._link is Link.UP:
                error = self._try(0.0)
            self._conclude(error)
            meter.current.waiting(len(self._outbox))
        finally:
            self._owner = None
            self._is_awaited = False
            if not self._was_tried:
                self._was_tried = True
                self._first_try.release()
            self._turn.release()
        return error is None

    def _try(self, pause: float) -> TrackerUnavailable | None:
        try:
            client = get_client()
            self._send_packet(client, pause if self._link is Link.UP else 0.0)
            while self._link is not Link.UP and self._outbox.has_waiting:
                self._send_packet(client, 0.0)
        except SoftTimeLimitExceeded:
            # Celery raises it wherever a task happens to be.
            raise
        except TrackerUnavailable as error:
            return error
        except Exception as error:
            # A bug in the tracker, or a wrong setting.
            return TrackerUnavailable(f"{type(error).__name__}: {error}")
        return None

    def _send_packet(self, client: TrackerClient, pause: float) -> None:
        if self._outbox.has_held and time.monotonic() >= self._release_at:
            self._outbox.release()
        try:
            packet = self._outbox.take()
            moving = self._write(client, packet, pause)
            self._outbox.settle(moving)
        except BaseException:
            self._outbox.put_back()
            raise
        self._answered += len(packet) - len(moving)
        if moving:
            self._release_at = time.monotonic() + config.TASK_TRACKER_RETRY_AFTER

    def _write(self, client: TrackerClient, packet: Sequence[Write], pause: float) -> list[Write]:
        """Sends ``packet``. Returns the writes whose objects kept moving for a whole timeout.

        What is for an overview that moves is returned without waiting: it concerns every event.
        """
        deadline = time.monotonic() + config.TASK_TRACKER_SOCKET_TIMEOUT
        late: dict[int, ForOverview] = {}
        while True:
            moving: list[Write] = []
            for write, why in client.write(packet, pause):
                if isinstance(write, ForOverview) and isinstance(why, SlotMoving):
                    late[id(write.write)] = write
                    if any(write is each for each in packet):
                        self._tell_once("has to wait with", write, why)
                elif isinstance(why, SlotMoving):
                    moving.append(write)
                else:
                    self.refused += 1
                    meter.current.refused()
                    self._tell_once("refused", write, why)
            if not moving:
                return list(late.values())
            packet = _with_later_ones(moving, packet)
            if time.monotonic() > deadline:
                self._tell_once("has to wait with", moving[0], why)
                return [*packet, *late.values()]
            time.sleep(MOVING_PAUSE)

    def _conclude(self, error: TrackerUnavailable | None) -> None:
        if error:
            self._leave_alone(error)
            self._rests_until = time.monotonic() + config.TASK_TRACKER_RETRY_AFTER * REST
            self._outbox.trim()
            return
        with self._changing:
            was_away, self._link = self.is_away, Link.UP
        if was_away:
            logger.info(
                "The task tracker is back. Of the events of that time %d were stored, %d lost.",
                self._answered - self._answered_before,
                self._outbox.lost,
            )
            self._outbox.lost = 0

    def _leave_alone(self, error: TrackerUnavailable) -> None:
        with self._changing:
            if self.is_away:
                return
            self._link = Link.DOWN
            self._answered_before = self._answered
        logger.warning(
            "The task tracker is away (%s). Tasks go on as ever, their events are kept%s",
            error,
            "; load the module with `loadmodule /path/to/libtracker.so` in redis.conf."
            if isinstance(error, ModuleMissing)
            else ".",
        )

    def _tell_once(self, verb: str, write: Write, why: TrackerError) -> None:
        # Without the values that follow the first words of a reply: "ERR task_id".
        kind = (verb, type(write).__name__, type(why).__name__, *str(why).split(maxsplit=2)[:2])
        if kind not in self._kinds and len(self._kinds) < MOST_KINDS:
            self._kinds.add(kind)
            logger.error("The tracker %s %s: %s", verb, _shown(write.subject), _shown(str(why)))


def _with_later_ones(moving: Sequence[Write], packet: Sequence[Write]) -> list[Write]:
    """``moving``, and the later writes of ``packet`` for the same objects, so that order is kept.

    Repeating a write that was carried out changes nothing.
    """
    again: list[Write] = []
    objects: set[ObjectRef] = set()
    first = {id(write) for write in moving}
    for write in packet:
        if id(write) in first or not objects.isdisjoint(write.objects):
            again.append(write)
            objects.update(write.objects)
    return again


def _shown(text: str) -> str:
    """``text`` for one line of a log: cut, and with its control characters escaped."""
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")
