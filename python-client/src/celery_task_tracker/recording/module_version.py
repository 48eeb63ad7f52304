"""Tells in a worker's log that the tracker module in Redis is too old for this package."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

from ..config import config
from ..server.client import get_client
from ..server.errors import ModuleOutdated, TrackerError
from .guard import harmless

logger = logging.getLogger("celery_task_tracker")


@harmless
def warn_of_an_old_module(**_: Any) -> None:
    """worker_ready: asks Redis once. Costs one round trip for each of its servers."""
    if not config.is_enabled:
        return
    with suppress(TrackerError):
        try:
            get_client().ensure_compatible()
        except ModuleOutdated as error:
            logger.error("%s: tasks are not tracked as they should be", error)
