"""Who may see the progress of which tasks. Nobody, unless the project says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Model
from django.http import HttpRequest
from django.utils.module_loading import import_string

from ..config import config
from ..registration.registry import registry

#: ``may_see(request, obj, task)``. ``task`` is the full name of a registered task.
MaySee = Callable[[HttpRequest, Model, str], Any]


def visible_tasks(request: HttpRequest, obj: Model, task: str = "") -> tuple[str, ...]:
    """The full names of the tasks of ``obj`` whose progress the user of ``request`` may see.

    ``task``: only this one. Whatever the project's function raises is raised here.
    """
    may_see = permission(config.TASK_TRACKER_PROGRESS_PERMISSION)
    if may_see is None:
        return ()
    return tuple(
        registration.name
        for registration in registry.for_rows_of(type(obj))
        if task in ("", registration.name) and may_see(request, obj, registration.name)
    )


def permission(setting: Any) -> MaySee | None:
    """The function that the setting is or names. Raises ``ImportError`` if there is none."""
    found: MaySee | None = import_string(setting) if isinstance(setting, str) else setting
    return found
