"""The progress of the newest task of an object, as JSON and as HTML.

``?model=shop.order&id=1042``, and ``&task=`` for the tasks of one full name. The answer is the same
404 for an object that does not exist and for one that the user may not see.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from ..registration.models import model_of
from ..registration.namespace import WrongNamespace
from ..registration.registry import registry
from ..server.errors import TrackerError
from .element import context_of
from .permission import visible_tasks
from .shown import Shown, newest

#: The status with which htmx stops polling.
STOP_POLLING = 286


@require_safe
@cache_control(private=True, no_store=True)
def progress(request: HttpRequest) -> HttpResponse:
    """The progress as JSON, or ``{"error": {"code", "message"}}`` with status 404 or 503."""
    obj, names = _asked(request)
    if obj is None or not names:
        message = _("This object does not exist (any more).")
        return _error(HTTPStatus.NOT_FOUND, "no-object", message)
    try:
        return JsonResponse(newest(obj, names).as_dict())
    except (TrackerError, WrongNamespace):
        message = _("The tracker's Redis server does not answer.")
        return _error(HTTPStatus.SERVICE_UNAVAILABLE, "unreachable", message)


@require_safe
@cache_control(private=True, no_store=True)
def progress_html(request: HttpRequest) -> HttpResponse:
    """The progress as the element that the template tag renders.

    The status is 286 once the task has ended, which tells htmx to stop polling.
    """
    obj, names = _asked(request)
    if obj is None or not names:
        return HttpResponse(status=HTTPStatus.NOT_FOUND)
    try:
        shown = newest(obj, names)
    except (TrackerError, WrongNamespace):
        return HttpResponse(status=HTTPStatus.SERVICE_UNAVAILABLE)
    return HttpResponse(_rendered(shown), status=STOP_POLLING if shown.ended else HTTPStatus.OK)


# The project's own function decides who may see what, for Django's LoginRequiredMiddleware too.
for view in (progress, progress_html):
    view.login_required = False  # type: ignore[attr-defined]


def _asked(request: HttpRequest) -> tuple[Model | None, tuple[str, ...]]:
    """The object that ``request`` names, and its tasks that the user may see."""
    obj = _object(request.GET.get("model", ""), request.GET.get("id", ""))
    if obj is None:
        return None, ()
    return obj, visible_tasks(request, obj, request.GET.get("task", ""))


def _object(label: str, pk: str) -> Model | None:
    """The object with this primary key, as its model's own default manager finds it."""
    try:
        model: Any = model_of(label)
        if not registry.tracks(model):
            return None
        found: Model | None = model._default_manager.filter(pk=model._meta.pk.to_python(pk)).first()
    except (LookupError, ValueError, TypeError, OverflowError, ValidationError, DatabaseError):
        return None
    return found


def _error(status: HTTPStatus, code: str, message: str) -> JsonResponse:
    return JsonResponse({"error": {"code": code, "message": message}}, status=status)


def _rendered(shown: Shown) -> str:
    return render_to_string("celery_task_tracker/progress.html", context_of(shown))
