"""What all endpoints share: one HTTP method each, permission checks, errors as JSON."""

from __future__ import annotations

import functools
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from ..recording import process
from ..registration.namespace import WrongNamespace
from ..registration.resolution import ObjectRef, object_of
from ..server.client import get_client
from ..server.errors import LOADMODULE, CommandRefused, ModuleMissing, ModuleOutdated, TrackerError

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
    """

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(
            request: HttpRequest, object_id: str, *, model_admin: ModelAdmin[Any], **kwargs: Any
        ) -> HttpResponse:
            try:
                if request.method != method:
                    raise Refusal(
                        HTTPStatus.METHOD_NOT_ALLOWED,
                        "method-not-allowed",
                        _("Only %(method)s is allowed here.") % {"method": method},
                    )
                obj = model_admin.get_object(request, unquote(object_id))
                if obj is None:
                    raise Refusal(
                        HTTPStatus.NOT_FOUND,
                        "no-object",
                        _("This object does not exist (any more)."),
                    )
                if not getattr(model_admin, f"has_{permission}_permission")(request, obj):
                    raise Refusal(
                        HTTPStatus.FORBIDDEN,
                        "forbidden",
                        _("You do not have permission to do this."),
                    )
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


def record_of(ref: ObjectRef, task_id: str) -> dict[str, Any]:
    """The record of one of this object's tasks. Raises a 404 if there is none."""
    record = get_client().get(ref, task_id) if task_id else None
    if record is None:
        raise Refusal(
            HTTPStatus.NOT_FOUND,
            "no-task",
            _("There is no record of this task for this object (any more)."),
        )
    # Another program may have removed these.
    return {"id": task_id, "name": "", "state": "", **record}
