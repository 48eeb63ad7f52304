"""What goes wrong while tasks are sent: each fault breaks something, waits, and mends it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from .clock import HOUR

if TYPE_CHECKING:
    from .stage import Stage


def tracker_stopped(stage: Stage) -> None:
    stage.tracker.stop()
    time.sleep(stage.outage)
    stage.tracker.start()


def tracker_frozen(stage: Stage) -> None:
    stage.tracker.freeze()
    time.sleep(stage.outage)
    stage.tracker.thaw()


def tracker_restarted(stage: Stage) -> None:
    stage.tracker.stop()
    stage.tracker.start()


def tracker_failed_over(stage: Stage) -> None:
    stage.tracker.fail_over()


def tracker_an_hour_ahead(stage: Stage) -> None:
    _set_for_a_while(stage, stage.tracker.clock, HOUR)


def tracker_an_hour_behind(stage: Stage) -> None:
    _set_for_a_while(stage, stage.tracker.clock, -HOUR)


def worker_an_hour_ahead(stage: Stage) -> None:
    _set_for_a_while(stage, stage.workers.clock, HOUR)


def worker_an_hour_behind(stage: Stage) -> None:
    _set_for_a_while(stage, stage.workers.clock, -HOUR)


def _set_for_a_while(stage: Stage, clock, ahead: int) -> None:
    clock.set(ahead)
    time.sleep(stage.outage)
    clock.set(0)


def broker_restarted(stage: Stage) -> None:
    stage.has_broker_died = True
    stage.broker.restart()


def child_killed(stage: Stage) -> None:
    stage.workers.kill_child(stage.diary)


def workers_killed(stage: Stage) -> None:
    stage.workers.kill_running(stage.diary)


def newest_task_deployed(stage: Stage) -> None:
    """Tasks are sent that one of the workers does not know, until it is replaced."""
    stage.workers.stop("prefork")
    stage.workers.start("prefork", old=["prefork"])
    time.sleep(2 * stage.outage)
    stage.workers.stop("prefork")
    stage.workers.start("prefork")


Fault = Callable[["Stage"], None]

#: All of them. They are named in the table by their functions' names.
FAULTS: list[Fault] = [
    tracker_stopped,
    tracker_frozen,
    tracker_restarted,
    tracker_failed_over,
    tracker_an_hour_ahead,
    tracker_an_hour_behind,
    worker_an_hour_ahead,
    worker_an_hour_behind,
    broker_restarted,
    child_killed,
    workers_killed,
    newest_task_deployed,
]


def name_of(fault: Fault) -> str:
    """As people say it."""
    return fault.__name__.replace("_", " ")
