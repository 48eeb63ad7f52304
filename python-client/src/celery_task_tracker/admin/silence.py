"""Running tasks that no longer give a sign of life: finding them, and marking them as lost."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from http import HTTPStatus
from typing import Any

from django.contrib.admin import ModelAdmin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from ..config import config
from ..recording import process
from ..recording.headers import objects_in
from ..recording.overview import overviews_of
from ..registration.resolution import ObjectRef, Ref
from ..results import value_of
from ..server.client import get_client
from ..server.errors import TrackerError
from ..server.query import Query
from ..server.writes import Event
from .endpoint import Refusal, endpoint, record_of
from .log_entry import log_entry
from .objects import row_fields

#: A running task is silent after this many intervals without a sign of life.
MISSED = 3

#: The most running tasks of one object that are examined.
LIMIT = 1000

#: The most rows that the module is asked for at once.
PAGE = 200


def is_silent(record: Mapping[str, Any]) -> bool:
    """Whether the task of ``record`` should have given a sign of life and did not.

    A worker that sends no signs of life leaves none in the record, so its tasks are never silent.
    """
    if record.get("state") != "STARTED" or not config.TASK_TRACKER_HEARTBEAT:
        return False
    try:
        last = datetime.fromisoformat(record["alive_at"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return False
    return bool(time.time() - last > MISSED * config.TASK_TRACKER_HEARTBEAT)


def running_of_each(refs: Sequence[Ref]) -> list[bytes | TrackerError]:
    """The :data:`PAGE` newest running tasks of each of ``refs``, with what :func:`is_silent` needs.

    As JSON, or the error instead. Costs one round trip, on a cluster one to each node.
    """
    running = Query(states=("STARTED",), size=PAGE)
    return get_client().query_each(refs, running, ("state", "alive_at"))


def with_silent_count(ref: Ref, reply: bytes) -> bytes:
    """``reply``, a page of rows in the module's JSON, with ``silent`` if any task runs.

    That is ``{"count", "examined", "complete"}``: how many of the newest running tasks are silent,
    how many were looked at, and whether those were all. Costs a round trip if a task runs that is
    not among the rows.
    """
    if not config.TASK_TRACKER_HEARTBEAT:
        return reply
    page = json.loads(reply)
    count = page["states"].get("STARTED", 0)
    running = [record for record in page["tasks"] if record.get("state") == "STARTED"]
    if len(running) < count:
        (answer,) = running_of_each([ref])
        if not isinstance(answer, bytes):
            return reply
        running = json.loads(answer)["tasks"]
    if not running:
        return reply
    silent = {
        "count": sum(map(is_silent, running)),
        "examined": len(running),
        "complete": len(running) >= count,
    }
    # The rest stays as the module wrote it.
    return b'{"silent":%b,%b' % (json.dumps(silent).encode(), reply[1:])


def silent_json(ref: Ref, query: Query) -> bytes:
    """The page that ``query`` asks for, of silent tasks alone, in the form of the module's JSON.

    Looks at the newest :data:`LIMIT` running tasks. Costs one round trip for :data:`PAGE` of them.
    """
    silent: list[dict[str, Any]] = []
    page = pages = 1
    while page <= min(pages, LIMIT // PAGE):
        running = replace(query, states=("STARTED",), page=page, size=PAGE)
        reply = json.loads(get_client().query_json(ref, running, row_fields(ref)))
        silent += [record for record in reply["tasks"] if is_silent(record)]
        pages = reply["pages"]
        page += 1
    first = (query.page - 1) * query.size
    answer = {
        "total": len(silent),
        "page": query.page,
        "size": query.size,
        "pages": -(-len(silent) // query.size),
        "tasks": silent[first : first + query.size],
        "states": reply["states"],
    }
    return json.dumps(answer).encode()


@endpoint("POST", "change")
def mark_lost(
    request: HttpRequest, obj: Model, ref: ObjectRef, *, model_admin: ModelAdmin[Any]
) -> HttpResponse:
    """``task_id=<id>``: marks a silent task as FAILURE, and records who did so.

    If the task ends after all, its own end replaces this one.
    """
    record = record_of(ref, request.POST.get("task_id", ""))
    if not is_silent(record):
        raise Refusal(
            HTTPStatus.CONFLICT,
            "not-silent",
            _("This task has ended, or gives signs of life."),
        )
    others = objects_in(value_of(record.get("objects", "[]"))) or ()
    objects = tuple(dict.fromkeys((ref, *others)))
    error = _("No sign of life since %(time)s. Marked as lost by %(user)s.") % {
        "time": record["alive_at"],
        "user": request.user.get_username(),
    }
    process.record(
        Event(
            objects=objects,
            overviews=overviews_of(record["name"], objects),
            task_id=record["id"],
            name=record["name"],
            state="FAILURE",
            attempt=record["attempt"],
            run=record.get("run"),
            at=int(datetime.now(timezone.utc).timestamp() * 1000),
            fields={
                "exception": "Lost",
                "error": error,
                "lost_by": request.user.get_username(),
            },
            is_tentative=True,
        )
    )
    message = _("Marked task %(name)s (%(id)s) as lost.")
    log_entry(request, obj, model_admin, message % {"name": record["name"], "id": record["id"]})
    return JsonResponse({"id": record["id"], "name": record["name"]}, status=HTTPStatus.ACCEPTED)
