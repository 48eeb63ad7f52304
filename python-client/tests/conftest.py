import logging
import os
import sys
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from servers import MissingModule, RedisServer, Worker, wait_for

# A process that a test forks is not traced: another thread may hold the lock of coverage at that
# moment, which would never become free in it.
_traces: list[Any] = []
os.register_at_fork(
    before=lambda: [_traces.append(sys.gettrace()), sys.settrace(None)],
    after_in_parent=lambda: sys.settrace(_traces.pop()),
)


@pytest.fixture(scope="session")
def broker():
    """The message broker: a Redis without the module."""
    server = RedisServer(urlsplit(settings.BROKER_URL).port, with_module=False).start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def tracker_server():
    """A Redis with the module."""
    server = RedisServer(urlsplit(settings.TRACKER_URL).port, with_module=True)
    try:
        server.start()
    except MissingModule as error:
        pytest.fail(str(error), pytrace=False)
    yield server
    server.kill()


@pytest.fixture
def tracker(tracker_server):
    """The same, with nothing in it and its statistics at zero."""
    with tracker_server.client() as client:
        client.flushall()
        client.config_resetstat()
    return tracker_server


@pytest.fixture(scope="module")
def worker(broker, tracker_server):
    """A prefork worker with two processes. What waits for it at the end of a file is never run."""
    worker = Worker(settings.BROKER_URL, settings.TRACKER_URL)
    yield worker
    worker.kill()
    with broker.client() as client:
        client.flushall()


@pytest.fixture(autouse=True)
def fresh_recorder(monkeypatch):
    """No recorder of one test sends anything during the next one."""
    from celery_task_tracker.recording import process
    from celery_task_tracker.recording.recorder import Recorder

    made = []
    make = Recorder.__init__
    monkeypatch.setattr(Recorder, "__init__", lambda self: made.append(self) or make(self))
    monkeypatch.setattr(process, "recorder", Recorder())
    yield
    for recorder in made:
        recorder._outbox.take = list
        recorder._sender.send = lambda *_, **__: True


@pytest.fixture(autouse=True)
def same_log_level():
    """A worker that one test runs in this process does not silence the logs of the next one."""
    level = logging.root.level
    yield
    logging.root.setLevel(level)


@pytest.fixture(autouse=True)
def fresh_heartbeat(monkeypatch):
    """No task that an earlier test left unfinished gives signs of life."""
    from celery_task_tracker.recording import heartbeat

    monkeypatch.setattr(heartbeat, "_heartbeat", heartbeat.Heartbeat())


@pytest.fixture
def record(tracker):
    """``record("1042", task_id)``: a task's record of order 1042, or ``None``.

    What this process recorded before has been stored.
    """
    from celery_task_tracker.recording import process
    from celery_task_tracker.registration.resolution import ObjectRef
    from celery_task_tracker.server.client import TrackerClient

    # A longer timeout than the package's, for busy machines.
    client = TrackerClient(tracker.url, 10, 10)

    def get(pk, task_id, model="shop.order"):
        process.flush_at_end()
        return client.get(ObjectRef(model, str(pk)), task_id)

    return get


@pytest.fixture
def ended(record):
    """``ended("1042", task_id, "SUCCESS")``: the record once the task is in that state."""

    def wait(pk, task_id, state, model="shop.order"):
        return wait_for(
            lambda: (found := record(pk, task_id, model)) and found["state"] == state and found,
            f"task {task_id} of {model} {pk} to be {state}; it is {record(pk, task_id, model)}",
        )

    return wait


@pytest.fixture
def told(broker):
    """``told(key)``: waits for the message that a task leaves."""

    def wait(key):
        with broker.client(db=2) as client:
            return wait_for(lambda: client.getdel(key), f"word of {key}")

    return wait
