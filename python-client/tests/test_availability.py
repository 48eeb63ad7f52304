import logging
import os
import signal
import time

import pytest

from celery_task_tracker import availability
from celery_task_tracker.client import Event
from celery_task_tracker.resolution import ObjectRef
from servers import RedisServer, free_port
from shop import tasks

EVENT = Event((ObjectRef("shop.order", "1"),), "t1", "shop.t", "PENDING", 0, 1)


@pytest.fixture
def server(settings):
    """A Redis with the module that the test may kill; not started yet."""
    server = RedisServer(free_port(), with_module=True)
    settings.CELERY_TASKTRACKER_REDIS_URL = server.url
    yield server
    if server.process and server.process.poll() is None:
        server.kill()


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.INFO, "celery_task_tracker")
    return caplog


def test_events_are_dropped_and_counted_while_redis_is_away(server, log):
    recorder = availability.Recorder()
    for _ in range(50):
        recorder.record(EVENT)
    assert recorder.breaker.is_open
    assert recorder.dropped == 50
    assert len(log.records) == 1


def test_redis_is_asked_once_and_then_left_alone(server):
    server.start()
    recorder = availability.Recorder()
    recorder.breaker.failed()
    for _ in range(10):
        recorder.record(EVENT)
    assert server.commands() == {}


def test_recording_goes_on_when_redis_is_back(server, log, settings):
    settings.TASK_TRACKER_RETRY_AFTER = 0.05
    recorder = availability.Recorder()
    recorder.record(EVENT)
    server.start()
    time.sleep(0.1)
    recorder.record(EVENT)
    recorder.record(EVENT)
    assert not recorder.breaker.is_open
    assert server.commands() == {"tracker.upsert": 2}
    assert [record.levelname for record in log.records] == ["WARNING", "INFO"]
    assert "1 events were dropped" in log.records[1].message


def test_a_connection_that_redis_lost_in_a_restart_is_made_anew(server):
    server.start()
    recorder = availability.Recorder()
    recorder.record(EVENT)
    server.kill()
    server.start()
    recorder.record(EVENT)
    assert not recorder.breaker.is_open
    assert server.commands() == {"tracker.upsert": 1}


def test_a_frozen_redis_opens_the_breaker(server, settings):
    server.start()
    recorder = availability.Recorder()
    server.process.send_signal(signal.SIGSTOP)
    try:
        recorder.record(EVENT)
        assert recorder.breaker.is_open
    finally:
        server.process.send_signal(signal.SIGCONT)


def test_a_server_without_the_module_says_how_to_load_it(broker, settings, log):
    settings.CELERY_TASKTRACKER_REDIS_URL = broker.url
    availability.Recorder().record(EVENT)
    (record,) = log.records
    assert "loadmodule" in record.message


def test_a_refused_event_is_said_once_per_task_and_opens_nothing(tracker, log):
    recorder = availability.Recorder()
    refused = Event((ObjectRef("shop.order", "1"),), "", "shop.t", "PENDING", 0, 1)
    recorder.record(refused)
    recorder.record(refused)
    assert not recorder.breaker.is_open
    assert [record.levelname for record in log.records] == ["ERROR"]


def test_a_forked_process_starts_afresh(log):
    availability.recorder.breaker.failed()
    pid = os.fork()
    if pid == 0:
        os._exit(3 if availability.recorder.breaker.is_open else 0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_sending_a_task_works_while_the_tracker_is_away(server, broker):
    assert tasks.succeed.delay(1).id
    assert availability.recorder.breaker.is_open
