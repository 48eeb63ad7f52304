import json
import signal
import threading
import time

import pytest
import redis

from celery_task_tracker import __version__
from celery_task_tracker.recording.module_version import warn_of_an_old_module
from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server import client as client_module
from celery_task_tracker.server.client import TrackerClient, get_client
from celery_task_tracker.server.errors import (
    CommandRefused,
    ModuleMissing,
    TrackerUnavailable,
    translated,
)
from celery_task_tracker.server.query import Query
from celery_task_tracker.server.removals import Deletion
from celery_task_tracker.server.writes import Annotation, Event
from servers import HOST, free_port, wait_for

ORDER = ObjectRef("shop.order", "1042")


def event(*objects, **values):
    given = {"task_id": "t1", "name": "shop.t", "state": "PENDING", "attempt": 0, "at": 1}
    return Event(objects=objects or (ORDER,), **{**given, **values})


def client(server):
    return TrackerClient(server.url, 1, 1)


def test_an_event_becomes_a_record(tracker):
    client(tracker).write([event(at=1_700_000_000_000, attempt=2, fields={"worker": "w@h"})])
    found = client(tracker).get(ORDER, "t1")
    assert found["state"] == "PENDING"
    assert found["name"] == "shop.t"
    assert found["attempt"] == 2
    assert found["created_at"] == 1_700_000_000_000
    assert found["worker"] == "w@h"


def test_a_record_that_is_not_there_is_none(tracker):
    assert client(tracker).get(ORDER, "nothing") is None


def test_a_user_who_may_not_ask_for_the_version_uses_the_tracker_all_the_same(tracker):
    tracker.client().execute_command(
        "ACL",
        "SETUSER",
        "dashboard",
        "on",
        ">secret",
        "-@all",
        "+tracker.query",
        "+tracker.upsert",
        "+client",
        "~shop.order:*",
    )
    url = tracker.url.replace("redis://", "redis://dashboard:secret@")
    restricted = TrackerClient(url, 1, 1)
    restricted.ensure_compatible()
    restricted.write([event()])
    assert json.loads(restricted.query_json(ORDER, Query()))["total"] == 1


def test_an_argument_that_the_module_does_not_have_tells_of_two_versions(tracker):
    """As an older package sends what the module has no more, or a newer one what it has not yet."""
    with tracker.client() as connection, pytest.raises(redis.ResponseError) as refused:
        connection.execute_command("TRACKER.UPSERT", *ORDER, "t1", "RERUN", "1")
    error = translated(refused.value)
    assert type(error) is CommandRefused
    assert "do not fit together" in str(error)
    assert "unexpected argument 'RERUN'" in str(error)
    assert f"(tracker module {__version__})" in str(error)


def test_a_worker_tells_at_its_start_that_the_module_is_too_old(tracker, monkeypatch, caplog):
    warn_of_an_old_module()
    assert caplog.records == []
    monkeypatch.setattr(client_module, "MINIMUM_MODULE", 990_000)
    monkeypatch.setattr(client_module, "_client", None)
    warn_of_an_old_module()
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert "99.0.0 or later is needed" in record.getMessage()


def test_an_event_for_several_objects_is_kept_under_each(tracker):
    other = ObjectRef("shop.shelf", "A1")
    client(tracker).write([event(ORDER, other)])
    assert client(tracker).get(ORDER, "t1")
    assert client(tracker).get(other, "t1")
    assert tracker.commands()["tracker.upsert"] == 2


@pytest.mark.parametrize("pk", ["a{b}c", "100%", "a/b c", "%7B", "ключ", "{", "x" * 500])
def test_any_primary_key_finds_its_record_again(tracker, pk):
    ref = ObjectRef("shop.shelf", pk)
    client(tracker).write([event(ref)])
    assert client(tracker).get(ref, "t1")["id"] == "t1"
    assert json.loads(client(tracker).query_json(ref, Query()))["total"] == 1


def test_keys_that_differ_in_their_escapes_only_are_different_objects(tracker):
    client(tracker).write([event(ObjectRef("shop.shelf", "{"))])
    assert client(tracker).get(ObjectRef("shop.shelf", "%7B"), "t1") is None


def test_a_query_narrows_by_states_and_names_and_pages(tracker):
    for number in range(5):
        state = "FAILURE" if number % 2 else "SUCCESS"
        client(tracker).write([event(task_id=f"t{number}", state=state, name=f"n{number}")])
    page = json.loads(client(tracker).query_json(ORDER, Query(states=("SUCCESS",), page=2, size=2)))
    assert (page["total"], page["pages"], len(page["tasks"])) == (3, 2, 1)
    assert page["states"] == {"SUCCESS": 3, "FAILURE": 2}
    page = json.loads(client(tracker).query_json(ORDER, Query(names=("n1", "n2"))))
    assert {task["id"] for task in page["tasks"]} == {"t1", "t2"}


def test_a_row_leaves_out_what_only_the_single_record_shows(tracker):
    client(tracker).write([event(fields={"args": "[1]", "traceback": "long", "error": "short"})])
    (row,) = json.loads(client(tracker).query_json(ORDER, Query()))["tasks"]
    assert row["error"] == "short"
    assert "args" not in row
    assert "traceback" not in row


def test_annotating_keeps_the_state_and_makes_no_record(tracker):
    client(tracker).write([event()])
    client(tracker).write([Annotation(ORDER, ("t1", "t2"), {"revoke_requested": "now"})])
    assert client(tracker).get(ORDER, "t1")["revoke_requested"] == "now"
    assert client(tracker).get(ORDER, "t1")["state"] == "PENDING"
    assert client(tracker).get(ORDER, "t2") is None


def test_the_retention_window_goes_with_every_event_where_it_is_set(tracker, settings):
    with tracker.client() as plain:
        client(tracker).write([event()])
        assert plain.ttl("shop.order:{1042}:record:t1") > 80_000
        settings.TASK_TRACKER_RETENTION_WINDOW = 100
        client(tracker).write([event()])
        assert 0 < plain.ttl("shop.order:{1042}:record:t1") <= 110


def test_the_retention_window_may_be_given_per_state(tracker, settings):
    settings.TASK_TRACKER_RETENTION_WINDOW = {"FAILURE": 5000, "default": 100}
    with tracker.client() as plain:
        key = "shop.order:{1042}:record:t1"
        client(tracker).write([event()])
        assert 0 < plain.ttl(key) <= 110
        client(tracker).write([event(state="FAILURE")])
        assert 4000 < plain.ttl(key) <= 5100
        client(tracker).write([Annotation(ORDER, ("t1",), {"note": "keeps the record's own"})])
        assert 4000 < plain.ttl(key) <= 5100


def test_text_that_is_no_utf_8_is_stored_all_the_same(tracker):
    client(tracker).write([event(fields={"result": "a\ud800b\x00c"})])
    assert client(tracker).get(ORDER, "t1")["result"] == "a?b\x00c"


def test_what_the_module_refuses_comes_back_with_the_reason(tracker):
    good, bad = event(), event(task_id="")
    ((refused, why),) = client(tracker).write([bad])
    assert refused is bad
    assert "task_id" in str(why)
    ((refused, why),) = client(tracker).write([good, bad, good])
    assert refused is bad
    assert client(tracker).get(ORDER, "t1")


def test_many_events_go_in_order_in_one_round_trip(tracker):
    events = [event(state=state, at=at) for at, state in enumerate(("PENDING", "STARTED"), 1)]
    client(tracker).write([*events, event(state="SUCCESS", at=3)])
    found = client(tracker).get(ORDER, "t1")
    assert [found[name] for name in ("published_at", "started_at", "finished_at")] == [1, 2, 3]


def test_a_task_that_is_delivered_once_more_opens_its_finished_record_again(tracker):
    client(tracker).write([event(state="SUCCESS", run=1, at=5)])
    client(tracker).write([event(state="STARTED", run=1, at=4)])
    assert client(tracker).get(ORDER, "t1")["state"] == "SUCCESS"
    client(tracker).write([event(state="STARTED", run=1, at=7)])
    assert client(tracker).get(ORDER, "t1")["state"] == "STARTED"


def test_a_run_that_was_published_before_the_object_was_deleted_is_gone_and_no_error(tracker):
    now = time.time_ns() // 1_000_000
    client(tracker).write([Deletion(ORDER)])
    assert client(tracker).write([event(run=now - 1000, at=now)]) == []
    assert client(tracker).get(ORDER, "t1") is None
    client(tracker).write([event(run=now + 60_000, at=now)])
    assert client(tracker).get(ORDER, "t1")


def test_a_server_without_the_module_is_told_from_one_that_is_away(broker):
    with pytest.raises(ModuleMissing):
        client(broker).write([event()])
    with pytest.raises(TrackerUnavailable) as raised:
        TrackerClient(f"redis://{HOST}:{free_port()}", 0.2, 0.2).write([event()])
    assert not isinstance(raised.value, ModuleMissing)


def test_there_is_one_client_until_the_settings_change(settings):
    first = get_client()
    assert get_client() is first
    settings.TASK_TRACKER_SOCKET_TIMEOUT = 0.5
    assert get_client() is not first


def test_as_many_threads_as_there_are_may_ask_at_once(tracker):
    asking = TrackerClient(tracker.url, 60, 60)
    asking.write([event()])
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(asking.get(ORDER, "t1"))) for _ in range(150)
    ]
    tracker.process.send_signal(signal.SIGSTOP)
    for thread in threads:
        thread.start()
    # Each waits for its answer by a connection of its own, or has failed to get one.
    wait_for(
        lambda: (
            sum(thread.is_alive() for thread in threads) < 150
            or len(asking._redis.connection_pool._in_use_connections) == 150
        ),
        "all threads to have asked",
    )
    tracker.process.send_signal(signal.SIGCONT)
    for thread in threads:
        thread.join()
    assert len(found) == 150
