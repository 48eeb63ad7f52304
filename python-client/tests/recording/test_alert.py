"""``task_tracker.on_failure``, in a real worker. One of its receivers there always raises."""

import json
import uuid

import pytest

from celery_task_tracker import task_tracker
from messages import send_raw
from servers import wait_for
from shop import tasks

pytestmark = pytest.mark.usefixtures("worker", "tracker")


@pytest.fixture
def alerts(broker):
    """``alerts("77")``: what was told of the failures of this order, once there is something."""

    def alerts(pk):
        with broker.client(db=2) as client:
            found = wait_for(lambda: client.lrange(f"alerts:{pk}", 0, -1), f"alerts of {pk}")
        return [json.loads(each) for each in found]

    return alerts


def test_a_failure_is_told_once_with_what_failed_and_for_which_object(alerts, ended):
    sent = tasks.fail.delay(771)
    ended(771, sent.id, "FAILURE")
    (told,) = alerts(771)
    assert told["sender"] == told["task"] == "shop.tasks.fail"
    assert told["task_id"] == sent.id
    assert told["attempt"] == 0
    assert told["objects"] == [["shop.order", "771"]]
    assert told["exception"] == "ValueError('order 771 is <b>wrong</b>')"
    assert told["error"] == "order 771 is <b>wrong</b>"
    assert "raise ValueError" in told["traceback"]
    assert told["worker"].startswith("tests@")
    assert told["queue"] == "celery"


def test_only_the_last_attempt_of_a_task_that_is_retried_is_told(alerts, ended):
    ended(772, tasks.retry_in_vain.delay(772).id, "FAILURE")
    (told,) = alerts(772)
    assert (told["attempt"], told["error"]) == (1, "never")


@pytest.mark.parametrize(
    ("task", "pk", "exception"),
    [(tasks.die, 773, "WorkerLostError"), (tasks.take_too_long, 774, "TimeLimitExceeded")],
)
def test_the_parent_process_tells_it_where_that_of_the_task_is_gone(
    alerts, ended, worker, task, pk, exception
):
    ended(pk, task.delay(pk).id, "FAILURE")
    # Whatever else Celery may say of this task comes before the next one is done.
    ended(1, tasks.succeed.delay(1).id, "SUCCESS")
    (told,) = alerts(pk)
    assert told["exception"].startswith(exception)
    assert told["pid"] == worker.process.pid


def test_a_task_that_the_worker_does_not_know_has_no_sender(alerts, ended):
    task_id = str(uuid.uuid4())
    objects = [["shop.order", "775"]]
    send_raw(task_id, "shop.tasks.deployed_tomorrow", ([], {}, {}), task_tracker_objects=objects)
    ended(775, task_id, "FAILURE")
    (told,) = alerts(775)
    assert (told["sender"], told["task"]) == (None, "shop.tasks.deployed_tomorrow")
    assert "shop.tasks.deployed_tomorrow" in told["error"]


def test_a_receiver_may_listen_to_one_task_and_gets_the_exception_itself():
    told = []

    def hear(exception, task, **_):
        told.append((task, exception))

    task_tracker.on_failure.connect(hear, sender=tasks.fail)
    try:
        for task in (tasks.fail, tasks.retry_in_vain, tasks.succeed, tasks.untracked_failure):
            task.apply((5,))
    finally:
        task_tracker.on_failure.disconnect(hear, sender=tasks.fail)
    ((task, exception),) = told
    assert task == "shop.tasks.fail"
    assert isinstance(exception, ValueError)
    assert exception.__traceback__ is not None


def test_a_broken_receiver_keeps_nothing_from_being_recorded(record, caplog):
    def break_down(**_):
        raise RuntimeError("broken")

    task_tracker.on_failure.connect(break_down)
    try:
        sent = tasks.fail.apply((5,))
    finally:
        task_tracker.on_failure.disconnect(break_down)
    assert record(5, sent.id)["state"] == "FAILURE"
    assert isinstance(sent.result, ValueError)
    assert "break_down" in caplog.text
