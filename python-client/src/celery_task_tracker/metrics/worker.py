"""A worker's own endpoint: its parent process serves the metrics of all its processes."""

from __future__ import annotations

import logging
import os
from typing import Any

from celery import signals
from prometheus_client import start_http_server

from ..config import config
from ..recording.guard import harmless
from .address import address
from .exposition import FOLDER, are_shared, every_process

logger = logging.getLogger("celery_task_tracker")


def connect() -> None:
    """Has a worker serve its metrics from when it is ready. Calling it again changes nothing."""
    signals.worker_ready.connect(
        worker_is_ready, weak=False, dispatch_uid="celery_task_tracker.metrics"
    )


@harmless
def worker_is_ready(sender: Any = None, **_: Any) -> None:
    """worker_ready: starts the endpoint, and says in the log why it cannot."""
    if config.TASK_TRACKER_METRICS_PORT is None:
        return
    host, port = address(config.TASK_TRACKER_METRICS_PORT)
    if _has_processes(sender.pool) and not are_shared():
        logger.error(
            "The task tracker serves no metrics: this worker has several processes. Start it with "
            "the environment variable %s, the path of an empty folder of its own.",
            FOLDER,
        )
        return
    try:
        server, _thread = start_http_server(port, host, registry=every_process())
    except OSError as error:
        logger.error("The task tracker serves no metrics on port %d: %s", port, error)
        return
    logger.info("The task tracker serves metrics on port %d.", server.server_port)
    if hasattr(os, "register_at_fork"):
        # A process that outlives the worker would keep the port.
        os.register_at_fork(after_in_child=server.socket.close)


def _has_processes(pool: Any) -> bool:
    """Whether tasks run in other processes than this one."""
    return any(each.__module__ == "celery.concurrency.prefork" for each in type(pool).__mro__)
