"""The change list's action that runs the failed tasks of the chosen objects again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ..recording import process
from ..registration.namespace import WrongNamespace
from ..registration.resolution import ObjectRef, object_of
from ..server.client import get_client
from ..server.errors import TrackerError
from ..server.query import Query
from ..templatetags.task_humanize import humanize_task
from .assets import column_media
from .endpoint import refusal_for
from .rerun import Rerun
from .selection import Judgement, RecordsOf, records_of

#: The action's name in a request.
NAME = "task_tracker_rerun_failed"
TITLE = gettext_lazy("Run again what failed")

#: The most tasks that are run again at once. Django takes a form with 1,000 fields at most, and the
#: page that asks has a field for each object.
MOST_TASKS = 900

#: The most objects that are looked at, and how many of them in one round trip.
MOST_OBJECTS = 5000
AT_ONCE = 100

#: The newest failures of each object.
FAILED = Query(states=("FAILURE",), size=200)


@dataclass
class Plan:
    """What would be run again, and what would not."""

    chosen: list[tuple[Model, ObjectRef, list[str]]] = field(default_factory=list)
    """Objects with the ids of their tasks that can be run again."""

    names: Counter[str] = field(default_factory=Counter)
    """How many of these tasks have each name."""

    refused: Counter[str] = field(default_factory=Counter)
    """Why other tasks cannot be run again, and how many."""

    forbidden: int = 0
    """How many objects the user may not change."""

    is_cut: bool = False
    """Whether there are more objects or failures than were looked at."""

    @property
    def count(self) -> int:
        """How many tasks can be run again."""
        return self.names.total()


def rerun_failed(
    model_admin: ModelAdmin[Any], request: HttpRequest, queryset: QuerySet[Any]
) -> HttpResponse | None:
    """Asks first, and says how many tasks will be run again and which will not and why.

    The second request, with ``post``, runs again what has failed by then. A task that was run again
    already is left out: so the action may be repeated.
    """
    try:
        process.settle()
        plan = _plan(request, model_admin, queryset)
        if request.POST.get("post"):
            _carry_out(request, model_admin, plan)
            process.settle()
            return None
    except (TrackerError, WrongNamespace) as error:
        model_admin.message_user(request, str(refusal_for(error)), messages.ERROR)
        return None
    opts = model_admin.opts
    request.current_app = model_admin.admin_site.name
    context = {
        **model_admin.admin_site.each_context(request),
        "title": TITLE,
        "opts": opts,
        "action": NAME,
        "action_checkbox_name": ACTION_CHECKBOX_NAME,
        "media": model_admin.media + column_media(),
        "plan": plan,
        "objects": [obj for obj, _ref, _ids in plan.chosen],
        "tasks": [(humanize_task(name), count) for name, count in plan.names.most_common()],
        "refused": plan.refused.most_common(),
        "most": MOST_TASKS,
    }
    return TemplateResponse(request, "admin/celery_task_tracker/rerun_failed.html", context)


def _plan(request: HttpRequest, model_admin: ModelAdmin[Any], queryset: QuerySet[Any]) -> Plan:
    plan, act = Plan(), Rerun()
    objects = queryset.iterator(chunk_size=AT_ONCE)
    for _turn in range(MOST_OBJECTS // AT_ONCE):
        several = list(islice(objects, AT_ONCE))
        if not several:
            return plan
        allowed = [
            (obj, object_of(obj))
            for obj in several
            if model_admin.has_change_permission(request, obj)
        ]
        plan.forbidden += len(several) - len(allowed)
        refs = [ref for _obj, ref in allowed]
        fields = ("id", "name", "state", "rerun_as", *act.fields)
        replies = get_client().query_each(refs, FAILED, fields)
        for (obj, ref), reply in zip(allowed, replies, strict=True):
            if isinstance(reply, TrackerError):
                plan.refused[str(refusal_for(reply))] += 1
                continue
            page = json.loads(reply)
            plan.is_cut |= page["total"] > len(page["tasks"])
            ids = []
            judge = act.judge(request, model_admin, obj)
            for record in page["tasks"]:
                record = {"name": "", "state": "", **record}
                reason = _refusal(judge, record)
                if reason:
                    plan.refused[str(reason)] += 1
                elif plan.count == MOST_TASKS:
                    plan.is_cut = True
                else:
                    ids.append(record["id"])
                    plan.names[record["name"]] += 1
            if ids:
                plan.chosen.append((obj, ref, ids))
        if plan.count == MOST_TASKS:
            break
    plan.is_cut |= next(objects, None) is not None
    return plan


def _refusal(judge: Judgement, record: dict[str, Any]) -> str | None:
    if record.get("rerun_as"):
        return _("This task was run again already.")
    reason = judge(record)
    return str(reason) if reason else None


def _carry_out(request: HttpRequest, model_admin: ModelAdmin[Any], plan: Plan) -> None:
    """Does it, and tells the user what came of it."""
    outcome = Rerun().carry_out(request, model_admin, list(_records(request, model_admin, plan)))
    done = len(outcome.done)
    if done:
        message = ngettext("Ran %(count)d task again.", "Ran %(count)d tasks again.", done)
        model_admin.message_user(request, message % {"count": done}, messages.SUCCESS)
    reasons = plan.refused + Counter(str(reason) for _task, reason in outcome.refused)
    if reasons:
        told = " ".join(f"{why} ({count})" for why, count in reasons.most_common())
        message = _("Not run again: %(reasons)s") % {"reasons": told}
        model_admin.message_user(request, message, messages.WARNING)


def _records(request: HttpRequest, model_admin: ModelAdmin[Any], plan: Plan) -> Iterator[RecordsOf]:
    """The records of the plan's tasks, whose arguments are text here. Costs a round trip for each
    object."""
    for obj, ref, ids in plan.chosen:
        records: Sequence[dict[str, Any]] = records_of(ref, ids, ("rerun_as", *Rerun.fields))
        judge = Rerun().judge(request, model_admin, obj)
        yield obj, ref, [each for each in records if not _refusal(judge, each)]
