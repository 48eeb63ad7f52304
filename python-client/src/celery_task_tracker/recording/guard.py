"""Keeps faults of the tracker away from the task or the request that it watches."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec

from celery.exceptions import SoftTimeLimitExceeded

logger = logging.getLogger("celery_task_tracker")

P = ParamSpec("P")


def harmless(handler: Callable[P, None]) -> Callable[P, None]:
    """Decorates a function so that an exception in it is logged and not raised.

    Only ``SoftTimeLimitExceeded`` is raised. Celery raises it wherever a task happens to be, and it
    is meant for the task.
    """

    @functools.wraps(handler)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            handler(*args, **kwargs)
        except SoftTimeLimitExceeded:
            raise
        except Exception:
            logger.exception("The task tracker failed in %s; the task goes on", handler.__name__)

    return guarded
