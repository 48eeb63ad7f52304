"""How far a running task says it is."""

from __future__ import annotations

import time

from celery import current_task

from ..server.writes import Event
from . import process
from .delivery import Delivery
from .guard import harmless
from .payload import text, value_json

#: Seconds between two reports of one task that are stored.
INTERVAL = 0.2


@harmless
def report(current: float, total: float | None, message: str) -> None:
    """Stores ``current`` of ``total`` with the task that this thread runs, if it is tracked.

    It is one more event of the attempt that has started, so that it waits in the spool while
    Redis is away and is stale when the task has ended.
    """
    if not current_task:
        return
    context = current_task.request
    now = time.monotonic()
    last = getattr(context, "task_tracker_reported", None)
    if last is not None and now - last < INTERVAL and current != total:
        return
    delivery = Delivery.of_context(current_task.name, context)
    if delivery is None:
        return
    context.task_tracker_reported = now
    progress = {"current": current, "total": total, "message": text(message)}
    process.record(
        Event(
            objects=delivery.objects,
            task_id=delivery.task_id,
            name=delivery.task_name,
            state="STARTED",
            attempt=delivery.attempt,
            at=time.time_ns() // 1_000_000,
            fields={**delivery.details, "progress": value_json(progress)},
        )
    )
