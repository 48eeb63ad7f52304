"""Failures, grouped by what caused them: the exception and its message without the details."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2s
from typing import Any

from django.contrib.admin import ModelAdmin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, JsonResponse

from ..registration.resolution import OverviewRef, Ref
from ..server.client import get_client
from ..server.query import Query
from .endpoint import endpoint
from .filters import query_of
from .folding import folded
from .objects import described, objects_of, row_fields, visible
from .presentable import presentable

#: How many failures are examined, the newest first.
LIMIT = 2000

#: How many are examined of those that hold a text. The module searches anew for each page of them.
LIMIT_OF_MATCHES = 600

#: The most causes that an answer has.
MOST = 100

#: How many objects of a cause an answer names, those that failed last.
FEW_OBJECTS = 3

#: The fields that say which task failed and what the cause is.
FIELDS = ("id", "name", "exception", "error")


@dataclass(frozen=True)
class Cause:
    """Why tasks failed."""

    exception: str
    """The name of the exception's class."""

    message: str
    """Its message, folded."""

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Cause:
        """The cause of a failure. Another program may have written any value."""
        exception, error = record.get("exception", ""), record.get("error", "")
        return cls(str(exception), folded(str(error)))

    @property
    def key(self) -> str:
        """The cause as the page's address has it."""
        text = f"{self.exception}\n{self.message}"
        return blake2s(text.encode(errors="replace"), digest_size=8).hexdigest()


@endpoint("GET", "view")
def causes(
    request: HttpRequest, obj: Model | None, ref: Ref, *, model_admin: ModelAdmin[Any]
) -> HttpResponse:
    """The causes of the newest :data:`LIMIT` failures, narrowed by the filters of the list.

    Answers ``{"causes": [{"key", "exception", "message", "count", "first", "last", "names",
    "objects"}], "examined", "total", "more"}``: the most frequent cause first, ``first`` and
    ``last`` being when such a task failed, ``more`` how many causes were too many to be listed, and
    ``total`` how many failures there are, whatever their task. In an overview ``objects`` is
    ``{"count", "last": [{"name", "url"}]}``, and ``last`` has those that this user may view. Costs
    two round trips, and an overview one query.
    """
    is_overview = isinstance(ref, OverviewRef)
    fields = (*FIELDS, "finished_at", *(["objects"] if is_overview else []))
    failures = _Failures.newest(ref, query_of(request.GET), fields)
    groups: dict[Cause, list[dict[str, Any]]] = {}
    for record in failures.records:
        groups.setdefault(Cause.of(record), []).append(record)
    found = [_summary(cause, records) for cause, records in groups.items()]
    found.sort(key=lambda each: (each["count"], each["last"]), reverse=True)
    listed = found[:MOST]
    if isinstance(ref, OverviewRef):
        records_of = {cause.key: records for cause, records in groups.items()}
        told = _objects(request, model_admin, ref, [records_of[each["key"]] for each in listed])
        listed = [{**each, "objects": objects} for each, objects in zip(listed, told, strict=True)]
    return JsonResponse(
        {
            "causes": listed,
            "more": len(found) - len(listed),
            "examined": failures.examined,
            "total": failures.total,
        }
    )


def failed_by(ref: Ref, query: Query, key: str) -> list[str]:
    """The ids of the failures with this cause, the newest first, among :data:`LIMIT` examined.

    Costs two round trips.
    """
    return [record["id"] for record in _Failures.newest(ref, query, FIELDS).of(key)]


def failed_by_json(ref: Ref, query: Query, key: str) -> bytes:
    """The page that ``query`` asks for, of failures with this cause, in the module's own JSON.

    ``cause`` names it, ``{"exception", "message"}``, if any failure has it. Costs three round
    trips.
    """
    failures = _Failures.newest(ref, query, FIELDS)
    matching = failures.of(key)
    first = (query.page - 1) * query.size
    ids = [record["id"] for record in matching[first : first + query.size]]
    rows = get_client().get_each(ref, ids, row_fields(ref)) if ids else []
    cause = Cause.of(matching[0]) if matching else None
    answer = {
        "total": len(matching),
        "page": query.page,
        "size": query.size,
        "pages": -(-len(matching) // query.size),
        "tasks": [presentable(row) for row in rows if row is not None],
        "states": failures.states,
        "cause": cause and {"exception": cause.exception, "message": cause.message},
    }
    return json.dumps(answer).encode()


@dataclass(frozen=True)
class _Failures:
    """What a query lets through of the newest failures."""

    records: Sequence[dict[str, Any]]
    examined: int
    total: int
    """How many failures there are, of any task, beside those examined too."""

    states: Mapping[str, int]

    @classmethod
    def newest(cls, ref: Ref, query: Query, fields: Sequence[str]) -> _Failures:
        # By tasks they are narrowed here: the module would go through all failures for each page.
        failures = replace(query, states=("FAILURE",), names=())
        limit = LIMIT_OF_MATCHES if query.match else LIMIT
        page = get_client().newest(ref, failures, fields, limit)
        examined = page["tasks"]
        names = query.names
        records = [row for row in examined if not names or row.get("name") in names]
        return cls(records, len(examined), page["total"], page["states"])

    def of(self, key: str) -> list[dict[str, Any]]:
        """Those with this cause."""
        keys: dict[Cause, str] = {}
        found = []
        for record in self.records:
            cause = Cause.of(record)
            if keys.setdefault(cause, cause.key) == key:
                found.append(record)
        return found


def _summary(cause: Cause, records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    # All times of the module have one form, so they sort as text.
    ends = [str(record["finished_at"]) for record in records if "finished_at" in record]
    return {
        "key": cause.key,
        "exception": cause.exception,
        "message": cause.message,
        "count": len(records),
        "first": min(ends, default=""),
        "last": max(ends, default=""),
        "names": sorted({str(record["name"]) for record in records if "name" in record}),
    }


def _objects(
    request: HttpRequest,
    model_admin: ModelAdmin[Any],
    overview: OverviewRef,
    causes: Sequence[Sequence[Mapping[str, Any]]],
) -> list[dict[str, Any]]:
    """The objects of the records of each cause: how many there are, and the last of them."""
    of_each = [
        list(dict.fromkeys(each for record in records for each in objects_of(overview, record)))
        for records in causes
    ]
    last = [refs[:FEW_OBJECTS] for refs in of_each]
    known = visible(request, model_admin, (each for refs in last for each in refs))
    shown = {each: described(model_admin, obj) for each, obj in known.items()}
    return [
        {"count": len(refs), "last": [shown[each] for each in few if each in shown]}
        for refs, few in zip(of_each, last, strict=True)
    ]
