"""The element that shows a task's progress, and the address that it is kept up to date from."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse

from ..config import config
from ..registration.namespace import WrongNamespace
from ..registration.primary_key import key_text
from ..registration.registry import registry
from ..server.errors import TrackerError
from .permission import visible_tasks
from .shown import NOTHING, Shown, newest


def address_of(obj: Model, task: str = "", form: str = "json") -> str:
    """Where the progress of the tasks of ``obj`` can be asked for, as ``"json"`` or ``"html"``.

    Raises ``NoReverseMatch`` where the project has not included the package's addresses.
    """
    query = {"model": obj._meta.label_lower, "id": key_text(type(obj), obj)}
    if task:
        query["task"] = task
    return f"{reverse(f'task_tracker_progress:{form}')}?{urlencode(query)}"


def element_for(
    request: HttpRequest, obj: Model, task: str, label: str, interval: float | None
) -> dict[str, Any] | None:
    """What the template needs; ``None`` where the user may not see the progress.

    Costs what :func:`.shown.newest` costs, and shows no task where Redis does not answer. Raises
    ``ValueError`` for a task that is not registered for the model.
    """
    if task and task not in (each.name for each in registry.for_rows_of(type(obj))):
        raise ValueError(f"The task {task!r} is not registered for {obj._meta.label}")
    names = visible_tasks(request, obj, task)
    if not names:
        return None
    try:
        shown = newest(obj, names)
    except (TrackerError, WrongNamespace):
        shown = NOTHING
    seconds = config.TASK_TRACKER_REFRESH_INTERVAL if interval is None else interval
    return {**context_of(shown, label), "url": address_of(obj, task), "interval": str(seconds)}


def context_of(shown: Shown, label: str = "") -> dict[str, Any]:
    """The element of ``shown``. Numbers are text, so that templates do not localise them."""
    is_measured = shown.current is not None and bool(shown.total)
    return {
        "shown": shown,
        "label": label or shown.task,
        "is_running": shown.state == "STARTED",
        "current": str(shown.current) if is_measured else None,
        "total": str(shown.total) if is_measured else None,
    }
