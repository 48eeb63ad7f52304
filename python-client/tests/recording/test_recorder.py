import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import uuid
from dataclasses import replace
from itertools import islice
from types import SimpleNamespace

import pytest
import redis
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings as project

from celery_task_tracker.config import config
from celery_task_tracker.recording import process, sender
from celery_task_tracker.recording import recorder as recording
from celery_task_tracker.recording.outbox import Outbox
from celery_task_tracker.recording.recorder import Recorder
from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server.client import TrackerClient, get_client
from celery_task_tracker.server.removals import Deletion
from celery_task_tracker.server.writes import Event
from servers import TESTS, RedisServer, Worker, free_port, wait_for
from shop import tasks

ORDER = ObjectRef("shop.order", "1")


def event(number=1, **values):
    given = {"task_id": f"t{number}", "name": "shop.t", "state": "PENDING", "attempt": 0}
    given |= {"objects": (ORDER,), "at": 1_700_000_000_000 + number}
    return Event(**{**given, **values})


@pytest.fixture
def server(settings):
    """A Redis with the module that the test may kill; not started yet."""
    server = RedisServer(free_port(), with_module=True)
    settings.CELERY_TASKTRACKER_REDIS_URL = server.url
    yield server
    server.remove()


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.INFO, "celery_task_tracker")
    return caplog


@pytest.fixture
def recorder(settings):
    """A recorder that does not try again by itself."""
    settings.TASK_TRACKER_RETRY_AFTER = 3600
    return Recorder()


@pytest.fixture
def asked(monkeypatch):
    """The packets that were sent, or would have been if Redis had answered."""
    calls = []
    write = TrackerClient.write
    monkeypatch.setattr(
        TrackerClient,
        "write",
        lambda self, events, pause: calls.append(list(events)) or write(self, events, pause),
    )
    return calls


def test_events_are_kept_while_redis_is_away_which_is_said_once(server, recorder, log):
    for number in range(50):
        recorder.record(event(number))
    assert recorder.is_away
    assert recorder.waiting == 50
    assert [record.levelname for record in log.records] == ["WARNING"]


def test_redis_is_asked_once_and_then_left_alone(server, recorder, asked):
    for number in range(50):
        recorder.record(event(number))
    assert len(asked) == 1


def test_what_waits_is_written_in_order_with_its_own_times(server, recorder, log):
    for number, state in enumerate(("PENDING", "RECEIVED", "STARTED", "SUCCESS")):
        recorder.record(event(number, task_id="t1", state=state))
    recorder.record(event(9))
    server.start()
    assert recorder.flush()
    assert not recorder.is_away
    found = get_client().get(ORDER, "t1")
    assert found["state"] == "SUCCESS"
    times = ("published_at", "received_at", "started_at", "finished_at")
    assert [found[name] - 1_700_000_000_000 for name in times] == [0, 1, 2, 3]
    assert get_client().get(ORDER, "t9")
    assert "5 were stored, 0 lost" in log.records[-1].message


def test_the_timer_writes_what_waits_when_redis_is_back(server, settings, log):
    settings.TASK_TRACKER_RETRY_AFTER = 0.05
    recorder = Recorder()
    recorder.record(event(1))
    recorder.record(event(2))
    server.start()
    wait_for(lambda: not recorder.is_away, "the timer to have written the events")
    assert get_client().get(ORDER, "t1")
    assert get_client().get(ORDER, "t2")
    recorder.record(event(3))
    recorder.flush()
    assert get_client().get(ORDER, "t3")
    assert [record.levelname for record in log.records] == ["WARNING", "INFO"]


def test_the_next_event_has_redis_asked_before_the_timer_would(server, settings, monkeypatch):
    settings.TASK_TRACKER_RETRY_AFTER = 600
    monkeypatch.setattr(recording, "REST", 0.001)
    monkeypatch.setattr(sender, "REST", 0.001)
    recorder = Recorder()
    recorder.record(event(1))
    server.start()
    recorder.record(event(2))
    wait_for(lambda: not recorder.is_away, "the event to have had Redis asked")
    assert get_client().get(ORDER, "t1")
    assert get_client().get(ORDER, "t2")


def test_redis_may_go_and_come_back_again_and_again(server, settings):
    settings.TASK_TRACKER_RETRY_AFTER = 0.05
    recorder = Recorder()
    for number in range(3):
        recorder.record(event(number))
        wait_for(lambda: recorder.is_away, "the loss to be noticed")
        server.start()
        wait_for(lambda: not recorder.is_away, "the timer")
        assert get_client().get(ORDER, f"t{number}")
        server.kill()


def test_what_overflows_is_counted_and_said(server, recorder, settings, log):
    settings.TASK_TRACKER_SPOOL_SIZE = 3
    for number in range(5):
        recorder.record(event(number))
    assert (recorder.waiting, recorder.lost) == (3, 2)
    server.start()
    recorder.flush()
    assert "3 were stored, 2 lost" in log.records[-1].message
    assert recorder.lost == 0


def test_a_flush_in_vain_keeps_the_events_in_order(server, recorder):
    for number, state in enumerate(("PENDING", "STARTED")):
        recorder.record(event(number, task_id="t1", state=state))
    assert not recorder.flush()
    recorder.record(event(2, task_id="t1", state="SUCCESS"))
    server.start()
    assert recorder.flush()
    assert get_client().get(ORDER, "t1")["started_at"] == 1_700_000_000_001


def test_events_of_many_threads_are_all_stored(server, settings):
    settings.TASK_TRACKER_RETRY_AFTER = 0.05
    recorder = Recorder()

    def send(first):
        for number in range(first, first + 100):
            recorder.record(event(number))

    threads = [threading.Thread(target=send, args=(first,)) for first in range(0, 800, 100)]
    for thread in threads[:4]:
        thread.start()
    server.start()
    for thread in threads[4:]:
        thread.start()
    for thread in threads:
        thread.join()
    wait_for(lambda: not recorder.waiting, "the events to be stored")
    with server.client() as client:
        assert client.zcard("shop.order:{1}:tasks") == 800


def test_a_connection_that_redis_lost_in_a_restart_is_made_anew(server, recorder):
    server.start()
    recorder.record(event(1))
    server.kill()
    server.start()
    recorder.record(event(2))
    recorder.flush()
    assert not recorder.is_away
    assert get_client().get(ORDER, "t2")


def test_nobody_waits_for_the_reply_to_an_event(server, settings, recorder):
    settings.TASK_TRACKER_SOCKET_TIMEOUT = 3600
    server.start()
    recorder.record(event(0))
    server.process.send_signal(signal.SIGSTOP)
    threads = [
        threading.Thread(target=recorder.record, args=(event(number),)) for number in range(1, 151)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (recorder.is_away, recorder.waiting) == (False, 150)
    server.process.send_signal(signal.SIGCONT)
    wait_for(lambda: not recorder.waiting, "the replies")
    with server.client() as client:
        assert client.zcard("shop.order:{1}:tasks") == 151


def test_a_frozen_redis_is_noticed_by_its_replies_which_are_overdue(
    server, settings, recorder, log
):
    settings.TASK_TRACKER_SOCKET_TIMEOUT = 1
    server.start()
    recorder.record(event(0))
    server.process.send_signal(signal.SIGSTOP)
    try:
        for number in range(10):
            recorder.record(event(number))
        wait_for(lambda: recorder.is_away, "the replies to be overdue")
        for number in range(10, 20):
            recorder.record(event(number))
        assert recorder.waiting == 20
    finally:
        server.process.send_signal(signal.SIGCONT)
    assert recorder.flush()
    assert [record.levelname for record in log.records] == ["WARNING", "INFO"]
    with server.client() as client:
        assert client.zcard("shop.order:{1}:tasks") == 20


def test_events_that_come_faster_than_redis_takes_them_wait_for_it(server, settings, recorder):
    settings.TASK_TRACKER_SPOOL_SIZE = 10
    server.start()
    for number in range(5000):
        recorder.record(event(number))
        assert recorder.waiting <= 1201
    assert recorder.flush()
    assert recorder.lost == 0
    with server.client() as client:
        assert client.zcard("shop.order:{1}:tasks") == 5000


def test_settling_leaves_alone_what_is_held_back_and_flushing_does_not(server, recorder):
    server.start()
    recorder.record(event(0))
    recorder._outbox.settle([event(1)])
    recorder._sender._release_at = float("inf")
    recorder.record(event(2, objects=(ObjectRef("shop.order", "2"),)))
    assert not recorder.settle()
    assert recorder.waiting == 1
    assert recorder.flush()
    assert get_client().get(ORDER, "t1")


def test_an_event_leaves_at_once_and_those_soon_after_it_in_one_packet(
    server, recorder, asked, monkeypatch
):
    server.start()
    recorder.record(event(0))
    wait_for(lambda: asked, "the first to leave alone")
    monkeypatch.setattr(recording, "PAUSE", 0.5)
    for number in range(1, 100):
        recorder.record(event(number))
        if number == 1:
            wait_for(lambda: len(asked) == 2, "the first one to leave")
    wait_for(lambda: not recorder.waiting, "all to be answered")
    assert [len(packet) for packet in asked] == [1, 1, 98]


def test_a_full_packet_does_not_wait_for_more(server, recorder, asked, monkeypatch):
    server.start()
    recorder.record(event(0))
    wait_for(lambda: asked, "the first to leave alone")
    monkeypatch.setattr(recording, "PAUSE", 3600)
    with recorder._outbox._lock:
        for number in range(401):
            recorder._outbox.append(event(number))
    recorder._wake()
    wait_for(lambda: len(asked) == 4, "three packets")
    assert [len(packet) for packet in asked] == [1, 200, 200, 1]


def test_a_connection_that_redis_closed_meanwhile_loses_nothing_and_is_not_worth_a_word(
    server, recorder, log
):
    server.start()
    recorder.record(event(1))
    with server.client() as client:
        client.client_kill_filter(_type="normal", skipme=True)
    recorder.record(event(2))
    recorder.flush()
    recorder.record(event(3))
    recorder.flush()
    for number in (1, 2, 3):
        assert get_client().get(ORDER, f"t{number}")
    assert not log.records


def test_a_connection_that_redis_closes_before_it_answers_loses_nothing(
    server, recorder, monkeypatch, log
):
    server.start()
    recorder.record(event(1))
    read = redis.Connection.read_response
    closed = iter([True])

    def close(connection, *args, **kwargs):
        if next(closed, False):
            connection._sock.shutdown(socket.SHUT_RDWR)
        return read(connection, *args, **kwargs)

    monkeypatch.setattr(redis.Connection, "read_response", close)
    recorder.record(event(2))
    wait_for(lambda: not recorder.waiting, "the second try")
    assert get_client().get(ORDER, "t2")
    assert not log.records


def test_a_soft_time_limit_in_the_middle_of_sending_loses_nothing(server, recorder, monkeypatch):
    """Celery raises the soft time limit wherever a task happens to be."""

    def interrupted(connection, command, check_health=True):
        connection._sock.send(command[0][:20])
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(recording, "threads_run", lambda: False)
    server.start()
    recorder.record(event(1))
    with monkeypatch.context() as patch:
        patch.setattr(redis.Connection, "send_packed_command", interrupted)
        with pytest.raises(SoftTimeLimitExceeded):
            recorder.record(event(2))
    recorder.record(event(3))
    assert not recorder.waiting
    assert get_client().get(ORDER, "t2")
    assert get_client().get(ORDER, "t3")


def test_a_soft_time_limit_between_recording_and_waking_the_thread_loses_nothing(
    server, recorder, monkeypatch
):
    def interrupted():
        raise SoftTimeLimitExceeded

    server.start()
    recorder.record(event(1))
    with monkeypatch.context() as patch:
        patch.setattr(recorder, "_wake", interrupted)
        with pytest.raises(SoftTimeLimitExceeded):
            recorder.record(event(2))
    recorder.record(event(3))
    wait_for(lambda: not recorder.waiting, "the events to be stored")
    assert get_client().get(ORDER, "t2")


def test_a_try_that_comes_to_nothing_keeps_no_connection(server, recorder, monkeypatch):
    def away(connection, *args, **kwargs):
        raise redis.ConnectionError("gone")

    server.start()
    monkeypatch.setattr(redis.Connection, "send_packed_command", away)
    recorder.record(event(1))
    assert (recorder.is_away, recorder.waiting) == (True, 1)
    assert not get_client()._redis.connection_pool._in_use_connections


@pytest.mark.parametrize(
    ("owner", "name"),
    [(Outbox, "append"), (Outbox, "take"), (redis.Connection, "send_packed_command")],
    ids=["keeping", "writing", "sending"],
)
def test_an_event_may_come_in_the_middle_of_another_one(server, recorder, monkeypatch, owner, name):
    """From a signal handler or a finaliser, which must not wait for a lock of its own thread."""
    original = getattr(owner, name)
    further = iter(range(2, 6))

    def interrupted(self, *args, **kwargs):
        for number in islice(further, 1):
            recorder.record(event(number))
        return original(self, *args, **kwargs)

    def act():
        recorder.record(event(0))
        recorder.record(event(1))

    server.start()
    monkeypatch.setattr(owner, name, interrupted)
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    monkeypatch.undo()
    wait_for(lambda: not recorder.waiting, "the events to be stored")
    with server.client() as client:
        assert client.zcard("shop.order:{1}:tasks") == next(further, 6)


def test_an_event_that_redis_cannot_take_now_is_kept(server, recorder, log):
    server.start()
    recorder.record(event(1))
    with server.client() as client:
        client.execute_command("REPLICAOF", "127.0.0.1", "1")
        recorder.record(event(2))
        wait_for(lambda: recorder.is_away, "the refusal to be read")
        assert "replica" in log.records[0].message
        client.execute_command("REPLICAOF", "NO", "ONE")
    assert recorder.flush()
    assert get_client().get(ORDER, "t2")


def test_the_thread_ends_when_there_is_nothing_more_to_do_and_comes_again(
    server, recorder, monkeypatch
):
    monkeypatch.setattr(recording, "IDLE", 0.01)
    server.start()
    for number in range(3):
        recorder.record(event(number))
        wait_for(lambda: recorder._thread is None, "the thread to end")
        assert not recorder.waiting
    assert get_client().get(ORDER, "t2")


def test_another_address_in_the_settings_is_where_the_next_event_goes(server, settings, tracker):
    server.start()
    process.record(event(1))
    settings.CELERY_TASKTRACKER_REDIS_URL = tracker.url
    process.record(event(2))
    process.flush_at_end()
    with server.client() as one, tracker.client() as other:
        keys = [f"shop.order:{{1}}:record:t{number}" for number in (1, 2)]
        assert [one.exists(key) for key in keys] == [1, 0]
        assert [other.exists(key) for key in keys] == [0, 1]


@pytest.mark.parametrize("step", ["looking up the name", "connecting", "asking", "answering"])
def test_a_first_connection_that_hangs_at_any_step_holds_nobody_up(
    server, settings, monkeypatch, log, step
):
    """No single step has a timeout here: only the limit on all of them ends the wait."""
    settings.TASK_TRACKER_CONNECT_TIMEOUT = 0.25
    settings.TASK_TRACKER_SOCKET_TIMEOUT = 3600
    settings.TASK_TRACKER_RETRY_AFTER = 0.05
    server.start()
    owner, name = {
        "looking up the name": (socket, "getaddrinfo"),
        "connecting": (redis.Connection, "_connect"),
        "asking": (redis.Connection, "send_packed_command"),
        "answering": (redis.Connection, "read_response"),
    }[step]
    goes_on = threading.Event()
    original = getattr(owner, name)
    monkeypatch.setattr(
        owner, name, lambda *args, **kwargs: goes_on.wait() and original(*args, **kwargs)
    )
    recorder = Recorder()
    recorder.record(event(1))
    assert recorder.is_away
    assert "no answer within 0.25 s" in log.records[0].message
    waited = []
    monkeypatch.setattr(recorder._sender, "await_first_try", lambda: waited.append(1))
    recorder.record(event(2))
    assert not waited
    goes_on.set()
    wait_for(lambda: not recorder.is_away, "the events to have been written")
    assert get_client().get(ORDER, "t1")
    assert get_client().get(ORDER, "t2")


def test_a_connection_that_hangs_later_on_holds_up_one_event_at_most(
    server, settings, monkeypatch, recorder, log
):
    server.start()
    recorder.record(event(0))
    settings.TASK_TRACKER_SOCKET_TIMEOUT = 3600
    recorder.record(event(1))
    goes_on = threading.Event()
    send = redis.Connection.send_packed_command
    monkeypatch.setattr(
        redis.Connection,
        "send_packed_command",
        lambda *args, **kwargs: goes_on.wait() and send(*args, **kwargs),
    )
    recorder.record(event(2))
    wait_for(recorder._sender._turn.locked, "it to be on its way")
    monkeypatch.setattr(config, "TASK_TRACKER_SOCKET_TIMEOUT", 0.25)
    for number in range(3, 1100):
        recorder.record(event(number))
    assert recorder.is_away
    for number in range(1100, 2000):
        recorder.record(event(number))
    goes_on.set()
    assert recorder.flush()
    assert [record.levelname for record in log.records] == ["WARNING", "INFO"]
    with server.client() as client:
        assert client.zcard("shop.order:{1}:tasks") == 2000


def test_the_first_event_is_stored_before_its_caller_goes_on(server, recorder):
    server.start()
    recorder.record(event(1))
    assert get_client().get(ORDER, "t1")


def test_a_fault_in_making_the_client_costs_no_event(server, recorder, monkeypatch, log):
    def fail():
        raise RuntimeError("of some library")

    server.start()
    with monkeypatch.context() as patch:
        patch.setattr(sender, "get_client", fail)
        recorder.record(event(1))
        assert not recorder.flush()
    assert (recorder.is_away, recorder.waiting) == (True, 1)
    assert "RuntimeError: of some library" in log.records[0].message
    assert recorder.flush()
    assert get_client().get(ORDER, "t1")


@pytest.mark.parametrize("broken", [{"name": None}, {"state": 7}, {"objects": ("7",)}])
def test_an_event_whose_command_cannot_be_built_costs_itself_alone(server, recorder, log, broken):
    server.start()
    recorder.record(event(0))
    for number in (1, 2):
        recorder.record(replace(event(number), **broken))
    recorder.record(event(3))
    wait_for(lambda: not recorder.waiting, "the events to be stored")
    assert not recorder.is_away
    assert recorder.refused == 2
    assert [record.levelname for record in log.records] == ["ERROR"]
    assert "cannot be built" in log.records[0].message
    assert get_client().get(ORDER, "t3")


def test_an_event_that_the_user_may_not_write_costs_itself_alone(
    tracker, settings, recorder, asked, log
):
    with tracker.client() as client:
        client.execute_command("ACL", "SETUSER", "orders", "on", ">word", "+@all", "~shop.order:*")
    settings.CELERY_TASKTRACKER_REDIS_URL = tracker.url.replace("//", "//orders:word@")
    for number in range(500):
        kind = "shop.order" if number % 5 else "shop.shelf"
        recorder.record(event(number, objects=(ObjectRef(kind, "1"),)))
    assert recorder.flush()
    assert not recorder.is_away
    assert recorder.refused == 100
    assert sum(map(len, asked)) == 500
    assert [record.levelname for record in log.records] == ["ERROR"]
    with tracker.client() as client:
        assert client.zcard("shop.order:{1}:tasks") == 400


def test_an_event_of_a_deleted_object_is_answered_and_no_refusal(tracker, recorder, log):
    recorder.record(Deletion(ORDER))
    recorder.record(event(1, run=1_700_000_000_000))
    assert recorder.flush()
    assert recorder.refused == 0
    assert not log.records
    assert get_client().get(ORDER, "t1") is None


def test_what_is_refused_forges_no_line_of_the_log(tracker, recorder, log):
    key = "1\nCRITICAL all is lost " + "x" * 1000
    recorder.record(Deletion(ObjectRef("shop.order", key)))
    wait_for(lambda: recorder.refused == 1, "the refusal")
    (record,) = log.records
    assert "\n" not in record.message
    assert "\\nCRITICAL" in record.message
    assert len(record.message) < 600


def test_the_process_counts_what_was_refused(tracker):
    assert process.refused() == 0
    process.record(event(task_id=""))
    process.flush_at_end()
    assert process.refused() == 1


def test_a_thread_that_ended_by_a_fault_has_a_successor(server, recorder, monkeypatch):
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    server.start()
    recorder.record(event(1))
    with monkeypatch.context() as broken:
        broken.setattr(recorder._sender, "_conclude", lambda *_: 1 / 0)
        recorder.record(event(2))
        wait_for(lambda: recorder._thread is None, "the thread to end")
    recorder.record(event(3))
    wait_for(lambda: not recorder.waiting, "the replies")
    assert get_client().get(ORDER, "t3")


def test_a_fault_while_connecting_is_as_if_redis_were_away(server, recorder, monkeypatch, log):
    server.start()
    with monkeypatch.context() as broken:
        broken.setattr(redis.Connection, "connect", lambda *_: 1 / 0)
        recorder.record(event(1))
        assert recorder.is_away
        assert "ZeroDivisionError" in log.records[0].message
    assert recorder.flush()
    recorder.record(event(2))
    assert get_client().get(ORDER, "t1")
    wait_for(lambda: get_client().get(ORDER, "t2"), "the event to be stored")


def refuse_to_start(monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)


def run_as_uwsgi_without_threads(monkeypatch):
    monkeypatch.setitem(sys.modules, "uwsgi", SimpleNamespace(opt={"master": True}))


without_threads = pytest.mark.parametrize("lack", [refuse_to_start, run_as_uwsgi_without_threads])


@without_threads
def test_a_process_without_threads_sends_by_itself(server, recorder, monkeypatch, lack):
    server.start()
    lack(monkeypatch)
    for number in (1, 2):
        recorder.record(event(number))
        assert get_client().get(ORDER, f"t{number}")
    assert recorder._thread is None


@without_threads
def test_a_process_without_threads_leaves_a_redis_alone_that_is_away_and_tries_again_later(
    server, settings, monkeypatch, asked, lack
):
    settings.TASK_TRACKER_RETRY_AFTER = 3600
    recorder = Recorder()
    lack(monkeypatch)
    for number in range(10):
        recorder.record(event(number))
    assert (len(asked), recorder.waiting) == (1, 10)
    server.start()
    recorder._sender._rests_until = 0
    recorder.record(event(10))
    assert not recorder.waiting
    assert get_client().get(ORDER, "t0")


def test_uwsgi_with_threads_has_a_thread_send(server, recorder, monkeypatch):
    monkeypatch.setitem(sys.modules, "uwsgi", SimpleNamespace(opt={"enable-threads": True}))
    server.start()
    recorder.record(event(1))
    assert recorder._thread


def test_a_server_without_the_module_says_how_to_load_it(broker, settings, recorder, log):
    settings.CELERY_TASKTRACKER_REDIS_URL = broker.url
    recorder.record(event())
    (record,) = log.records
    assert "loadmodule" in record.message


def test_a_url_that_cannot_be_is_said_once_and_harms_nothing(settings, recorder, log):
    settings.CELERY_TASKTRACKER_REDIS_URL = "http://localhost"
    recorder.record(event(1))
    recorder.record(event(2))
    (record,) = log.records
    assert "CELERY_TASKTRACKER_REDIS_URL" in record.message


def test_a_refused_event_is_said_once_per_task_and_keeps_no_other_back(tracker, recorder, log):
    recorder.record(event(task_id=""))
    recorder.record(event(task_id=""))
    recorder.record(event(7))
    recorder.flush()
    assert not recorder.is_away
    assert [record.levelname for record in log.records] == ["ERROR"]
    assert get_client().get(ORDER, "t7")


def test_a_forked_process_starts_afresh(server, monkeypatch, recorder):
    monkeypatch.setattr(process, "recorder", recorder)
    recorder.record(event())
    recorder._lock.acquire()
    recorder._sender._turn.acquire()
    pid = os.fork()
    if pid == 0:
        os._exit(0 if process.recorder is None else 3)
    recorder._sender._turn.release()
    recorder._lock.release()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert recorder.waiting == 1


FORKED_BEHIND_PYTHON_S_BACK = """
import ctypes, os, time
import django
django.setup()
from celery_task_tracker.recording import process
from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server.writes import Event

def event(number):
    return Event((ObjectRef("shop.order", "1"),), f"t{number}", "shop.t", "PENDING", 0, number)

process.record(event(1))
# A thread that wants Python's lock at that moment would be waited for in the child. It sleeps.
process.settle()
time.sleep(1)
parent = process.recorder
pid = ctypes.PyDLL(None).fork()
if pid == 0:
    process.record(event(2))
    process.flush_at_end()
    os._exit(0 if process.recorder is not parent else 3)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


def test_a_process_that_was_forked_behind_python_s_back_starts_afresh(server):
    """As uWSGI does by default."""
    server.start()
    # In a process of its own: what the fork leaves locked is the package's own alone.
    process = subprocess.run(
        [sys.executable, "-c", FORKED_BEHIND_PYTHON_S_BACK],
        cwd=TESTS,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "project.settings"}
        | {"TEST_TRACKER_URL": server.url},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (process.stdout, process.returncode) == ("0\n", 0), process.stderr
    assert get_client().get(ORDER, "t2")


AT_THE_END = """
import django
django.setup()
from celery_task_tracker.recording import process
from celery_task_tracker.server.writes import Event
from celery_task_tracker.registration.resolution import ObjectRef
event = Event((ObjectRef("shop.order", "1"),), "t1", "shop.t", "PENDING", 0, 1)
process.record(event)
assert process.recorder.waiting == 1
print("kept", flush=True)
input()
"""


def process_that_keeps_one_event(server):
    process = subprocess.Popen(
        [sys.executable, "-c", AT_THE_END],
        cwd=TESTS,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "project.settings"}
        | {"TEST_TRACKER_URL": server.url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "kept\n"
    return process


def test_a_process_that_ends_tries_once_more(server):
    process = process_that_keeps_one_event(server)
    server.start()
    process.communicate("\n")
    assert process.returncode == 0
    assert get_client().get(ORDER, "t1")["created_at"] == 1


def test_a_process_that_ends_while_redis_is_away_says_what_is_lost(server):
    process = process_that_keeps_one_event(server)
    errors = process.communicate("\n")[1]
    assert process.returncode == 0
    assert "1 events are lost with this process" in errors


@pytest.mark.parametrize("pool", ["prefork", "threads", "gevent"])
def test_the_processes_of_a_worker_that_ends_try_once_more(server, broker, pool):
    queue = f"ending-{uuid.uuid4()}"
    worker = Worker(
        project.BROKER_URL, server.url, "--queues", queue, pool=pool, TEST_RETRY_AFTER="3600"
    )
    try:
        sent = tasks.succeed.apply_async((1,), queue=queue)
        wait_for(lambda: "succeeded in" in worker.output(), "the task to succeed")
        server.start()
        worker.process.terminate()
        worker.process.wait(60)
        found = get_client().get(ORDER, sent.id)
        assert found["state"] == "SUCCESS"
        assert found["received_at"] <= found["started_at"]
    finally:
        worker.kill()


def test_the_timer_of_a_worker_of_greenlets_writes_what_waits(server, broker):
    queue = f"green-{uuid.uuid4()}"
    options = ("--queues", queue)
    worker = Worker(project.BROKER_URL, server.url, *options, pool="gevent", TEST_RETRY_AFTER="0.2")
    try:
        sent = [tasks.succeed.apply_async((1,), queue=queue).id for _ in range(20)]
        wait_for(lambda: worker.output().count("succeeded in") == 20, "the tasks to succeed")
        server.start()
        for task_id in sent:
            wait_for(
                lambda id=task_id: (get_client().get(ORDER, id) or {}).get("finished_at"),
                "the timer to have written what waits",
            )
    finally:
        worker.kill()


LATE_GREENLETS = """
import os
import django
django.setup()
from celery_task_tracker.recording import process
if os.fork():
    raise SystemExit(os.waitstatus_to_exitcode(os.wait()[1]))
from gevent import monkey
monkey.patch_all()
import gevent
from celery_task_tracker.server.writes import Event
from celery_task_tracker.registration.resolution import ObjectRef
def record(number):
    ref = ObjectRef("shop.order", "1")
    process.record(Event((ref,), f"t{number}", "shop.t", "PENDING", 0, 1))
gevent.joinall([gevent.spawn(record, number) for number in range(10)], raise_error=True)
while process.recorder.waiting:
    gevent.sleep(0.01)
os._exit(0)
"""


def test_a_process_that_gets_greenlets_after_importing_the_project_is_not_held_up(server):
    """As those of gunicorn, with its worker gevent and the option --preload."""
    server.start()
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LATE_GREENLETS],
        cwd=TESTS,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "project.settings"}
        | {"TEST_TRACKER_URL": server.url},
        timeout=30,
        check=True,
    )
    with server.client() as client:
        assert client.zcard("shop.order:{1}:tasks") == 10


def test_sending_a_task_works_while_the_tracker_is_away(server, broker, monkeypatch, recorder):
    monkeypatch.setattr(process, "recorder", recorder)
    assert tasks.succeed.delay(1).id
    assert recorder.waiting == 1


def test_a_process_that_ends_during_the_first_try_waits_for_it(server, tmp_path):
    """The connection takes longer than the event waited for it, and is there in the end."""
    server.start()
    slow = AT_THE_END.replace(
        "event = ",
        "import redis, time; connect = redis.Connection._connect\n"
        "from celery_task_tracker.recording.sender import Sender; "
        "Sender.send.__defaults__ = (0.0, 60)\n"
        "from celery_task_tracker.config import config; config.TASK_TRACKER_CONNECT_TIMEOUT = 0.2\n"
        "redis.Connection._connect = lambda self: time.sleep(0.6) or connect(self)\n"
        "event = ",
    ).replace("assert process.recorder.waiting == 1", "assert process.recorder.is_away")
    process = subprocess.run(
        [sys.executable, "-c", slow],
        cwd=TESTS,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "project.settings"}
        | {"TEST_TRACKER_URL": server.url},
        input="\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert "are lost" not in process.stderr
    assert get_client().get(ORDER, "t1")
