"""The tasks of one object that belong together with one of them: a chain, a group, a chord."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.contrib.admin import ModelAdmin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from ..registration.resolution import ObjectRef, OverviewRef, Ref
from ..server.client import get_client
from ..server.query import Query
from ..states import ACTIVE_STATES
from .endpoint import Refusal, endpoint, object_of_task
from .workflow import Tally, relatives, rows

#: How many records are examined of those sent before the task, and of those sent after it.
EXAMINED = 1000

#: The most rows that the module is asked for at once.
PAGE = 200

#: The fields that say where a task belongs.
FIELDS = (
    *("id", "name", "state", "created_at"),
    *("root_id", "parent_id", "group_id", "chord_id"),
)

#: The fields that name another task.
NAMES = ("root_id", "parent_id", "rerun_of", "rerun_as")


@endpoint("GET", "view")
def family(
    request: HttpRequest,
    obj: Model | None,
    ref: Ref,
    task_id: str,
    *,
    model_admin: ModelAdmin[Any],
) -> HttpResponse:
    """The chain, group or chord that a task is a part of, with this object's tasks only.

    Answers the ``rows`` of the tree, see :func:`~.workflow.rows`, and ``total``, ``done`` and
    ``failed`` of its tasks. ``isActive``: whether one of them may still run. ``there``: which of
    the tasks that the record names this object has, too. ``isComplete`` is false if the object has
    more records than were ``examined``: the 1,000 sent before the task and the 1,000 sent after it.

    Costs three round trips at most, and ten queries of up to 200 rows in the module.

    In the overview it is that of the task's object.
    """
    if isinstance(ref, OverviewRef):
        _owner, ref = object_of_task(request, model_admin, ref, task_id)
    (own,) = get_client().get_each(ref, [task_id], (*FIELDS, *NAMES))
    if own is None:
        raise Refusal(
            HTTPStatus.NOT_FOUND,
            "no-task",
            _("There is no record of this task for this object (any more)."),
        )
    near, is_complete = _near(ref, str(own.get("created_at", "")))
    named = {own[name] for name in NAMES if own.get(name)} - {task_id}
    far = _records(ref, sorted(named - {record["id"] for record in near}))
    members = relatives([*near, *far, {**own, "id": task_id}], task_id)
    found = {record["id"] for record in (*near, *far)}
    return JsonResponse(
        {
            "rows": rows(members, task_id),
            **Tally.of(record.get("state", "") for record in members)._asdict(),
            "there": sorted(named & found),
            "isActive": any(record.get("state") in ACTIVE_STATES for record in members),
            "examined": len(near),
            "isComplete": is_complete,
        }
    )


def _near(ref: ObjectRef, moment: str) -> tuple[list[dict[str, Any]], bool]:
    """The records sent closest to ``moment``, and whether these are all that the object has."""
    pages = range(1, EXAMINED // PAGE + 1)
    before = [Query(until=moment, page=page, size=PAGE) for page in pages]
    after = [Query(since=moment, page=page, size=PAGE, order="OLDEST") for page in pages]
    replies = [json.loads(each) for each in get_client().query_many(ref, before + after, FIELDS)]
    is_complete = all(
        side[0]["total"] <= sum(len(reply["tasks"]) for reply in side)
        for side in (replies[: len(before)], replies[len(before) :])
    )
    records = {record["id"]: record for reply in replies for record in reply["tasks"]}
    return list(records.values()), is_complete


def _records(ref: ObjectRef, ids: Sequence[str]) -> list[dict[str, Any]]:
    if not ids:
        return []
    found = get_client().get_each(ref, ids, FIELDS)
    return [
        {**record, "id": task_id}
        for task_id, record in zip(ids, found, strict=True)
        if record is not None
    ]
