"""Marks in time, such as deploys, which the pictures of all models show.

Each is a record of a reserved model, kept for as long as the tasks are.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from ..config import config
from ..registration.namespace import is_namespace
from ..registration.resolution import ObjectRef
from ..server.client import get_client
from ..server.errors import CommandRefused
from ..server.query import Query
from ..server.writes import Event

#: The reserved model. No app's label has a hyphen.
MODEL = "celery-marks"

#: The most characters that a mark has.
LONGEST = 100

#: The most marks that are read, the newest first.
MOST = 100


@dataclass(frozen=True)
class Mark:
    """Something that happened, such as a deploy."""

    at: str
    """When, in the module's JSON: RFC 3339 in UTC."""

    text: str


def event_of(text: str, at: int | None = None) -> Event:
    """The event that stores a mark. ``at``: when it was, in unix milliseconds; by default now.

    Raises ``ValueError`` for a text that is empty or longer than :data:`LONGEST`.
    """
    text = " ".join(str(text).split())
    if not 0 < len(text) <= LONGEST:
        raise ValueError(f"a mark must have 1 to {LONGEST} characters, not {len(text)}")
    return Event(
        objects=(_all_marks(),),
        task_id=str(uuid.uuid4()),
        name="mark",
        state="SUCCESS",
        attempt=0,
        at=time.time_ns() // 1_000_000 if at is None else at,
        fields={"text": text},
        retention=_retention(),
    )


def read(since: int, until: int) -> list[Mark]:
    """The marks between two moments in unix milliseconds, the earliest first.

    None if the Redis user may not read them. Costs one round trip.
    """
    query = Query(since=str(since), until=str(until), size=MOST)
    try:
        reply = json.loads(get_client().query_json(_all_marks(), query, ("created_at", "text")))
    except CommandRefused:
        return []
    return [
        Mark(record["created_at"], str(record["text"]))
        for record in reversed(reply["tasks"])
        if "created_at" in record and "text" in record
    ]


def _all_marks() -> ObjectRef:
    """One list for all tenants if the namespace is a function: a deploy is for all of them."""
    namespace = config.TASK_TRACKER_NAMESPACE
    prefix = f"{namespace.lower()}." if is_namespace(namespace) else ""
    return ObjectRef(f"{prefix}{MODEL}", "all")


def _retention() -> int | None:
    """That of the records that are kept the longest. ``None``: what the module is set to."""
    window = config.TASK_TRACKER_RETENTION_WINDOW
    if isinstance(window, Mapping):
        return max((each for each in window.values() if each is not None), default=None)
    return None if window is None else int(window)
