"""Hands this process's measurements to ``prometheus_client``."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any

from ..recording.delivery import Delivery
from ..recording.meter import Meter
from ..registration.registry import registry
from ..states import State
from .families import LOST, OUTBOX, REFUSED, RUN, TASKS, WAIT

logger = logging.getLogger("celery_task_tracker")

#: What stands for tasks that this process does not know: their names come from anybody who may
#: publish to the broker.
UNKNOWN = "unknown"

#: The most measurements that one thread leaves to another.
MOST_PENDING = 10_000


class PrometheusMeter(Meter):
    """Hands on one measurement at a time, by whichever thread comes first.

    The library has locks that are not re-entrant, and that a forked process would inherit. So a
    signal handler that measures while its own thread does leaves its measurement to that thread,
    and no process is forked in the middle of one.
    """

    def __init__(self) -> None:
        self._pending: deque[Callable[[], Any]] = deque(maxlen=MOST_PENDING)
        self._turn = threading.Lock()
        self._is_held = False
        self._has_complained = False
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=self._before_fork,
                after_in_parent=self._after_fork,
                after_in_child=self._after_fork,
            )

    def recorded(self, delivery: Delivery, state: State) -> None:
        for model, task in _labels(delivery):
            self._measure(partial(_count, model, task, state))

    def started(self, delivery: Delivery, at: int) -> None:
        if delivery.attempt == 0 and delivery.run is not None:
            waited = max(0, at - max(delivery.run, _eta(delivery))) / 1000
            for labels in _labels(delivery):
                self._measure(partial(_observe, WAIT, labels, waited))

    def ran(self, delivery: Delivery, seconds: float) -> None:
        for labels in _labels(delivery):
            self._measure(partial(_observe, RUN, labels, max(0.0, seconds)))

    def waiting(self, number: int) -> None:
        self._measure(partial(OUTBOX.set, number))

    def refused(self) -> None:
        self._measure(REFUSED.inc)

    def lost(self, number: int) -> None:
        self._measure(partial(LOST.inc, number))

    def _measure(self, measurement: Callable[[], Any]) -> None:
        self._pending.append(measurement)
        # Whoever has the turn looks again after it has given it back.
        while self._pending and self._turn.acquire(blocking=False):
            try:
                while self._pending:
                    self._pending.popleft()()
            except Exception:
                self._complain()
            finally:
                self._turn.release()

    def _complain(self) -> None:
        if not self._has_complained:
            self._has_complained = True
            logger.exception("A measurement for Prometheus failed; further ones are not reported")

    def _before_fork(self) -> None:
        # Another thread needs microseconds. This thread may have been interrupted by the fork.
        self._is_held = self._turn.acquire(timeout=1)

    def _after_fork(self) -> None:
        if self._is_held:
            self._turn.release()


def _labels(delivery: Delivery) -> Iterable[tuple[str, str]]:
    """The model and the task of each model that the task is tracked for."""
    task = delivery.task_name if registry.registrations(delivery.task_name) else UNKNOWN
    return {(ref.label, task) for ref in delivery.objects}


def _count(model: str, task: str, state: str) -> None:
    TASKS.labels(model, task, state).inc()


def _observe(histogram: Any, labels: tuple[str, str], seconds: float) -> None:
    histogram.labels(*labels).observe(seconds)


def _eta(delivery: Delivery) -> float:
    """When the task was meant to start, in milliseconds since 1970; 0 for at once."""
    eta = delivery.details.get("eta")
    return datetime.fromisoformat(eta).timestamp() * 1000 if eta else 0
