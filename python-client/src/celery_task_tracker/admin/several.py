"""Acting on several tasks of one object: what would happen to them, then doing it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Protocol

from django.contrib.admin import ModelAdmin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from ..registration.resolution import ObjectRef
from ..states import ACTIVE_STATES
from .endpoint import Refusal, endpoint
from .outcome import Outcome
from .removal import Removal
from .rerun import Rerun
from .revocation import Revocation
from .selection import LIMIT, named, selected


class Act(Protocol):
    """Something that can be done with records of one object."""

    fields: tuple[str, ...]
    """The fields that it needs of a record, beside its id, name and state."""

    def refusal(
        self, request: HttpRequest, model_admin: ModelAdmin[Any], record: dict[str, Any]
    ) -> Refusal | None:
        """Why it cannot be done with this record, as far as the record shows."""

    def carry_out(
        self,
        request: HttpRequest,
        obj: Model,
        ref: ObjectRef,
        model_admin: ModelAdmin[Any],
        records: Sequence[dict[str, Any]],
    ) -> Outcome:
        """Does it, with an entry in the object's history."""


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
    ids, active = [], 0
    reasons: Counter[str] = Counter()
    for record in selection.records:
        reason = act.refusal(request, model_admin, record)
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
    outcome, allowed = Outcome(), []
    for record in named(request, ref, act.fields):
        reason = act.refusal(request, model_admin, record)
        if reason:
            outcome.refuse(record, reason)
        else:
            allowed.append(record)
    came_of = act.carry_out(request, obj, ref, model_admin, allowed)
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
