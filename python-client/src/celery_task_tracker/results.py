"""The tracker's answers as typed values for a project's own code."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Any

from django.conf import settings
from django.utils.timezone import get_default_timezone, make_naive

from .states import ACTIVE_STATES

logger = logging.getLogger("celery_task_tracker")

#: The most levels of lists and dicts that a value has, a plain one having one.
MAX_DEPTH = 32


@dataclass(frozen=True)
class Progress:
    """How far a running task is, as it reported itself."""

    current: float
    total: float | None = None
    message: str = ""


@dataclass(frozen=True)
class TrackedTask:
    """The record of one task. Times are those of the attempt shown.

    They are aware and in UTC, or naive and in TIME_ZONE where the project has ``USE_TZ = False``.
    """

    id: str
    name: str
    state: str
    attempt: int
    """0 for the first run, one more with each retry."""

    created_at: datetime
    updated_at: datetime
    published_at: datetime | None
    received_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    args: Any
    """Positional arguments, secrets redacted. Text if they were too long to be kept whole."""

    kwargs: Any
    result: Any
    """What the task returned, decoded from JSON; the text of a value that JSON cannot hold."""

    error: str
    exception: str
    """The name of the exception's class."""

    traceback: str
    worker: str
    queue: str
    progress: Progress | None
    fields: Mapping[str, Any]
    """The whole record as the module returned it."""

    @property
    def is_active(self) -> bool:
        """Whether the task may still run."""
        return self.state in ACTIVE_STATES

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> TrackedTask:
        """The task of a row in the module's JSON."""
        return cls(
            id=record["id"],
            name=record["name"],
            state=record["state"],
            attempt=record["attempt"],
            created_at=_time(record["created_at"]),
            updated_at=_time(record["updated_at"]),
            published_at=_time_or_none(record.get("published_at")),
            received_at=_time_or_none(record.get("received_at")),
            started_at=_time_or_none(record.get("started_at")),
            finished_at=_time_or_none(record.get("finished_at")),
            args=record.get("args"),
            kwargs=record.get("kwargs"),
            result=value_of(record["result"]) if "result" in record else None,
            error=record.get("error", ""),
            exception=record.get("exception", ""),
            traceback=record.get("traceback", ""),
            worker=record.get("worker", ""),
            queue=record.get("queue", ""),
            progress=_progress(record.get("progress")),
            fields=record,
        )


@dataclass(frozen=True)
class TaskPage:
    """One page of an object's tasks, newest first."""

    tasks: tuple[TrackedTask, ...]
    """Records that another program has made unreadable are left out, and logged."""

    total: int
    """How many tasks match on all pages together."""

    page: int
    size: int
    pages: int
    states: Mapping[str, int]
    """How many tasks of the object are in each state, regardless of the filters."""

    @classmethod
    def of(cls, reply: bytes) -> TaskPage:
        """The page in the module's JSON."""
        page = json.loads(reply)
        return cls(
            tasks=tuple(_readable(page["tasks"])),
            total=page["total"],
            page=page["page"],
            size=page["size"],
            pages=page["pages"],
            states=page["states"],
        )


@dataclass(frozen=True)
class LastTask:
    """The newest task of an object."""

    id: str
    name: str
    state: str
    updated_at: datetime


@dataclass(frozen=True)
class TaskStats:
    """How many tasks an object has."""

    total: int
    active: int
    """How many may still run."""

    states: Mapping[str, int]
    tasks: Mapping[str, int]
    """How many tasks there are of each name."""

    oldest: datetime | None
    newest: datetime | None
    last: LastTask | None
    """``None`` if there is no task, or if the record cannot be read."""

    @classmethod
    def of(cls, reply: bytes) -> TaskStats:
        """The numbers in the module's JSON."""
        stats = json.loads(reply)
        return cls(
            total=stats["total"],
            active=stats["active"],
            states=stats["states"],
            tasks=stats["tasks"],
            oldest=_time_or_none(stats["oldest"]),
            newest=_time_or_none(stats["newest"]),
            last=_last(stats["last"]),
        )


def _readable(records: Iterable[Mapping[str, Any]]) -> Iterator[TrackedTask]:
    """The tasks of ``records``, without those that another program has made unreadable."""
    for record in records:
        try:
            yield TrackedTask.of(record)
        except Exception:
            logger.warning("The record of task %r cannot be read.", record.get("id"), exc_info=True)


def _last(record: Mapping[str, Any] | None) -> LastTask | None:
    if record is None:
        return None
    try:
        updated_at = _time(record["updated_at"])
        return LastTask(record["id"], record["name"], record["state"], updated_at)
    except Exception:
        logger.warning("The record of task %r cannot be read.", record.get("id"), exc_info=True)
        return None


def _time(text: str) -> datetime:
    # Python 3.10 does not read the Z.
    time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return time if settings.USE_TZ else make_naive(time, get_default_timezone())


def _time_or_none(text: str | None) -> datetime | None:
    return None if text is None else _time(text)


def value_of(text: str) -> Any:
    """The value of a text that is JSON; any other text as it is.

    As in the module's own answers, text that nests deeper than :data:`MAX_DEPTH`, or that has a
    number which a double cannot hold, stays text.
    """
    try:
        value = json.loads(
            text, parse_constant=_finite, parse_float=_finite, parse_int=_whole_number
        )
    except (ValueError, OverflowError, RecursionError):
        # Nor is a value JSON once it was cut.
        return text
    return value if _depth(value) <= MAX_DEPTH else text


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(text)
    return number


def _whole_number(text: str) -> int:
    number = int(text)
    float(number)
    return number


def _depth(value: Any) -> int:
    """How deep ``value`` nests, counted only as far as needed."""
    depth, level = 0, [value]
    while level and depth <= MAX_DEPTH:
        level = [
            each
            for parent in level
            if isinstance(parent, dict | list)
            for each in (parent.values() if isinstance(parent, dict) else parent)
        ]
        depth += 1
    return depth


def _progress(value: Any) -> Progress | None:
    if not isinstance(value, dict) or "current" not in value:
        return None
    return Progress(value["current"], value.get("total"), value.get("message", ""))
