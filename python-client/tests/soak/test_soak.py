"""Celery in trouble, for some seconds. ``make soak-celery`` goes on for longer."""

import pytest

from soak import faults
from soak.brokers import RedisBroker
from soak.stage import stage

pytestmark = pytest.mark.slow

#: A round's number of processes and their tasks.
LOAD = {"seed": 1, "processes": 8, "least": 10, "most": 60, "pause": 0.5}


def test_every_record_tells_what_its_task_wrote_down_whatever_was_broken_meanwhile():
    # The first worker does not know the newest task. The one that takes its place does.
    with stage(RedisBroker, timeout=1.0, outage=1.2, old=["prefork"]) as on_stage:
        # While no worker dies there is no excuse for any record.
        told = on_stage.round(
            [
                faults.tracker_stopped,
                faults.tracker_frozen,
                faults.tracker_an_hour_ahead,
                faults.worker_an_hour_behind,
                faults.tracker_failed_over,
            ],
            **LOAD,
        )
        assert told.differences == []
        survived = on_stage.round(
            [faults.broker_restarted, faults.child_killed, faults.workers_killed], **LOAD
        )
        assert survived.differences == []
    counts = told.counts + survived.counts
    assert counts["is right"] > counts["tasks"] * 3 / 4
    # Some that are slow are the machine's fault, many are not.
    assert counts["long waits"] < counts["tasks"] / 4
