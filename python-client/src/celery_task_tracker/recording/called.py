"""The names of the parameters that a task's positional arguments are for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from celery import current_app

from ..registration.parameters import Parameters
from ..registration.registry import registry
from ..registration.resolution import Unresolvable


def names_of_arguments(task_name: str, args: Sequence[Any]) -> tuple[str, ...] | None:
    """The parameters' names, in order; ``None`` if this process does not know the task.

    Registered or not: a task that takes the place of a registered one need not be registered.
    """
    try:
        return _parameters(task_name).names_by_position(len(args))
    except Unresolvable:
        return None


def _parameters(task_name: str) -> Parameters:
    registrations = registry.for_task(task_name)
    if registrations:
        return registrations[0].parameters
    task = current_app.tasks.get(task_name)
    if task is None:
        raise Unresolvable(f"{task_name} is no task of this process")
    return Parameters.of(task)
