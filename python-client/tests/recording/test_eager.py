"""Tasks without a worker's process: eager ones, and those of a worker within this process."""

import json
import uuid
from types import SimpleNamespace

import pytest
from celery.app.task import Context
from celery.contrib.testing.worker import start_worker

from celery_task_tracker.recording import process, signals
from project import celery_app
from shop import tasks


@pytest.fixture(autouse=True)
def answering(tracker):
    """Each test here has a tracker."""


@pytest.fixture
def always_eager():
    celery_app.conf.task_always_eager = True
    yield
    celery_app.conf.task_always_eager = False


def test_an_eager_task_is_tracked_from_start_to_end(record, always_eager):
    sent = tasks.succeed.delay(1, note="n")
    found = record(1, sent.id)
    assert found["state"] == "SUCCESS"
    assert json.loads(found["args"]) == [1]
    assert found["started_at"] <= found["finished_at"]
    assert "published_at" not in found


@pytest.mark.parametrize(
    ("task", "state"),
    [(tasks.fail, "FAILURE"), (tasks.reject, "REJECTED"), (tasks.ignore, "IGNORED")],
)
def test_every_ending_of_an_eager_task_is_told(record, task, state):
    sent = task.apply((2,))
    found = record(2, sent.id)
    assert found["state"] == state
    if state == "FAILURE":
        assert found["exception"] == "ValueError"
        assert "in fail" in found["traceback"]


def test_an_eager_retry_is_the_next_attempt(record):
    sent = tasks.retry_once.apply((3,))
    found = record(3, sent.id)
    assert (found["state"], found["attempt"]) == ("SUCCESS", 1)


def test_an_eager_replacement_is_followed(record):
    sent = tasks.hand_over.apply((4,))
    assert record(4, sent.id)["state"] == "SUCCESS"


def test_a_call_as_a_function_is_no_task(tracker):
    tasks.succeed(5)
    assert tracker.commands() == {}


def test_a_worker_in_a_thread_tells_the_same(broker, ended):
    queue = f"thread-{uuid.uuid4()}"
    with start_worker(
        celery_app, pool="solo", perform_ping_check=False, queues=[queue], shutdown_timeout=30
    ):
        for task, state in (
            (tasks.succeed, "SUCCESS"),
            (tasks.fail, "FAILURE"),
            (tasks.retry_in_vain, "FAILURE"),
            (tasks.reject, "REJECTED"),
            (tasks.ignore, "IGNORED"),
        ):
            found = ended(6, task.apply_async((6,), queue=queue).id, state)
            assert found["received_at"] <= found["started_at"] <= found["finished_at"]
        late = tasks.succeed.apply_async((6,), queue=queue, countdown=0.5, expires=0.1)
        assert ended(6, late.id, "REVOKED")["error"] == "Expired before it started"


class TestFailureInTheParent:
    """What a prefork worker's parent process reports of a task whose process it lost."""

    class Request:
        id, type, hostname = "t1", "shop.tasks.succeed", "w@h"
        args, kwargs = (7,), {}
        request_dict = {"id": "t1", "retries": 1}
        delivery_info = {"routing_key": "q"}

    def test_is_found_by_the_request_that_it_received(self, record):
        request = self.Request()
        signals.task_received(request=request)
        signals.task_failed(
            sender=tasks.succeed, task_id="t1", exception=OSError("lost"), traceback="a string"
        )
        found = record(7, "t1")
        assert (found["state"], found["attempt"], found["error"]) == ("FAILURE", 1, "lost")
        assert (found["traceback"], found["worker"], found["queue"]) == ("a string", "w@h", "q")

    def test_of_a_request_that_is_not_known_is_nothing(self, tracker):
        signals.task_failed(sender=tasks.succeed, task_id="other", exception=OSError("lost"))
        assert tracker.commands() == {}

    def test_a_cancelled_task_is_no_retry(self, tracker):
        signals.task_retried(sender=tasks.succeed, request=None, reason=None, einfo=None)
        assert tracker.commands() == {}

    def test_an_internal_error_is_a_failure(self, record):
        request = {"id": "t2", "task": "shop.tasks.succeed", "hostname": "w@h"}
        try:
            raise RuntimeError("Celery's own")
        except RuntimeError as error:
            signals.task_broke(
                sender=tasks.succeed,
                args=(8,),
                kwargs={},
                request=request,
                exception=error,
                traceback=error.__traceback__,
            )
        found = record(8, "t2")
        assert (found["state"], found["error"]) == ("FAILURE", "Celery's own")
        assert "raise RuntimeError" in found["traceback"]


def test_a_run_after_a_redelivery_is_not_said_to_be_of_the_pool_of_the_one_before(
    record, monkeypatch
):
    """The worker of the pool threads was killed, and one of the pool prefork has the task now."""

    def start(pool, hostname, redelivered):
        monkeypatch.setattr(signals, "_pool", pool)
        delivery = {"redelivered": redelivered}
        context = Context(id="t3", args=(9,), kwargs={}, hostname=hostname, delivery_info=delivery)
        task = SimpleNamespace(name="shop.tasks.succeed", request=context)
        signals.task_started(sender=task)
        try:
            return record(9, "t3")
        finally:
            # Otherwise this process would go on giving signs of life for it.
            signals.task_left(sender=task)

    assert start("threads", "a@h", False)["pool"] == "threads"
    again = start("", "b@h", True)
    assert again["worker"] == "b@h"
    assert "pool" not in again


def test_the_reason_of_an_ignored_task_is_kept(record):
    sent = tasks.ignore_because.apply((9, "not needed"))
    assert record(9, sent.id)["error"] == "not needed"


def test_a_header_that_is_no_list_of_objects_is_no_header(record, broker):
    context = {"task_tracker_objects": 7}
    sent = tasks.succeed.apply((10,), headers=context)
    assert record(10, sent.id)["state"] == "SUCCESS"


def test_flushing_at_the_end_of_a_process_that_has_nothing_waiting_asks_nothing(tracker):
    process.flush_at_end()
    assert tracker.commands() == {}
