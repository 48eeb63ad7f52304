"""Writes on their way to Redis, each sent without waiting for the reply to the one before.

Who records an event goes on as soon as the system has taken it, not when Redis has answered. What
was sent and not answered is remembered until it is: a line that breaks gives it back.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import NamedTuple

from ..server.client import Refused, TrackerClient
from ..server.errors import CommandRefused, TrackerUnavailable, translated, translating
from ..server.wire import Channel
from ..server.writes import Write


class Sent(NamedTuple):
    """One command that Redis has not answered yet."""

    write: Write
    at: float
    """When it was sent, by the monotonic clock."""


class Line:
    """One connection for the writes of all threads; once broken it stays so. Thread-safe.

    Making one connects. ``patience``: seconds that a reply may take. Every method raises
    :class:`TrackerUnavailable` where Redis does not answer.
    """

    def __init__(self, client: TrackerClient, patience: float) -> None:
        self._channel = client.channel()
        self._patience = patience
        self._lock = threading.Lock()
        self._is_broken = False
        self._sent: deque[Sent] = deque()

    @property
    def is_broken(self) -> bool:
        """Whether it carries nothing more."""
        return self._is_broken

    @property
    def pending(self) -> int:
        """How many commands are not answered."""
        return len(self._sent)

    def send(self, write: Write) -> None:
        """Sends ``write``, and remembers it unless that raises.

        Waits only while the system takes no more, and no longer than a reply may take.
        """
        commands = write.commands()
        with self._whole() as channel:
            channel.send(commands)
            now = time.monotonic()
            self._sent.extend([Sent(write, now)] * len(commands))

    def answered(self) -> list[Refused]:
        """Takes the replies that are there; those of them by which Redis refused a write."""
        refused: list[Refused] = []
        with self._whole() as channel:
            while self._sent and channel.has_reply():
                refused += self._take_reply(channel)
            if self._sent and time.monotonic() - self._sent[0].at > self._patience:
                raise TrackerUnavailable(f"no answer within {self._patience} s")
        return refused

    def settle(self) -> list[Refused]:
        """Waits for all replies; those of them by which Redis refused a write."""
        refused: list[Refused] = []
        with self._whole() as channel:
            while self._sent:
                refused += self._take_reply(channel)
        return refused

    def unanswered(self) -> list[Write]:
        """What may not have arrived, in the order in which it was sent."""
        return [next(sent).write for _, sent in groupby(self._sent, lambda sent: id(sent.write))]

    def close(self) -> None:
        """Breaks the line, unless it is broken."""
        with self._lock:
            if not self._is_broken:
                self._is_broken = True
                self._channel.close()

    def _take_reply(self, channel: Channel) -> list[Refused]:
        reply = channel.reply()
        error = translated(reply) if isinstance(reply, Exception) else None
        if error is not None and not isinstance(error, CommandRefused):
            raise error
        write = self._sent.popleft().write
        return [] if error is None else [(write, error)]

    @contextmanager
    def _whole(self) -> Iterator[Channel]:
        with self._lock:
            if self._is_broken:
                raise TrackerUnavailable("the connection is broken")
            try:
                with translating():
                    yield self._channel
            except BaseException:
                # A command may have been sent in part, and a reply is missing.
                self._is_broken = True
                self._channel.close()
                raise
