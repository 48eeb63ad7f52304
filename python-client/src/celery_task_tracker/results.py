"""The tracker's answers as typed values for a project's own code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.timezone import get_default_timezone, make_naive

from .states import ACTIVE_STATES


@dataclass(frozen=True)
class Progress:
    """How far a running task is, by its own account."""

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
    """Positional arguments, secrets redacted. Text where they were too long to be kept whole."""

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
            result=_result(record.get("result")),
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
            tasks=tuple(TrackedTask.of(record) for record in page["tasks"]),
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

    @classmethod
    def of(cls, reply: bytes) -> TaskStats:
        """The numbers in the module's JSON."""
        stats = json.loads(reply)
        last = stats["last"]
        return cls(
            total=stats["total"],
            active=stats["active"],
            states=stats["states"],
            tasks=stats["tasks"],
            oldest=_time_or_none(stats["oldest"]),
            newest=_time_or_none(stats["newest"]),
            last=last
            and LastTask(last["id"], last["name"], last["state"], _time(last["updated_at"])),
        )


def _time(text: str) -> datetime:
    # Python 3.10 does not read the Z.
    time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return time if settings.USE_TZ else make_naive(time, get_default_timezone())


def _time_or_none(text: str | None) -> datetime | None:
    return None if text is None else _time(text)


def _result(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return text


def _progress(value: Any) -> Progress | None:
    if not isinstance(value, dict) or "current" not in value:
        return None
    return Progress(value["current"], value.get("total"), value.get("message", ""))
