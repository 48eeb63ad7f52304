"""Events that wait for Redis: in order, bounded, each with the time at which it happened."""

from __future__ import annotations

from collections import deque

from ..config import config
from ..server.writes import Write

#: The most text that the events of one spool may hold together, in characters.
MAX_TEXT = 32 * 1024 * 1024

#: What is written in one round trip at most: events, and characters unless it is a single event.
BATCH_EVENTS = 200
BATCH_TEXT = 1024 * 1024


class Spool:
    """The events of this process that Redis has not got yet. Not thread-safe by itself.

    What is too much pushes out the oldest, because a later event of a task tells more of how it
    ended than an earlier one.
    """

    def __init__(self) -> None:
        self._events: deque[Write] = deque()
        self._text = 0
        self.lost = 0
        """How many events were pushed out."""

    def __len__(self) -> int:
        return len(self._events)

    def append(self, event: Write) -> None:
        """Keeps ``event`` as the latest."""
        self._events.append(event)
        self._text += event.length
        self._keep_bounds()

    def take(self) -> list[Write]:
        """Removes the oldest events that fit into one round trip, oldest first."""
        batch: list[Write] = []
        length = 0
        while self._events and len(batch) < BATCH_EVENTS:
            length += self._events[0].length
            if batch and length > BATCH_TEXT:
                break
            batch.append(self._remove_oldest())
        return batch

    def put_back(self, batch: list[Write]) -> None:
        """Undoes ``take()``."""
        self._events.extendleft(reversed(batch))
        self._text += sum(event.length for event in batch)
        self._keep_bounds()

    def _keep_bounds(self) -> None:
        while self._events and (
            len(self._events) > config.TASK_TRACKER_SPOOL_SIZE or self._text > MAX_TEXT
        ):
            self._remove_oldest()
            self.lost += 1

    def _remove_oldest(self) -> Write:
        event = self._events.popleft()
        self._text -= event.length
        return event
