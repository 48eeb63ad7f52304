"""Keeps the ids of revoked tasks for workers that do not run when the revocation is sent.

Celery tells the workers that run now, and they keep it in memory. Each id is kept as a record of a
reserved model too, for as long as its task may wait. A worker reads them when it connects to its
broker, at its start and after it lost the connection, into Celery's own set of revoked ids.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from celery import bootsteps, signals

from ..config import config
from ..registration.namespace import is_namespace
from ..registration.resolution import ObjectRef
from ..server.client import get_client
from ..server.errors import TrackerError
from ..server.query import Query
from ..server.writes import Event
from . import process

logger = logging.getLogger("celery_task_tracker")

#: The reserved model. No app's label has a hyphen.
MODEL = "celery-revoked"

#: Seconds for which an id is kept beyond the eta of its task.
KEPT_FOR = 7 * 86_400

#: How many ids a worker reads at once, and at most.
PAGE = 200
MOST = 10_000


def keep(task_id: str, name: str, eta: str | None) -> None:
    """Keeps the id of a waiting task. ``eta``: that of its record, if it has one."""
    process.record(
        Event(
            objects=(_all_revoked(),),
            task_id=task_id,
            name=name,
            state="REVOKED",
            attempt=0,
            at=time.time_ns() // 1_000_000,
            retention=KEPT_FOR + _seconds_until(eta),
        )
    )


def read() -> Iterator[str]:
    """The ids that are kept, newest first. Costs a round trip for :data:`PAGE` of them."""
    page = pages = 1
    while page <= min(pages, MOST // PAGE):
        reply = json.loads(
            get_client().query_json(_all_revoked(), Query(page=page, size=PAGE), ("id",))
        )
        yield from (record["id"] for record in reply["tasks"])
        pages = reply["pages"]
        page += 1


class ReadRevoked(bootsteps.StartStopStep):  # type: ignore[misc]
    """Reads the revoked ids each time the worker has connected to its broker."""

    requires = ("celery.worker.consumer.connection:Connection",)

    def start(self, parent: Any) -> None:
        """Runs before the worker takes its first message of this connection."""
        if not config.is_enabled:
            return
        try:
            _add_to_celerys(read())
        except TrackerError as error:
            logger.warning("Which tasks were revoked while this worker was away: %s", error)
        except Exception:
            logger.exception("The task tracker failed to read which tasks were revoked")


def connect() -> None:
    """Makes every worker of this process read them. Calling it again changes nothing."""
    signals.celeryd_init.connect(
        _add_step, weak=False, dispatch_uid="celery_task_tracker.read_revoked"
    )


def _add_step(instance: Any = None, **_: Any) -> None:
    instance.app.steps["consumer"].add(ReadRevoked)


def _add_to_celerys(ids: Iterable[str]) -> None:
    from celery.worker import state

    for task_id in ids:
        state.revoked.add(task_id)


def _all_revoked() -> ObjectRef:
    """One list for all tenants if the namespace is a function: a worker has no tenant."""
    namespace = config.TASK_TRACKER_NAMESPACE
    prefix = f"{namespace.lower()}." if is_namespace(namespace) else ""
    return ObjectRef(f"{prefix}{MODEL}", "all")


def _seconds_until(eta: str | None) -> int:
    try:
        due = datetime.fromisoformat(eta or "").timestamp()
    except (ValueError, OverflowError):
        return 0
    return max(0, int(due - time.time()))
