"""The task tracker's page on one object, and the endpoints that the page talks to.

Each view is called with the ModelAdmin it belongs to, behind the admin site's login and CSRF
protection. The ModelAdmin's own hooks decide: who may view the object sees its tasks, who may
change it launches and revokes them. Everything is asked of Redis under the object's own key, so a
task is reachable only through the object that it ran for.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from datetime import datetime, timezone
from http import HTTPStatus
from typing import Any

from celery import current_app
from django.contrib.admin import ModelAdmin
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from .client import (
    ACTIVE_STATES,
    STATES,
    CommandRefused,
    ModuleMissing,
    Query,
    TrackerUnavailable,
    get_client,
)
from .config import config
from .registry import registry
from .resolution import ObjectRef
from .strings import interface_strings, state_labels
from .templatetags.task_humanize import humanize_task

#: Fields of a record that hold JSON. The others hold text, the result being either.
JSON_FIELDS = ("objects", "args", "kwargs", "progress")
TIME_FIELDS = (
    "created_at",
    "updated_at",
    "published_at",
    "received_at",
    "started_at",
    "finished_at",
)

#: What the line in redis.conf looks like that loads the module.
LOADMODULE = "loadmodule /path/to/libtracker.so"

View = Callable[..., HttpResponse]


class Refusal(Exception):
    """An answer other than the one asked for: a status, a word for programs, a sentence."""

    def __init__(self, status: HTTPStatus, code: str, message: str, **extra: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"code": code, "message": message, **extra}}


def page(request: HttpRequest, object_id: str, *, model_admin: ModelAdmin[Any]) -> HttpResponse:
    """The dashboard of one object. Asks nothing of Redis: the page itself fetches its rows."""
    obj = model_admin.get_object(request, unquote(object_id))
    if obj is None:
        # What Django's own views of a ModelAdmin do, with the message that they give.
        response: HttpResponse = model_admin._get_obj_does_not_exist_redirect(  # type: ignore[attr-defined]
            request, model_admin.opts, object_id
        )
        return response
    if not model_admin.has_view_permission(request, obj):
        raise PermissionDenied
    opts = model_admin.opts
    registrations = registry.for_model(model_admin.model)
    can_change = model_admin.has_change_permission(request, obj)
    filters = model_admin.get_preserved_filters(request)

    def url(name: str, *args: str) -> str:
        return reverse(
            f"admin:{opts.app_label}_{opts.model_name}_{name}",
            args=args,
            current_app=model_admin.admin_site.name,
        )

    def keeping_filters(url: str) -> str:
        return add_preserved_filters({"preserved_filters": filters, "opts": opts}, url)

    base = url("task_tracker", quote(obj.pk))
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Task Tracker"),
        "subtitle": str(obj),
        "opts": opts,
        "object": obj,
        "module_name": str(capfirst(opts.verbose_name_plural)),
        "preserved_filters": filters,
        "change_url": keeping_filters(url("change", quote(obj.pk))),
        "changelist_url": keeping_filters(url("changelist")),
        "can_change": can_change,
        "launchable": [
            {"name": registration.name, "description": _description(registration.task)}
            for registration in registrations
            if not registration.hidden
        ]
        if can_change
        else [],
        "states": state_labels(),
        "loadmodule": LOADMODULE,
        "refresh_interval": config.TASK_TRACKER_REFRESH_INTERVAL,
        "page_config": {
            "urls": {
                "list": f"{base}list/",
                "task": f"{base}tasks/",
                "launch": f"{base}launch/",
                "revoke": f"{base}revoke/",
            },
            "canChange": can_change,
            "names": {
                registration.name: humanize_task(registration.name)
                for registration in registrations
            },
            "states": state_labels(),
            "activeStates": sorted(ACTIVE_STATES),
            "refreshInterval": config.TASK_TRACKER_REFRESH_INTERVAL,
            "strings": interface_strings(),
        },
    }
    request.current_app = model_admin.admin_site.name
    own = getattr(model_admin, "task_tracker_template", None)
    return TemplateResponse(
        request,
        own
        or [
            f"admin/{opts.app_label}/{opts.model_name}/task_tracker.html",
            f"admin/{opts.app_label}/task_tracker.html",
            "admin/celery_task_tracker/task_tracker.html",
        ],
        context,
    )


def _endpoint(method: str, permission: str) -> Callable[[View], View]:
    """Turns a view of (request, obj, ref, …) into one that answers JSON, refusals included.

    ``permission``: ``view`` or ``change``, asked of the ModelAdmin for this very object.
    """

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def endpoint(
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
                        _("You do not have the permission to do this on this object."),
                    )
                ref = ObjectRef(model_admin.opts.label_lower, str(obj.pk))
                response = view(request, obj, ref, model_admin=model_admin, **kwargs)
            except Refusal as refusal:
                response = JsonResponse(refusal.body, status=refusal.status)
                if refusal.status == HTTPStatus.METHOD_NOT_ALLOWED:
                    response["Allow"] = method
            except ModuleMissing:
                response = _unavailable(
                    "module-missing",
                    _("Redis answers, but the tracker module is not loaded in it."),
                    hint=LOADMODULE,
                )
            except TrackerUnavailable as error:
                response = _unavailable(
                    "unreachable", _("The tracker's Redis server does not answer."), hint=str(error)
                )
            except CommandRefused as error:
                response = JsonResponse(
                    {"error": {"code": "refused", "message": str(error)}},
                    status=HTTPStatus.BAD_REQUEST,
                )
            return response

        return endpoint

    return decorate


@_endpoint("GET", "view")
def task_list(
    request: HttpRequest, obj: Model, ref: ObjectRef, *, model_admin: ModelAdmin[Any]
) -> HttpResponse:
    """``?state=&task=&page=&page_size=``: one page of rows, as the module's own JSON.

    ``state`` and ``task`` may be repeated. A page size above the setting's maximum is the maximum.
    """
    states = tuple(state.upper() for state in request.GET.getlist("state"))
    for state in states:
        if state not in STATES:
            raise Refusal(
                HTTPStatus.BAD_REQUEST,
                "bad-state",
                _("state must be one of %(states)s.") % {"states": ", ".join(STATES)},
            )
    query = Query(
        states=states,
        names=tuple(request.GET.getlist("task")),
        page=_count(request, "page", 1),
        size=min(
            _count(request, "page_size", config.TASK_TRACKER_PAGE_SIZE),
            config.TASK_TRACKER_MAX_PAGE_SIZE,
        ),
    )
    return HttpResponse(get_client().query_json(ref, query), content_type="application/json")


@_endpoint("GET", "view")
def task_detail(
    request: HttpRequest, obj: Model, ref: ObjectRef, task_id: str, *, model_admin: ModelAdmin[Any]
) -> HttpResponse:
    """The whole record of one task: arguments, result, error and traceback included."""
    record = _record_of(ref, task_id)
    return JsonResponse({name: _presentable(name, value) for name, value in record.items()})


@_endpoint("POST", "change")
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


@_endpoint("POST", "change")
def revoke(
    request: HttpRequest, obj: Model, ref: ObjectRef, *, model_admin: ModelAdmin[Any]
) -> HttpResponse:
    """``task_id=<id>``: asks the workers to drop a task that waits, or to cut off one that runs.

    The state becomes REVOKED when a worker has done so; until then the record says that it was
    asked for.
    """
    task_id = request.POST.get("task_id", "")
    record = _record_of(ref, task_id)
    if record.get("state") not in ACTIVE_STATES:
        raise Refusal(
            HTTPStatus.CONFLICT,
            "finished",
            _("This task has already finished: %(state)s.") % {"state": record.get("state")},
        )
    registrations = registry.for_task(record["name"])
    app = registrations[0].task.app if registrations else current_app
    try:
        app.control.revoke(task_id, terminate=record["state"] == "STARTED")
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


def _record_of(ref: ObjectRef, task_id: str) -> dict[str, Any]:
    record = get_client().get(ref, task_id) if task_id else None
    if record is None:
        raise Refusal(
            HTTPStatus.NOT_FOUND,
            "no-task",
            _("There is no record of this task for this object (any more)."),
        )
    return record


def _count(request: HttpRequest, name: str, default: int) -> int:
    given = request.GET.get(name)
    if given is None:
        return default
    # isdecimal() alone takes the digits of every script, and int() those of 4,300 places.
    if not (given.isascii() and given.isdecimal() and len(given) < 10 and int(given) > 0):
        raise Refusal(
            HTTPStatus.BAD_REQUEST,
            "bad-number",
            _("%(name)s must be a whole number above 0.") % {"name": name},
        )
    return int(given)


def _presentable(name: str, value: Any) -> Any:
    if name in TIME_FIELDS and isinstance(value, int):
        moment = datetime.fromtimestamp(value / 1000, tz=timezone.utc)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if name in JSON_FIELDS:
        try:
            return json.loads(value)
        except ValueError:
            # A value that was too long has been cut, and what is left is no JSON.
            return value
    return value


def _unavailable(code: str, message: str, hint: str) -> JsonResponse:
    return JsonResponse(
        {"error": {"code": code, "message": message, "hint": hint}},
        status=HTTPStatus.SERVICE_UNAVAILABLE,
    )


def _description(task: Any) -> str:
    """The first line of a task's docstring."""
    doc = getattr(task.run, "__doc__", None) or ""
    return doc.strip().partition("\n")[0]
