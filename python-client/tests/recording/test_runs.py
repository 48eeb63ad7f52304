"""Two runs of one task id are never mixed: what a real worker leaves behind."""

import json
import time
import uuid
from types import SimpleNamespace

import pytest
from kombu import Producer

from celery_task_tracker.recording import signals
from messages import headers_in, send_raw
from project import celery_app
from shop import tasks

pytestmark = pytest.mark.usefixtures("worker", "tracker")


class TestRun:
    """What distinguishes two tasks that were sent under one id."""

    def test_a_task_that_is_sent_again_under_its_id_is_shown_afresh(self, ended):
        first = tasks.fail.apply_async((80,), task_id=str(uuid.uuid4()))
        failed = ended(80, first.id, "FAILURE")
        tasks.succeed.apply_async((80,), task_id=first.id)
        found = ended(80, first.id, "SUCCESS")
        assert found["run"] > failed["run"]
        assert found["created_at"] >= found["run"]
        assert found["name"] == "shop.tasks.succeed"
        assert not {"error", "exception", "traceback"} & set(found)

    def test_it_is_shown_while_it_runs_and_its_own_end_after(self, ended, broker):
        first = tasks.succeed.apply_async((81,), task_id=str(uuid.uuid4()))
        ended(81, first.id, "SUCCESS")
        word = str(uuid.uuid4())
        tasks.wait_for_word.apply_async((81, word), task_id=first.id)
        running = ended(81, first.id, "STARTED")
        assert not {"result", "finished_at"} & set(running)
        with broker.client(db=2) as client:
            client.set(f"end:{word}", "1")
        assert json.loads(ended(81, first.id, "SUCCESS")["result"]) == word

    def test_of_two_that_run_at_once_the_one_that_was_sent_later_is_shown(
        self, ended, told, broker
    ):
        task_id, words = str(uuid.uuid4()), [str(uuid.uuid4()) for _ in range(2)]
        for word in words:
            tasks.wait_for_word.apply_async((82, word), task_id=task_id)
        for word in words:
            assert told(f"waiting:{word}")
        with broker.client(db=2) as client:
            client.set(f"end:{words[1]}", "1")
            later = ended(82, task_id, "SUCCESS")
            client.set(f"end:{words[0]}", "1")
        key = str(uuid.uuid4())
        ended(83, tasks.succeed.delay(83, key).id, "SUCCESS")
        assert json.loads(ended(82, task_id, "SUCCESS")["result"]) == words[1]
        assert ended(82, task_id, "SUCCESS")["finished_at"] == later["finished_at"]

    def test_a_task_that_is_sent_as_its_third_attempt_is_a_run_like_any_other(self, ended):
        task_id = str(uuid.uuid4())
        failed = ended(84, tasks.fail.apply_async((84,), task_id=task_id).id, "FAILURE")
        tasks.fail_thrice.apply_async((84,), task_id=task_id, retries=2)
        found = ended(84, task_id, "SUCCESS")
        assert found["run"] > failed["run"]
        assert found["attempt"] == 3
        assert found["objects"] == '[["shop.order","84"]]'
        assert "error" not in found

    def test_two_that_are_sent_within_a_millisecond_are_two(self, broker, tracker, monkeypatch):
        monkeypatch.setattr(signals, "time", SimpleNamespace(time_ns=lambda: 5_000_000_000))
        queue, task_id = f"unread-{uuid.uuid4()}", str(uuid.uuid4())
        for _ in range(3):
            tasks.succeed.apply_async((1,), queue=queue, task_id=task_id)
        assert [each["task_tracker_run"] for each in headers_in(broker, queue)] == [
            5_000,
            5_001,
            5_002,
        ]

    def test_a_retry_keeps_it(self, ended):
        sent = tasks.retry_once.delay(84)
        waiting = ended(84, sent.id, "RETRY")
        found = ended(84, sent.id, "SUCCESS")
        assert found["run"] == waiting["run"] == found["created_at"]

    def test_a_task_in_the_place_of_another_one_keeps_it(self, ended, broker):
        queue = f"unread-{uuid.uuid4()}"
        sent = tasks.hand_over.apply_async((85,), queue=queue)
        with broker.client(db=1) as client:
            raw = client.lpop(queue)
            client.lpush("celery", raw)
        found = ended(85, sent.id, "SUCCESS")
        assert found["run"] == json.loads(raw)["headers"]["task_tracker_run"]
        assert found["attempt"] == 1

    def test_a_task_in_the_place_of_one_of_its_own_kind_is_the_next_attempt(self, ended):
        sent = tasks.pass_to_and_fro.delay(860, 1)
        found = ended(860, sent.id, "SUCCESS")
        assert found["attempt"] == 1
        assert json.loads(found["args"]) == [861, 0]

    def test_a_task_whose_message_says_none_is_tracked_without_and_so_are_its_retries(self, ended):
        task_id = str(uuid.uuid4())
        send_raw(task_id, "shop.tasks.retry_once", ([87], {}, {}))
        found = ended(87, task_id, "SUCCESS")
        assert found["attempt"] == 1
        assert "run" not in found

    def test_a_message_of_protocol_1_from_a_process_without_the_tracker_has_none(self, ended):
        task_id = str(uuid.uuid4())
        body = {"id": task_id, "task": "shop.tasks.succeed", "args": [88], "kwargs": {}}
        with celery_app.connection_for_write() as broker_connection:
            Producer(broker_connection).publish(body, routing_key="celery", serializer="json")
        assert "run" not in ended(88, task_id, "SUCCESS")

    def test_a_message_of_protocol_1_and_its_retries_keep_it(self, ended):
        celery_app.conf.task_protocol, before = 1, celery_app.conf.task_protocol
        del celery_app.amqp
        try:
            first = tasks.retry_once.apply_async((88,), task_id=str(uuid.uuid4()))
            one = ended(88, first.id, "SUCCESS")
            tasks.retry_once.apply_async((88,), task_id=first.id)
        finally:
            celery_app.conf.task_protocol = before
            del celery_app.amqp
        waiting = ended(88, first.id, "RETRY")
        two = ended(88, first.id, "SUCCESS")
        assert one["run"] < waiting["run"] == two["run"]
        assert two["attempt"] == 1

    def test_a_task_that_is_sent_with_the_headers_of_another_one_has_its_own(self, broker, tracker):
        queue, other = f"unread-{uuid.uuid4()}", f"unread-{uuid.uuid4()}"
        tasks.succeed.apply_async((1,), queue=queue)
        (passed_on,) = headers_in(broker, queue)
        mine = {key: passed_on[key] for key in passed_on if key.startswith("task_tracker_")}
        tasks.succeed.apply_async((2,), queue=other, headers=mine)
        tasks.untracked.apply_async(("key",), queue=other, headers=mine)
        tracked, untracked = headers_in(broker, other)
        assert tracked["task_tracker_objects"] == [["shop.order", "2"]]
        assert tracked["task_tracker_run"] > mine["task_tracker_run"]
        assert not [key for key in untracked if key.startswith("task_tracker_")]

    def test_an_eager_task_that_is_called_again_under_its_id_is_shown_afresh(self, record):
        for number in range(2):
            tasks.succeed.apply((89, f"n{number}"), task_id="eager-1")
            time.sleep(0.002)
        assert json.loads(record(89, "eager-1")["result"])["note"] == "n1"

    def test_eager_tasks_of_one_id_within_a_millisecond_are_two(self, record, monkeypatch):
        monkeypatch.setattr(signals, "time", SimpleNamespace(time_ns=lambda: 5_000_000_000))
        tasks.succeed.apply((89, "first"), task_id="eager-2")
        tasks.fail.apply((89,), task_id="eager-2")
        found = record(89, "eager-2")
        assert (found["state"], "result" in found, found["run"]) == ("FAILURE", False, 5_001)


def test_a_message_that_the_broker_delivers_twice_without_saying_so_is_shown_running_again(
    ended, broker, record
):
    queue, word = f"unread-{uuid.uuid4()}", str(uuid.uuid4())
    sent = tasks.wait_for_word.apply_async((90, word), queue=queue)
    with broker.client(db=1) as client, broker.client(db=2) as words:
        raw = client.lpop(queue)
        words.set(f"end:{word}", "1")
        client.lpush("celery", raw)
        first = ended(90, sent.id, "SUCCESS")
        words.delete(f"end:{word}")
        client.lpush("celery", raw)
        again = ended(90, sent.id, "STARTED")
        assert not {"result", "finished_at"} & set(again)
        assert again["published_at"] == first["published_at"]
        words.set(f"end:{word}", "1")
    assert ended(90, sent.id, "SUCCESS")["finished_at"] > first["finished_at"]
