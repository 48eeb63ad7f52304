"""What a ModelAdmin decides about the tasks of its objects, beside Django's own permissions.

The methods are those of :class:`.button.TaskTrackerAdminMixin`. Launching, running again and
revoking take the permission to change the object in any case: the methods narrow that down.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.admin import ModelAdmin
from django.db.models import Model
from django.http import HttpRequest

from ..registration.registry import registry

#: Each method with the arguments that it is called with.
HOOKS: Mapping[str, tuple[str, ...]] = {
    "get_task_tracker_columns": ("request",),
    "get_task_tracker_links": ("request", "record"),
    "get_task_tracker_tasks": ("request", "obj"),
    "has_task_tracker_launch_permission": ("request", "obj"),
    "has_task_tracker_overview_permission": ("request",),
    "has_task_tracker_revoke_permission": ("request", "obj"),
}

#: The attributes that a ModelAdmin may have.
ATTRIBUTES = ("task_tracker_column", "task_tracker_filter", "task_tracker_template")


def may_launch(request: HttpRequest, model_admin: ModelAdmin[Any], obj: Model) -> bool:
    """Whether this user may launch tasks for ``obj`` and run them again."""
    asked: Any = model_admin
    return bool(
        model_admin.has_change_permission(request, obj)
        and asked.has_task_tracker_launch_permission(request, obj)
    )


def may_revoke(request: HttpRequest, model_admin: ModelAdmin[Any], obj: Model) -> bool:
    """Whether this user may revoke tasks of ``obj``."""
    asked: Any = model_admin
    return bool(
        model_admin.has_change_permission(request, obj)
        and asked.has_task_tracker_revoke_permission(request, obj)
    )


def launchable_names(
    request: HttpRequest, model_admin: ModelAdmin[Any], obj: Model
) -> frozenset[str]:
    """The tasks that this user may launch for ``obj``, and run again where they may be."""
    if not may_launch(request, model_admin, obj):
        return frozenset()
    asked: Any = model_admin
    return offered_names(model_admin.model) & {*asked.get_task_tracker_tasks(request, obj)}


def offered_names(model: type[Model]) -> frozenset[str]:
    """The tasks that the admin offers for rows of the model: all that are not hidden."""
    return frozenset(each.name for each in registry.for_rows_of(model) if not each.hidden)


def is_overridden(model_admin: ModelAdmin[Any], hook: str) -> bool:
    """Whether the ModelAdmin has this method of its own, beside that of the mixin."""
    return sum(hook in vars(cls) for cls in type(model_admin).__mro__) > 1
