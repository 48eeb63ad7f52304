"""A pause after Redis did not answer, during which it is not asked again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.signals import setting_changed

from ..config import config
from .client import CONNECTION_SETTINGS
from .errors import SlotMoving, TrackerUnavailable

T = TypeVar("T")


class Pause:
    """After one reader has waited for Redis in vain, the next ones do not wait.

    The threads of a process share it. It does not depend on the recorder, which may be unable to
    write while reading works.
    """

    def __init__(self) -> None:
        self._error: TrackerUnavailable | None = None
        self._until = 0.0

    def unless_paused(self, ask: Callable[[], T]) -> T:
        """What ``ask()`` returns. Raises :class:`TrackerUnavailable` at once during the pause.

        A pause begins when ``ask()`` raises that, and lasts TASK_TRACKER_RETRY_AFTER seconds. None
        begins when an object is moving to another node of the cluster.
        """
        if self._error and time.monotonic() < self._until:
            raise self._error
        try:
            reply = ask()
        except SlotMoving:
            # It is about one object. Others can be asked for.
            raise
        except TrackerUnavailable as error:
            self._until = time.monotonic() + config.TASK_TRACKER_RETRY_AFTER
            self._error = error.with_traceback(None)
            raise
        self.end()
        return reply

    def end(self) -> None:
        """Makes the next reader ask again."""
        self._error = None


pause = Pause()


def _end_pause(*, setting: str, **_: Any) -> None:
    if setting in CONNECTION_SETTINGS:
        pause.end()


setting_changed.connect(_end_pause, dispatch_uid="celery_task_tracker.pause")
