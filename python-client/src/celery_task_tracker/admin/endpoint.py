"""What all endpoints share: one HTTP method each, permission checks, errors as JSON."""

from __future__ import annotations

import functools
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import unquote
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from ..recording import process
from ..registration.namespace import WrongNamespace
from ..registration.resolution import ObjectRef, OverviewRef, Ref, object_of, overview_of
from ..server.client import get_client
from ..server.errors import LOADMODULE, CommandRefused, ModuleMissing, ModuleOutdated, TrackerError
from .objects import holders
from .overview import has_overview, may_see_overview

View = Callable[..., HttpResponse]


class Refusal(Exception):
    """An error response: an HTTP status, a code for programs and a message for people."""

    def __init__(self, status: HTTPStatus, code: str, message: str, **extra: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"code": code, "message": message, **extra}}

    def response(self) -> JsonResponse:
        """The response to send."""
        return JsonResponse(self.body, status=self.status)


def endpoint(method: str, permission: str) -> Callable[[View], View]:
    """Turns a view of (request, obj, ref, …) into one that answers errors as JSON.

    ``permission`` is ``view`` or ``change``, and is checked by the ModelAdmin for this object.

    Without an ``object_id`` the view is one of the overview. A view that reads then gets ``None``
    and the overview; one that changes something gets the object of the task ``task_id``.
    """

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(
            request: HttpRequest,
            object_id: str | None = None,
            *,
            model_admin: ModelAdmin[Any],
            **kwargs: Any,
        ) -> HttpResponse:
            try:
                if request.method != method:
                    raise Refusal(
                        HTTPStatus.METHOD_NOT_ALLOWED,
                        "method-not-allowed",
                        _("Only %(method)s is allowed here.") % {"method": method},
                    )
                obj: Model | None = None
                ref: Ref
                if object_id is None:
                    ref = overview_for(request, model_admin)
                    if permission == "change":
                        # So that it finds a task that this process has just sent.
                        process.settle()
                        task_id = request.POST.get("task_id", "")
                        obj, ref = object_of_task(request, model_admin, ref, task_id, permission)
                else:
                    obj = model_admin.get_object(request, unquote(object_id))
                    if obj is None:
                        raise no_object()
                    if not getattr(model_admin, f"has_{permission}_permission")(request, obj):
                        raise forbidden()
                    ref = object_of(obj)
                if method == "POST":
                    # So that an action finds the tasks that this process has just sent.
                    process.settle()
                response = view(request, obj, ref, model_admin=model_admin, **kwargs)
                if method == "POST":
                    # So that the next read shows what was done here.
                    process.settle()
            except Refusal as refusal:
                response = refusal.response()
                if refusal.status == HTTPStatus.METHOD_NOT_ALLOWED:
                    response["Allow"] = method
            except (TrackerError, WrongNamespace) as error:
                response = refusal_for(error).response()
            return response

        return guarded

    return decorate


def overview_for(request: HttpRequest, model_admin: ModelAdmin[Any]) -> OverviewRef:
    """The overview of the ModelAdmin's model. Raises :class:`Refusal` if this user may not see it,
    or if there is none."""
    if not has_overview(model_admin.model):
        raise Refusal(HTTPStatus.NOT_FOUND, "no-overview", _("There is no such page."))
    if not may_see_overview(request, model_admin):
        raise forbidden()
    return overview_of(model_admin.model)


def object_of_task(
    request: HttpRequest,
    model_admin: ModelAdmin[Any],
    overview: OverviewRef,
    task_id: str,
    permission: str = "view",
) -> tuple[Model, ObjectRef]:
    """The object of one of the overview's tasks, for which this user has the permission."""
    found = holders(request, model_admin, overview, record_of(overview, task_id))
    if not found:
        raise no_object()
    for obj, ref in found:
        if getattr(model_admin, f"has_{permission}_permission")(request, obj):
            return obj, ref
    raise forbidden()


def no_task() -> Refusal:
    """The response where there is no such record."""
    return Refusal(
        HTTPStatus.NOT_FOUND,
        "no-task",
        _("There is no record of this task for this object (any more)."),
    )


def no_object() -> Refusal:
    """The response where the object is not among those that the user may see."""
    return Refusal(HTTPStatus.NOT_FOUND, "no-object", _("This object does not exist (any more)."))


def forbidden() -> Refusal:
    """The response where the user lacks the permission."""
    return Refusal(HTTPStatus.FORBIDDEN, "forbidden", _("You do not have permission to do this."))


def refusal_for(error: TrackerError | WrongNamespace) -> Refusal:
    """The response to an error of the tracker."""
    if isinstance(error, WrongNamespace):
        return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "wrong-namespace", str(error))
    if isinstance(error, CommandRefused):
        return Refusal(HTTPStatus.BAD_REQUEST, "refused", str(error))
    if isinstance(error, ModuleMissing):
        return Refusal(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "module-missing",
            _("Redis answers, but the tracker module is not loaded in it."),
            hint=LOADMODULE,
        )
    if isinstance(error, ModuleOutdated):
        return Refusal(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "module-outdated",
            _("The tracker module in Redis is too old. Update it and restart Redis."),
            hint=str(error),
        )
    return Refusal(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "unreachable",
        _("The tracker's Redis server does not answer."),
        hint=str(error),
    )


def record_of(ref: Ref, task_id: str) -> dict[str, Any]:
    """The record of one of these tasks. Raises a 404 if there is none."""
    record = get_client().get(ref, task_id) if task_id else None
    if record is None:
        raise no_task()
    # Another program may have removed these.
    return {"id": task_id, "name": "", "state": "", **record}
