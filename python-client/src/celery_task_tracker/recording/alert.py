"""``task_tracker.on_failure``: tells the project's own code that a tracked task has failed."""

from __future__ import annotations

from typing import Any

from django.dispatch import Signal

from ..registration.registry import registry
from .delivery import Delivery
from .failure import Failure, original_of

#: Sent in the process that learned of the failure. See :attr:`~..tracker.TaskTracker.on_failure`.
on_failure = Signal()


def send(delivery: Delivery, failure: Failure, exception: Any) -> None:
    """Calls every receiver. What one of them raises is logged by Django, and goes no further.

    ``exception``: as Celery reports it.
    """
    if not on_failure.receivers:
        return
    registrations = registry.for_task(delivery.task_name)
    on_failure.send_robust(
        # What the project's decorators returned: the name that its code has for the task.
        sender=registrations[0].task if registrations else None,
        task=delivery.task_name,
        task_id=delivery.task_id,
        attempt=delivery.attempt,
        objects=delivery.objects,
        exception=original_of(exception) or exception,
        error=failure.error,
        traceback=failure.traceback,
        worker=delivery.details.get("worker", ""),
        queue=delivery.details.get("queue", ""),
    )
