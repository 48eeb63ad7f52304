"""Launching a task for an object, and revoking one or all of its active tasks."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.models import LogEntry
from django.db import router, transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from kombu.exceptions import OperationalError

from ..recording.payload import text
from ..registration.registry import registry
from ..registration.resolution import ObjectRef, sending_for
from ..states import ACTIVE_STATES
from ..templatetags.task_humanize import humanize_task
from . import broker, revocation
from .endpoint import Refusal, endpoint, record_of
from .revocation import ActiveTask

logger = logging.getLogger("celery_task_tracker")


@endpoint("POST", "change")
def launch(
    request: HttpRequest, obj: Model, ref: ObjectRef, *, model_admin: ModelAdmin[Any]
) -> HttpResponse:
    """``task=<name>``: launches a task for this object with its registered arguments."""
    name = request.POST.get("task", "")
    registration = next(
        (r for r in registry.for_model(model_admin.model) if r.name == name and not r.hidden), None
    )
    if registration is None:
        raise Refusal(
            HTTPStatus.NOT_FOUND,
            "no-task",
            _("There is no task “%(name)s” to launch for this object.") % {"name": name},
        )
    try:
        call = registration.launch_call(obj)
        with broker.sending(registration.task.app) as options, sending_for(obj):
            result = registration.task.apply_async(
                args=call.args, kwargs=dict(call.kwargs), **options
            )
    except OperationalError as error:
        raise Refusal(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "broker-unreachable",
            _("Celery's message broker stopped answering. The task may or may not have been sent.")
            if isinstance(error, broker.Unanswered)
            else _("Celery's message broker does not answer, so the task was not sent."),
            hint=str(error),
        ) from error
    except Exception as error:
        raise Refusal(
            HTTPStatus.BAD_REQUEST,
            "not-launchable",
            _("The task could not be launched with its registered arguments: %(error)s")
            % {"error": text(error) or type(error).__name__},
        ) from error
    _log(
        request,
        obj,
        model_admin,
        _("Launched task %(name)s (%(id)s).") % {"name": name, "id": result.id},
    )
    return JsonResponse(
        {"id": result.id, "name": name, "label": humanize_task(name)}, status=HTTPStatus.ACCEPTED
    )


@endpoint("POST", "change")
def revoke(
    request: HttpRequest, obj: Model, ref: ObjectRef, *, model_admin: ModelAdmin[Any]
) -> HttpResponse:
    """``task_id=<id>``: asks the workers to drop a waiting task, or to terminate a running one.

    The state becomes REVOKED when a worker has done so. Until then the record says that it was
    requested. Terminating may be switched off, or need its own permission.
    """
    record = record_of(ref, request.POST.get("task_id", ""))
    if record.get("state") not in ACTIVE_STATES:
        raise Refusal(
            HTTPStatus.CONFLICT,
            "finished",
            _("This task has already finished: %(state)s.") % {"state": record.get("state")},
        )
    task = ActiveTask.of(record)
    outcome = revocation.revoke(request, ref, [task])
    for _task, reason in outcome.refused:
        raise reason
    _log_revoked(request, obj, model_admin, outcome.revoked)
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
    tasks, remaining = revocation.active_tasks(ref)
    outcome = revocation.revoke(request, ref, tasks)
    if outcome.revoked:
        _log_revoked(request, obj, model_admin, outcome.revoked)
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


def _log_revoked(
    request: HttpRequest, obj: Model, model_admin: ModelAdmin[Any], tasks: Sequence[ActiveTask]
) -> None:
    """Writes one entry into the object's history, with the ids of ``tasks`` grouped by name."""
    ids = defaultdict(list)
    for task in tasks:
        ids[task.name].append(task.id)
    message = ngettext(
        "Revoked %(count)d task: %(tasks)s.", "Revoked %(count)d tasks: %(tasks)s.", len(tasks)
    )
    named = "; ".join(f"{name} ({', '.join(its_ids)})" for name, its_ids in ids.items())
    _log(request, obj, model_admin, message % {"count": len(tasks), "tasks": named})


def _log(request: HttpRequest, obj: Model, model_admin: ModelAdmin[Any], message: str) -> None:
    """Writes ``message`` into the object's history.

    What it says has happened already. If the entry cannot be written, it is logged, and the user is
    not told that the action failed.
    """
    try:
        # A query that fails must not break the request's own transaction.
        with transaction.atomic(router.db_for_write(LogEntry)):
            model_admin.log_change(request, obj, message)
    except Exception:
        logger.exception(
            "The history of %s %s lacks this entry: %s", obj._meta.label, obj.pk, message
        )


def _named(task: ActiveTask) -> dict[str, str]:
    return {"id": task.id, "name": task.name}
