"""What is usual for each task: how often it fails, how long it waits and runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from math import ceil
from typing import Any

from django.contrib.admin import ModelAdmin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, JsonResponse

from ..registration.resolution import Ref
from ..server.client import get_client
from ..states import ACTIVE_STATES, STATES
from .endpoint import endpoint
from .filters import query_of

#: How many tasks that ended are examined, the newest first.
LIMIT = 200

ENDED = tuple(state for state in STATES if state not in ACTIVE_STATES)

FIELDS = (
    *("id", "name", "state", "tentative", "eta", "created_at"),
    *("published_at", "received_at", "started_at", "finished_at"),
)


@endpoint("GET", "view")
def usual(
    request: HttpRequest, obj: Model | None, ref: Ref, *, model_admin: ModelAdmin[Any]
) -> HttpResponse:
    """What :func:`usual_of` says of the last :data:`LIMIT` tasks that ended, as ``{"tasks": […]}``.

    With the filter ``task``, of those among the last :data:`LIMIT` of these tasks that ended. Takes
    the filters ``task``, ``since`` and ``until`` of the list. Costs one round trip.
    """
    query = query_of(request.GET)
    # For states and tasks together the module would go through all records of the states.
    states = () if query.names else ENDED
    query = replace(query, states=states, match="", page=1, size=LIMIT)
    reply = json.loads(get_client().query_json(ref, query, FIELDS))
    ended = [record for record in reply["tasks"] if record.get("state") in ENDED]
    return JsonResponse({"tasks": usual_of(ended), "examined": len(ended)})


def usual_of(records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """For each task name among ``records``, rows of the module's JSON, the most frequent one first:

    ``{"name", "count", "failures", "ran": {"count", "median", "p95"} or None, "waited": the same,
    "slowest": {"id", "ran"} or None}``, with times in milliseconds.
    """
    by_name: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        by_name.setdefault(str(record.get("name", "")), []).append(record)
    found = [_usual(name, each) for name, each in by_name.items()]
    return sorted(found, key=lambda each: (-each["count"], each["name"]))


def _usual(name: str, records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    runs = [(ran, record["id"]) for record in records if (ran := _ran(record)) is not None]
    waits = [wait for record in records if (wait := _waited(record)) is not None]
    slowest = max(runs, default=None)
    return {
        "name": name,
        "count": len(records),
        "failures": sum(record.get("state") == "FAILURE" for record in records),
        "ran": _middle([ran for ran, _ in runs]),
        "waited": _middle(waits),
        "slowest": slowest and {"id": slowest[1], "ran": slowest[0]},
    }


def _middle(times: Sequence[int]) -> dict[str, int] | None:
    if not times:
        return None
    return {"count": len(times), "median": percentile(times, 50), "p95": percentile(times, 95)}


def percentile(values: Sequence[int], percent: int) -> int:
    """The least of ``values`` that at least ``percent`` of a hundred do not exceed (nearest rank).

    ``values`` must not be empty.
    """
    return sorted(values)[max(1, ceil(len(values) * percent / 100)) - 1]


def _ran(record: Mapping[str, Any]) -> int | None:
    """How long a task ran that ended by itself: not if it was revoked or marked as lost."""
    if record.get("state") == "REVOKED" or record.get("tentative"):
        return None
    return _between(_at(record.get("started_at")), _at(record.get("finished_at")))


def _waited(record: Mapping[str, Any]) -> int | None:
    """How long a task waited for a worker, from when it was due if it was not to run at once."""
    sent = ("published_at", "received_at", "created_at")
    begin = next((at for name in sent if (at := _at(record.get(name))) is not None), None)
    due = _at(record.get("eta"))
    if begin is not None and due is not None:
        begin = max(begin, due)
    return _between(begin, _at(record.get("started_at")))


def _between(begin: int | None, end: int | None) -> int | None:
    # The clocks of two machines may differ.
    return None if begin is None or end is None else max(0, end - begin)


def _at(time: Any) -> int | None:
    """A time in unix milliseconds. Another program may have written any value."""
    try:
        # Python 3.10 does not read the Z.
        return round(datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp() * 1000)
    except (AttributeError, ValueError, OverflowError):
        return None
