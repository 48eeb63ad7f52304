"""What users are shown of a task. Arguments, results, errors, workers and ids stay untold."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from django.db.models import Model
from django.utils.translation import pgettext

from ..config import config
from ..recording import process
from ..registration.resolution import ObjectRef, object_of
from ..server.client import get_client
from ..server.pause import pause
from ..server.query import Query
from ..states import ACTIVE_STATES
from ..templatetags.task_humanize import humanize_task

#: The fields that are read.
FIELDS = ("name", "state", "progress", "created_at", "started_at", "finished_at", "updated_at")

#: The most task names that one query takes.
MOST_NAMES = 64


@dataclass(frozen=True)
class Shown:
    """The progress of one task. Times are in RFC 3339 and UTC, ``None`` for what is yet to come."""

    task: str
    """A readable name; empty if there is no task."""

    state: str
    """Celery's name of the state; empty if there is no task."""

    text: str
    """The state in the reader's language; empty if there is no task."""

    ended: bool
    current: float | None = None
    total: float | None = None
    created_at: str | None = None
    started_at: str | None = None
    finished_at: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return asdict(self)

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Shown:
        """The progress in a record, as the module's JSON has it."""
        state, progress = record["state"], record.get("progress")
        if state != "STARTED" or not isinstance(progress, Mapping):
            progress = {}
        return cls(
            task=humanize_task(record["name"]),
            state=state,
            text=state_text(state),
            ended=state not in ACTIVE_STATES,
            current=_number(progress.get("current")),
            total=_number(progress.get("total")),
            created_at=record.get("created_at"),
            started_at=record.get("started_at"),
            finished_at=record.get("finished_at"),
        )


#: What is shown while there is no task.
NOTHING = Shown(task="", state="", text="", ended=False)


def newest(obj: Model, names: Sequence[str]) -> Shown:
    """The newest task of ``obj`` with one of these full names.

    Costs one round trip, and another one for every 64 names. Raises
    :class:`~..server.errors.TrackerError` where Redis does not answer, for a while without asking,
    and :class:`~..registration.namespace.WrongNamespace`.
    """
    ref = object_of(obj)
    if not config.is_enabled:
        return NOTHING
    process.settle()
    found = []
    for first in range(0, len(names), MOST_NAMES):
        query = Query(names=tuple(names[first : first + MOST_NAMES]), size=1)
        reply = pause.unless_paused(partial(_ask, ref, query))
        found += json.loads(reply)["tasks"]
    if not found:
        return NOTHING
    return Shown.of(max(found, key=lambda record: record["created_at"]))


def _ask(ref: ObjectRef, query: Query) -> bytes:
    return get_client().query_json(ref, query, FIELDS)


def state_text(state: str) -> str:
    """A state in words for people who know nothing of tasks, in the reader's language."""
    if state == "STARTED":
        return pgettext("progress", "Running")
    if state in ACTIVE_STATES:
        return pgettext("progress", "Waiting")
    if state in ("SUCCESS", "IGNORED"):
        return pgettext("progress", "Done")
    if state == "REVOKED":
        return pgettext("progress", "Cancelled")
    return pgettext("progress", "Failed")


def _number(value: Any) -> float | None:
    """A number that a page can draw. Another program may have written anything."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and value >= 0 else None
