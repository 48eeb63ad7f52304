"""Switches metrics on, where the library is installed."""

from __future__ import annotations

import importlib.util
import logging

from ..recording import meter

logger = logging.getLogger("celery_task_tracker")

LIBRARY = "prometheus_client"
EXTRA = 'pip install "celery-task-tracker[prometheus]"'


def is_installed() -> bool:
    """Whether ``prometheus_client`` can be imported."""
    return importlib.util.find_spec(LIBRARY) is not None


def install() -> None:
    """Measures from now on. Without the library it only says so in the log."""
    if not is_installed():
        logger.error("TASK_TRACKER_METRICS needs %s: %s", LIBRARY, EXTRA)
        return
    try:
        from . import worker
        from .prometheus import PrometheusMeter
    except Exception:
        # The library fails where the folder for the metrics of several processes is missing.
        logger.exception("The task tracker measures nothing for Prometheus")
        return
    if not isinstance(meter.current, PrometheusMeter):
        meter.current = PrometheusMeter()
    worker.connect()
