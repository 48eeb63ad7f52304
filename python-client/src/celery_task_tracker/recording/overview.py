"""Which overviews show a task: those of the models of its objects.

An overview has the same records as the objects of a model have, without what is long. Each is
written together with the object's own one, and removed together with it.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..config import config
from ..registration.registry import registry
from ..registration.resolution import ObjectRef, OverviewRef


def overviews_of(task_name: str, objects: Iterable[ObjectRef]) -> tuple[OverviewRef, ...]:
    """The overviews that show a task with this name that is tracked for ``objects``."""
    registrations = registry.registrations(task_name)
    wanted: dict[str | None, bool] = {}
    for each in registrations:
        wanted[each.tracked_name] = each.is_in_overview or wanted.get(each.tracked_name, False)
    # A task that took the place of another one need not be registered itself.
    otherwise = bool(config.TASK_TRACKER_OVERVIEW)
    return tuple(
        dict.fromkeys(OverviewRef(ref.model) for ref in objects if wanted.get(ref.label, otherwise))
    )


def overview_with(ref: ObjectRef) -> OverviewRef | None:
    """The overview that has the tasks of this object; ``None`` if its model has none."""
    return OverviewRef(ref.model) if registry.has_overview(ref.label) else None
