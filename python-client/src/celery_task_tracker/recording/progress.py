"""Progress that a running task reports."""

from __future__ import annotations

import math
import time
from decimal import Decimal
from numbers import Real
from typing import Any

from celery import current_task

from ..server.writes import Event
from . import process
from .delivery import Delivery
from .guard import harmless
from .payload import text, value_json

#: Seconds between two stored reports of one task.
INTERVAL = 0.2


@harmless
def report(current: float, total: float | None, message: str) -> None:
    """Stores ``current`` of ``total`` with the task that this thread runs, if it is tracked.

    Only finite numbers are stored. Otherwise the report is dropped. A report is one more STARTED
    event of the attempt: it waits while Redis is away, and is stale once the task has ended.
    """
    if not current_task:
        return
    if not _is_finite(current) or not (total is None or _is_finite(total)):
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
    progress = {"current": _number(current), "total": _number(total), "message": text(message)}
    process.record(
        Event(
            objects=delivery.objects,
            overviews=delivery.overviews,
            task_id=delivery.task_id,
            name=delivery.task_name,
            state="STARTED",
            run=delivery.run,
            attempt=delivery.attempt,
            # Without a time the report cannot reopen a task that was terminated meanwhile.
            at=None,
            fields={**delivery.details, "progress": value_json(progress)},
        )
    )


def _is_finite(value: Any) -> bool:
    """Whether ``value`` is a number that a page can draw."""
    if isinstance(value, bool) or not isinstance(value, Real | Decimal):
        return False
    try:
        return math.isfinite(value)
    except (OverflowError, ValueError):
        # An integer too large for a float; a signalling NaN.
        return False


def _number(value: Any) -> int | float | None:
    return value if value is None or type(value) is int else float(value)
