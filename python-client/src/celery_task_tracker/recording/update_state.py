"""Progress reported by Celery's own ``self.update_state(state="PROGRESS", meta={…})``."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from celery import current_task
from celery.app.task import Task

from ..config import config
from .guard import harmless
from .progress import report

#: The names that libraries give to the text beside the numbers.
MESSAGES = ("message", "description", "status")


def watch() -> None:
    """Makes each call in this process report progress too. Calling it again changes nothing."""
    original = Task.update_state
    if hasattr(original, "is_watched_by_task_tracker"):
        return

    @functools.wraps(original)
    def update_state(
        self: Any, task_id: Any = None, state: Any = None, meta: Any = None, **kwargs: Any
    ) -> Any:
        if state == "PROGRESS" and config.TASK_TRACKER_UPDATE_STATE:
            _report(task_id, meta)
        return original(self, task_id=task_id, state=state, meta=meta, **kwargs)

    update_state.is_watched_by_task_tracker = True  # type: ignore[attr-defined]
    Task.update_state = update_state


@harmless
def _report(task_id: Any, meta: Any) -> None:
    """Reports ``meta`` if it is about the task that this thread runs, and has a ``current``."""
    if not isinstance(meta, Mapping) or "current" not in meta or not current_task:
        return
    if task_id is not None and task_id != current_task.request.id:
        return
    message = next((meta[name] for name in MESSAGES if meta.get(name)), "")
    # Some libraries give a total of zero while they do not know it.
    report(meta["current"], meta.get("total") or None, message)
