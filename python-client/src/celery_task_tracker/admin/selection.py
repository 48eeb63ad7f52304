"""The tasks of an object or a model that a request selects, by their ids or by filters."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, TypeAlias

from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext as _

from ..registration.resolution import ObjectRef, Ref
from ..server.client import get_client
from .causes import failed_by
from .endpoint import Refusal
from .filters import query_of
from .silence import silent_json

#: The most tasks that one request selects.
LIMIT = 1000


#: An object, its name in the tracker, and records of it.
RecordsOf: TypeAlias = tuple[Model, ObjectRef, Sequence[dict[str, Any]]]

#: Why something cannot be done with a record, or ``None``.
Judgement: TypeAlias = Callable[[dict[str, Any]], Refusal | None]


@dataclass(frozen=True)
class Selection:
    """Records, and how many there are beyond :data:`LIMIT`."""

    records: Sequence[dict[str, Any]]
    remaining: int


def selected(request: HttpRequest, ref: Ref, fields: Sequence[str]) -> Selection:
    """The records with the given ``task_id``, which may be repeated; else those of the filters.

    They have ``id``, ``name``, ``state`` and ``fields``. The newest come first. Costs one round
    trip, and with filters one per page of the module's ``max-page-size``.
    """
    if request.POST.getlist("task_id"):
        return Selection(named(request, ref, fields), 0)
    wanted = replace(query_of(request.POST), page=1, size=LIMIT)
    if request.POST.get("silent"):
        reply = json.loads(silent_json(ref, wanted))
        ids = [record["id"] for record in reply["tasks"]]
        return Selection(records_of(ref, ids, fields), max(0, reply["total"] - len(ids)))
    if request.POST.get("cause"):
        ids = failed_by(ref, wanted, request.POST["cause"])
        return Selection(records_of(ref, ids[:LIMIT], fields), max(0, len(ids) - LIMIT))
    records: list[dict[str, Any]] = []
    page = pages = 1
    total = 0
    while page <= pages and len(records) < LIMIT:
        query = replace(wanted, page=page)
        reply = json.loads(get_client().query_json(ref, query, ("id", "name", "state", *fields)))
        records += (_whole(record) for record in reply["tasks"])
        total, pages = reply["total"], reply["pages"]
        page += 1
    records = list({record["id"]: record for record in records}.values())[:LIMIT]
    return Selection(records, max(0, total - len(records)))


def named(request: HttpRequest, ref: Ref, fields: Sequence[str]) -> list[dict[str, Any]]:
    """The records with the given ``task_id``, as far as they exist. Raises :class:`Refusal` if it
    names none, or more than :data:`LIMIT`."""
    ids = list(dict.fromkeys(request.POST.getlist("task_id")))
    if not 0 < len(ids) <= LIMIT:
        raise Refusal(
            HTTPStatus.BAD_REQUEST,
            "bad-selection",
            _("1 to %(limit)d tasks can be selected.") % {"limit": LIMIT},
        )
    return records_of(ref, ids, fields)


def records_of(ref: Ref, ids: Sequence[str], fields: Sequence[str]) -> list[dict[str, Any]]:
    """The records of one object with these ids, as far as they exist. Costs one round trip."""
    found = get_client().get_each(ref, ids, ("name", "state", *fields))
    return [
        _whole({"id": task_id, **record})
        for task_id, record in zip(ids, found, strict=True)
        if record is not None
    ]


def _whole(record: dict[str, Any]) -> dict[str, Any]:
    # Another program may have removed these.
    return {"name": "", "state": "", **record}
