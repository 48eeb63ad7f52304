"""Acting on several tasks of an object or a model: what would happen to them, then doing it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Protocol

from django.contrib.admin import ModelAdmin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from ..registration.resolution import ObjectRef, OverviewRef
from ..states import ACTIVE_STATES
from .endpoint import Refusal, endpoint
from .outcome import Outcome
from .reach import Reach, reach_of
from .removal import Removal
from .rerun import Rerun
from .revocation import Revocation
from .selection import LIMIT, Judgement, RecordsOf, Selection, named, selected


class Act(Protocol):
    """Something that can be done with records of objects."""

    fields: tuple[str, ...]
    """The fields that it needs of a record, beside its id, name and state."""

    def judge(self, request: HttpRequest, model_admin: ModelAdmin[Any], obj: Model) -> Judgement:
        """Why it cannot be done with a record of this object, as far as the record shows."""

    def carry_out(
        self, request: HttpRequest, model_admin: ModelAdmin[Any], chosen: Iterable[RecordsOf]
    ) -> Outcome:
        """Does it, with an entry in the history of each object."""


ACTS: Mapping[str, Act] = {"remove": Removal(), "rerun": Rerun(), "revoke": Revocation()}


@endpoint("POST", "change")
def plan(
    request: HttpRequest, obj: Model, ref: ObjectRef, *, model_admin: ModelAdmin[Any]
) -> HttpResponse:
    """``act=remove|rerun|revoke``, and ``task_id`` (repeated) or filters: what would happen.

    Answers the ``ids`` of the tasks that it can be done with, how many of them are ``active``, the
    others as ``refused``, ``[{"message", "count"}]``, and how many are ``remaining`` beyond
    ``limit``. Changes nothing.
    """
    act = _act(request)
    selection = selected(request, ref, act.fields)
    return _planned(request, model_admin, act, selection, Reach(((obj, ref, selection.records),)))


@endpoint("POST", "view")
def plan_of_model(
    request: HttpRequest, obj: None, ref: OverviewRef, *, model_admin: ModelAdmin[Any]
) -> HttpResponse:
    """The same for the tasks of several objects. It takes the permission to change each of them."""
    act = _act(request)
    selection = selected(request, ref, ("objects",))
    reach = reach_of(request, model_admin, ref, selection.records, act.fields)
    return _planned(request, model_admin, act, selection, reach)


def _planned(
    request: HttpRequest,
    model_admin: ModelAdmin[Any],
    act: Act,
    selection: Selection,
    reach: Reach,
) -> HttpResponse:
    ids, active = [], 0
    reasons = Counter(str(reason) for _record, reason in reach.refused)
    for obj, _ref, records in reach.chosen:
        judge = act.judge(request, model_admin, obj)
        for record in records:
            reason = judge(record)
            if reason:
                reasons[str(reason)] += 1
            else:
                ids.append(record["id"])
                active += record["state"] in ACTIVE_STATES
    return JsonResponse(
        {
            "ids": ids,
            "active": active,
            "refused": [{"message": why, "count": count} for why, count in reasons.most_common()],
            "remaining": selection.remaining,
            "limit": LIMIT,
        }
    )


@endpoint("POST", "change")
def carry_out(
    request: HttpRequest, obj: Model, ref: ObjectRef, *, model_admin: ModelAdmin[Any]
) -> HttpResponse:
    """``act=remove|rerun|revoke`` and ``task_id`` (repeated): does it with these tasks.

    Answers with those that it was ``done`` with, and those that it was not, ``refused``, and why.
    """
    act = _act(request)
    records = named(request, ref, act.fields)
    return _carried_out(request, model_admin, act, Reach(((obj, ref, records),)))


@endpoint("POST", "view")
def carry_out_of_model(
    request: HttpRequest, obj: None, ref: OverviewRef, *, model_admin: ModelAdmin[Any]
) -> HttpResponse:
    """The same for the tasks of several objects. It takes the permission to change each of them."""
    act = _act(request)
    rows = named(request, ref, ("objects",))
    reach = reach_of(request, model_admin, ref, rows, act.fields)
    return _carried_out(request, model_admin, act, reach)


def _carried_out(
    request: HttpRequest, model_admin: ModelAdmin[Any], act: Act, reach: Reach
) -> HttpResponse:
    outcome = Outcome()
    for record, why in reach.refused:
        outcome.refuse(record, why)
    chosen: list[RecordsOf] = []
    for obj, ref, records in reach.chosen:
        allowed = []
        judge = act.judge(request, model_admin, obj)
        for record in records:
            reason = judge(record)
            if reason:
                outcome.refuse(record, reason)
            else:
                allowed.append(record)
        if allowed:
            chosen.append((obj, ref, allowed))
    if chosen:
        came_of = act.carry_out(request, model_admin, chosen)
        outcome.done += came_of.done
        outcome.refused += came_of.refused
    return JsonResponse(outcome.as_json(), status=HTTPStatus.ACCEPTED)


def _act(request: HttpRequest) -> Act:
    name = request.POST.get("act", "")
    if name not in ACTS:
        raise Refusal(
            HTTPStatus.BAD_REQUEST,
            "bad-act",
            _("act must be one of %(acts)s.") % {"acts": ", ".join(ACTS)},
        )
    return ACTS[name]
