"""What a ModelAdmin decides about the tasks of its objects, beside Django's own permissions.

The methods are those of :class:`.button.TaskTrackerAdminMixin`. Launching, running again and
revoking take the permission to change the object in any case: the methods narrow that down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
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


@dataclass(frozen=True)
class Rights:
    """What this user may do to the tasks of ``obj``. Each method is asked once, when it matters."""

    request: HttpRequest
    model_admin: ModelAdmin[Any]
    obj: Model

    @cached_property
    def can_change(self) -> bool:
        """Whether the user may change the object, which everything else takes too."""
        return self.model_admin.has_change_permission(self.request, self.obj)

    @cached_property
    def can_launch(self) -> bool:
        """Whether the user may launch tasks for the object and run them again."""
        return self._has("launch")

    @cached_property
    def can_revoke(self) -> bool:
        """Whether the user may revoke tasks of the object."""
        return self._has("revoke")

    @cached_property
    def launchable(self) -> frozenset[str]:
        """The tasks that the user may launch, and run again where they may be."""
        if not self.can_launch:
            return frozenset()
        asked: Any = self.model_admin
        chosen = asked.get_task_tracker_tasks(self.request, self.obj)
        return offered_names(self.model_admin.model) & {*chosen}

    def _has(self, permission: str) -> bool:
        asked = getattr(self.model_admin, f"has_task_tracker_{permission}_permission")
        return self.can_change and bool(asked(self.request, self.obj))


def offered_names(model: type[Model]) -> frozenset[str]:
    """The tasks that the admin offers for rows of the model: all that are not hidden."""
    return frozenset(each.name for each in registry.for_rows_of(model) if not each.hidden)


def is_overridden(model_admin: ModelAdmin[Any], hook: str) -> bool:
    """Whether the ModelAdmin has this method of its own, beside that of the mixin."""
    return sum(hook in vars(cls) for cls in type(model_admin).__mro__) > 1
