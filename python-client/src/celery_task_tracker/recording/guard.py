"""No fault of the tracker reaches the task or the request that it watches."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec

from celery.exceptions import SoftTimeLimitExceeded

logger = logging.getLogger("celery_task_tracker")

P = ParamSpec("P")


def harmless(handler: Callable[P, None]) -> Callable[P, None]:
    """No exception leaves the handler: a fault of the tracker is logged and nothing else.

    A soft time limit is none: Celery raises it wherever the task happens to be, which wants it.
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
