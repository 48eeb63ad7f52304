"""The process that runs a task reports at each interval that it still does."""

import os
import time
import uuid
from datetime import datetime

import pytest
from django.conf import settings as django_settings

from celery_task_tracker.recording import heartbeat
from celery_task_tracker.recording.delivery import Delivery
from celery_task_tracker.registration.resolution import Call
from celery_task_tracker.server.client import get_client
from servers import Worker, wait_for
from shop import tasks

pytestmark = pytest.mark.usefixtures("broker", "tracker")


@pytest.fixture(params=["prefork", "solo", "threads"])
def lively(request):
    """The queue of a worker whose interval is short, and the worker."""
    queue = f"lively-{uuid.uuid4()}"
    worker = Worker(
        django_settings.BROKER_URL,
        django_settings.TRACKER_URL,
        *("--queues", queue),
        pool=request.param,
        TEST_HEARTBEAT="0.2",
    )
    yield queue, worker
    worker.kill()


def alive_at(record):
    return datetime.fromisoformat(record["alive_at"]).timestamp() * 1000


def test_a_task_that_runs_gives_signs_of_life_until_its_worker_is_killed(lively, ended, record):
    queue, worker = lively
    sent = tasks.sleep.apply_async((120, 60), queue=queue)
    started = ended(120, sent.id, "STARTED")
    assert abs(alive_at(started) - started["started_at"]) < 1000
    first = wait_for(
        lambda: (found := record(120, sent.id))["alive_at"] != started["alive_at"] and found,
        "a sign of life",
    )
    wait_for(lambda: record(120, sent.id)["alive_at"] != first["alive_at"], "another one")
    worker.kill()
    last = record(120, sent.id)
    time.sleep(1)
    assert record(120, sent.id) == last
    assert last["state"] == "STARTED"


def test_a_sign_of_life_starts_the_retention_anew(lively, ended, record, tracker):
    queue, _ = lively
    sent = tasks.sleep.apply_async((121, 60), queue=queue)
    ended(121, sent.id, "STARTED")

    def ends_at():
        with tracker.client() as client:
            return client.zscore("shop.order:{121}:expiry", sent.id)

    before = ends_at()
    wait_for(lambda: ends_at() > before, "a later end of the retention")


def test_a_task_that_has_ended_gives_no_signs_of_life(lively, ended, record):
    queue, _ = lively
    sent = tasks.sleep.apply_async((122, 0.5), queue=queue)
    ended(122, sent.id, "SUCCESS")
    last = record(122, sent.id)
    time.sleep(1)
    assert record(122, sent.id) == last


def test_a_sign_of_life_makes_no_record_of_a_task_that_was_removed(lively, ended, record):
    queue, _ = lively
    sent = tasks.sleep.apply_async((123, 60), queue=queue)
    ended(123, sent.id, "STARTED")
    get_client()._execute("TRACKER.DEL", "shop.order", "123", sent.id)
    time.sleep(1)
    assert record(123, sent.id) is None


def test_without_an_interval_there_are_none(settings, record):
    settings.TASK_TRACKER_HEARTBEAT = 0
    sent = tasks.succeed.apply((124,))
    found = record(124, sent.id)
    assert found["state"] == "SUCCESS"
    assert "alive_at" not in found


def test_the_thread_ends_when_no_task_runs_and_begins_again(settings, record):
    settings.TASK_TRACKER_HEARTBEAT = 0.05
    for _ in range(2):
        tasks.succeed.apply((125,))
        assert heartbeat._heartbeat._running == {}
        thread = heartbeat._heartbeat._thread
        assert thread is not None
        wait_for(lambda: heartbeat._heartbeat._thread is None, "the end of the thread")
        thread.join(10)
        assert not thread.is_alive()


def test_a_forked_process_has_none_of_its_parents_tasks():
    heartbeat._heartbeat._running["t1", 0] = (
        Delivery("", "t1", 0, None, (), Call((), {}), {}),
        None,
    )
    pid = os.fork()
    if not pid:
        os._exit(len(heartbeat._heartbeat._running))
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
