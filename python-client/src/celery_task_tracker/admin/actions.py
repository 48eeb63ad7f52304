"""Launching a task for an object, and revoking one or all of its active tasks."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.contrib.admin import ModelAdmin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from ..registration.registry import registry
from ..registration.resolution import ObjectRef
from ..states import ACTIVE_STATES
from ..templatetags.task_humanize import humanize_task
from . import broker, revocation
from .endpoint import Refusal, endpoint, forbidden, record_of
from .hooks import Rights
from .log_entry import log_entry
from .revocation import ActiveTask
from .sending import not_sent, send


@endpoint("POST", "change")
def launch(
    request: HttpRequest, obj: Model, ref: ObjectRef, *, model_admin: ModelAdmin[Any]
) -> HttpResponse:
    """``task=<name>``, ``launch=<label>`` if it has several: launches a task for this object with
    its registered arguments."""
    rights = Rights(request, model_admin, obj)
    if not rights.can_launch:
        raise forbidden()
    name = request.POST.get("task", "")
    registration = next(
        (
            r
            for r in registry.for_model(model_admin.model)
            if r.name == name and name in rights.launchable
        ),
        None,
    )
    if registration is None:
        raise Refusal(
            HTTPStatus.NOT_FOUND,
            "no-task",
            _("There is no task “%(name)s” to launch for this object.") % {"name": name},
        )
    label = request.POST.get("launch", "")
    found = [each for each in registration.offers if (str(each.label) if each else "") == label]
    if not found:
        raise Refusal(
            HTTPStatus.NOT_FOUND,
            "no-launch",
            _("The task has no launch “%(label)s”.") % {"label": label},
        )
    (chosen,) = found
    try:
        call = registration.call_of(chosen, obj)
        with broker.sending(registration.task.app) as options:
            task_id = send(request, obj, registration, call, options)
    except Exception as error:
        raise not_sent(error) from error
    log_entry(
        request,
        obj,
        model_admin,
        _("Launched task %(name)s (%(id)s).") % {"name": name, "id": task_id},
    )
    return JsonResponse(
        {"id": task_id, "name": name, "label": humanize_task(name)}, status=HTTPStatus.ACCEPTED
    )


@endpoint("POST", "change")
def revoke(
    request: HttpRequest, obj: Model, ref: ObjectRef, *, model_admin: ModelAdmin[Any]
) -> HttpResponse:
    """``task_id=<id>``: asks the workers to drop a waiting task, or to terminate a running one.

    The state becomes REVOKED when a worker has done so. Until then the record says that it was
    requested. Terminating may be switched off, or need its own permission.
    """
    if not Rights(request, model_admin, obj).can_revoke:
        raise forbidden()
    record = record_of(ref, request.POST.get("task_id", ""))
    if record.get("state") not in ACTIVE_STATES:
        raise revocation.finished(record)
    task = ActiveTask.of(record)
    outcome = revocation.revoke(request, {ref: [task]})
    for _task, reason in outcome.refused:
        raise reason
    revocation.log_revoked(request, obj, model_admin, outcome.revoked)
    answer = {**_named(task), "workers": outcome.workers}
    return JsonResponse(answer, status=HTTPStatus.ACCEPTED)


@endpoint("POST", "change")
def revoke_active(
    request: HttpRequest, obj: Model, ref: ObjectRef, *, model_admin: ModelAdmin[Any]
) -> HttpResponse:
    """Revokes every active task of this object that this user may revoke, as :func:`revoke` does.

    Answers with the tasks that were revoked, those that were not and why, and how many are left
    beyond the :data:`~.revocation.LIMIT` of one request. Repeating the request revokes those.
    """
    if not Rights(request, model_admin, obj).can_revoke:
        raise forbidden()
    tasks, remaining = revocation.active_tasks(ref)
    outcome = revocation.revoke(request, {ref: tasks})
    if outcome.revoked:
        revocation.log_revoked(request, obj, model_admin, outcome.revoked)
    else:
        for _task, reason in outcome.refused:
            if reason.status == HTTPStatus.SERVICE_UNAVAILABLE:
                raise reason
    return JsonResponse(
        {
            "revoked": [_named(task) for task in outcome.revoked],
            "refused": [
                {**_named(task), "message": str(reason)} for task, reason in outcome.refused
            ],
            "workers": outcome.workers,
            "remaining": remaining,
            "limit": revocation.LIMIT,
        },
        status=HTTPStatus.ACCEPTED,
    )


def _named(task: ActiveTask) -> dict[str, str]:
    return {"id": task.id, "name": task.name}
