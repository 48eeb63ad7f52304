"""Launching a task for an object, and revoking one."""

from __future__ import annotations

from datetime import datetime, timezone
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from celery import current_app
from django.contrib.admin import ModelAdmin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from . import broker
from .client import get_client
from .config import config
from .endpoint import Refusal, endpoint, record_of
from .registry import registry
from .resolution import ObjectRef
from .states import ACTIVE_STATES
from .templatetags.task_humanize import humanize_task

if TYPE_CHECKING:
    from django.contrib.auth.models import PermissionsMixin


@endpoint("POST", "change")
def launch(
    request: HttpRequest, obj: Model, ref: ObjectRef, *, model_admin: ModelAdmin[Any]
) -> HttpResponse:
    """``task=<name>``: launches a task for this object with its registered arguments."""
    name = request.POST.get("task", "")
    registration = next(
        (r for r in registry.for_model(ref.model) if r.name == name and not r.hidden), None
    )
    if registration is None:
        raise Refusal(
            HTTPStatus.NOT_FOUND,
            "no-task",
            _("There is no task “%(name)s” to launch for this object.") % {"name": name},
        )
    try:
        call = registration.launch_call(obj)
        broker.ensure_reachable(registration.task.app)
        result = registration.task.apply_async(args=call.args, kwargs=dict(call.kwargs))
    except OperationalError as error:
        raise Refusal(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "broker-unreachable",
            _("Celery's message broker does not answer, so the task was not sent."),
            hint=str(error),
        ) from error
    except Exception as error:
        raise Refusal(
            HTTPStatus.BAD_REQUEST,
            "not-launchable",
            _("The task could not be launched with its registered arguments: %(error)s")
            % {"error": error},
        ) from error
    model_admin.log_change(
        request,
        obj,
        _("Launched task %(name)s (%(id)s).") % {"name": name, "id": result.id},
    )
    return JsonResponse(
        {"id": result.id, "name": name, "label": humanize_task(name)}, status=HTTPStatus.ACCEPTED
    )


@endpoint("POST", "change")
def revoke(
    request: HttpRequest, obj: Model, ref: ObjectRef, *, model_admin: ModelAdmin[Any]
) -> HttpResponse:
    """``task_id=<id>``: asks the workers to drop a task that waits, or to cut off one that runs.

    The state becomes REVOKED when a worker has done so; until then the record says that it was
    asked for. Cutting off may be switched off, or need a permission of its own.
    """
    task_id = request.POST.get("task_id", "")
    record = record_of(ref, task_id)
    if record.get("state") not in ACTIVE_STATES:
        raise Refusal(
            HTTPStatus.CONFLICT,
            "finished",
            _("This task has already finished: %(state)s.") % {"state": record.get("state")},
        )
    registrations = registry.for_task(record["name"])
    app = registrations[0].task.app if registrations else current_app
    try:
        if record["state"] == "STARTED":
            _refuse_unless_terminable(request)
            signal = config.TASK_TRACKER_TERMINATE_SIGNAL
            broker.terminate(app, task_id, record.get("worker"), signal)
        else:
            broker.revoke(app, task_id)
    except broker.CannotTerminate as error:
        raise Refusal(
            HTTPStatus.CONFLICT,
            "cannot-terminate",
            _(
                "The worker %(worker)s cannot terminate a running task: only the pools prefork, "
                "eventlet and gevent can. The task goes on."
            )
            % {"worker": record.get("worker")},
        ) from error
    except OperationalError as error:
        raise Refusal(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "broker-unreachable",
            _("Celery's message broker does not answer, so the workers were not told."),
            hint=str(error),
        ) from error
    model_admin.log_change(
        request,
        obj,
        _("Revoked task %(name)s (%(id)s).") % {"name": record["name"], "id": task_id},
    )
    get_client().annotate(
        ref, task_id, {"revoke_requested": datetime.now(timezone.utc).isoformat()}
    )
    return JsonResponse({"id": task_id, "name": record["name"]}, status=HTTPStatus.ACCEPTED)


def may_terminate(request: HttpRequest) -> bool:
    """Whether the settings let this user cut off a task that runs."""
    permission = config.TASK_TRACKER_TERMINATE_PERMISSION
    return bool(config.TASK_TRACKER_TERMINATE) and (
        permission is None or cast("PermissionsMixin", request.user).has_perm(permission)
    )


def _refuse_unless_terminable(request: HttpRequest) -> None:
    if not config.TASK_TRACKER_TERMINATE:
        raise Refusal(
            HTTPStatus.CONFLICT,
            "terminate-off",
            _("This task is running, and terminating running tasks is switched off."),
        )
    if not may_terminate(request):
        raise Refusal(
            HTTPStatus.FORBIDDEN,
            "forbidden",
            _("This task is running, and you do not have the permission to terminate it."),
        )
