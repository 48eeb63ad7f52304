"""Whether the methods and attributes that ModelAdmins have for the task tracker can work."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.sites import all_sites
from django.core import checks

from ..admin.button import TaskTrackerAdminMixin, equip
from ..admin.changelist import COLUMN
from ..admin.hooks import ATTRIBUTES, HOOKS

#: What the names of the methods and attributes begin with.
PREFIXES = ("get_task_tracker_", "has_task_tracker_", "task_tracker_")

KNOWN = {*HOOKS, *ATTRIBUTES, COLUMN}


def check_admins(app_configs: Any = None, **_: Any) -> list[checks.CheckMessage]:
    """A message for each method that cannot be called, and for each name that has no meaning."""
    messages: list[checks.CheckMessage] = []
    for site in all_sites:
        equip(site)
        for model_admin in site._registry.values():
            if isinstance(model_admin, TaskTrackerAdminMixin):
                messages += _methods(model_admin)
                messages += _names(model_admin)
    return messages


def _methods(model_admin: ModelAdmin[Any]) -> Iterator[checks.CheckMessage]:
    for name, arguments in HOOKS.items():
        own = _own(model_admin, name)
        if own is not None and not _takes(own, len(arguments)):
            yield checks.Error(
                f"{type(model_admin).__name__}.{name} must be a method that takes "
                f"({', '.join(('self', *arguments))}).",
                obj=type(model_admin),
                id="celery_task_tracker.E070",
            )


def _own(model_admin: ModelAdmin[Any], name: str) -> Any:
    """The attribute of the ModelAdmin's own classes, bound to it; ``None`` if they have none."""
    for cls in type(model_admin).__mro__:
        if cls is not TaskTrackerAdminMixin and name in vars(cls):
            found = vars(cls)[name]
            bind = getattr(found, "__get__", None)
            return bind(model_admin, type(model_admin)) if bind else found
    return None


def _takes(method: Any, count: int) -> bool:
    if not callable(method):
        return False
    try:
        inspect.signature(method).bind(*range(count))
    except TypeError:
        return False
    except ValueError:
        # Some callables have no signature.
        pass
    return True


def _names(model_admin: ModelAdmin[Any]) -> Iterator[checks.CheckMessage]:
    for name in dir(type(model_admin)):
        if name.startswith(PREFIXES) and name not in KNOWN:
            near = get_close_matches(name, sorted(KNOWN), n=1)
            yield checks.Warning(
                f"{type(model_admin).__name__}.{name} has no meaning for the task tracker.",
                hint=f"Is {near[0]} meant?" if near else None,
                obj=type(model_admin),
                id="celery_task_tracker.W071",
            )
