"""Real tasks in a real prefork worker: what each way of ending leaves behind."""

import asyncio
import json
import logging
import os
import signal
import time
import uuid
from types import SimpleNamespace

import pytest
from celery import chord
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from kombu import Producer

from celery_task_tracker.recording import process, signals
from project import celery_app
from servers import RedisServer, Worker, free_port, wait_for
from shop import tasks
from shop.models import Customer, Order


@pytest.fixture(autouse=True)
def running(worker, tracker):
    """Each test here has a worker and an empty tracker."""


def test_a_task_called_by_position_or_by_keyword_is_tracked(ended):
    for number, send in ((1, lambda: tasks.succeed.delay(1)), (2, by_keyword)):
        sent = send()
        found = ended(number, sent.id, "SUCCESS")
        assert found["name"] == "shop.tasks.succeed"
        assert json.loads(found["result"]) == {"order": number, "note": ""}


def by_keyword():
    return tasks.succeed.delay(order_id=2)


def test_a_task_was_published_when_sending_it_began(record, broker, monkeypatch):
    """A worker may have it before the sender goes on."""
    times = iter([5_000_000_000, 9_000_000_000])
    monkeypatch.setattr(signals, "time", SimpleNamespace(time_ns=lambda: next(times)))
    sent = tasks.succeed.apply_async((1042,), queue="nobody")
    assert record(1042, sent.id)["published_at"] == 5_000
    monkeypatch.undo()
    another = tasks.succeed.apply_async((1042,), queue="nobody")
    assert record(1042, another.id)["published_at"] > 9_000


def test_four_events_cost_four_commands_and_four_for_the_overview(ended, tracker):
    sent = tasks.succeed.delay(1042)
    # The state is awaited by other means than the module's, which would be counted.
    with tracker.client() as client:
        key = f"shop.order:{{1042}}:record:{sent.id}"
        wait_for(lambda: client.hget(key, "state") == "SUCCESS", "the task")
    assert tracker.commands() == {"tracker.upsert": 4 + 4}
    found = ended(1042, sent.id, "SUCCESS")
    for moment in ("published_at", "received_at", "started_at", "finished_at"):
        assert moment in found


def test_a_task_that_nobody_registered_never_touches_redis(told, tracker):
    with tracker.client() as client:
        before = client.info("stats")["total_connections_received"]
        key = str(uuid.uuid4())
        tasks.untracked.delay(key)
        told(key)
        assert client.info("stats")["total_connections_received"] == before
        assert client.dbsize() == 0
    assert tracker.commands() == {}


def test_what_is_known_of_a_run_is_stored(ended):
    sent = tasks.succeed.apply_async((7,), {"note": "hi"})
    found = ended(7, sent.id, "SUCCESS")
    assert json.loads(found["objects"]) == [["shop.order", "7"]]
    assert json.loads(found["args"]) == [7]
    assert json.loads(found["kwargs"]) == {"note": "hi"}
    assert found["worker"].startswith("tests@")
    assert found["queue"] == "celery"
    assert found["root_id"] == sent.id
    assert found["max_retries"] == "3"
    assert found["attempt"] == 0
    assert found["published_at"] <= found["started_at"] <= found["finished_at"]


def test_members_of_a_chain_know_their_root_and_parent(ended):
    result = (tasks.succeed.si(1) | tasks.succeed.si(2)).apply_async()
    found = ended(2, result.id, "SUCCESS")
    assert found["root_id"] == found["parent_id"] == result.parent.id


def test_a_failure_keeps_its_error_and_traceback(ended):
    found = ended(3, tasks.fail.delay(3).id, "FAILURE")
    assert found["exception"] == "ValueError"
    assert found["error"] == "order 3 is <b>wrong</b>"
    assert found["traceback"].startswith("Traceback (most recent call last)")
    assert "tasks.py" in found["traceback"]


def test_a_result_that_is_no_json_is_kept_as_its_repr(ended):
    found = ended(3, tasks.return_what_is_no_json.delay(3).id, "SUCCESS")
    assert found["result"] == "<class 'object'>"


def test_a_retry_is_shown_and_then_the_attempt_that_succeeds(ended):
    sent = tasks.retry_once.delay(5, countdown=3)
    waiting = ended(5, sent.id, "RETRY")
    assert waiting["attempt"] == 1
    assert waiting["retry_exception"] == "ConnectionError"
    assert waiting["retry_error"] == "try later"
    assert waiting["worker"].startswith("tests@")
    assert waiting["eta"]
    found = ended(5, sent.id, "SUCCESS")
    assert found["attempt"] == 1
    assert json.loads(found["result"]) == "second time lucky"
    assert "error" not in found
    assert found["retry_error"] == "try later"


def test_retries_that_run_out_end_as_a_failure_of_the_last_attempt(ended, record):
    sent = tasks.retry_in_vain.delay(5)
    ended(5, sent.id, "FAILURE")
    # The process that asked for the retry may report it after the end.
    found = wait_for(
        lambda: (found := record(5, sent.id)) and "retry_error" in found and found, "the retry"
    )
    assert found["attempt"] == 1
    assert found["max_retries"] == "1"
    assert found["error"] == "never"
    assert found["retry_error"] == "never"
    assert 'raise ConnectionError("never")' in found["retry_traceback"]
    assert "During handling" not in found["retry_traceback"]


def test_a_rejected_and_an_ignored_task_say_so(ended):
    assert ended(6, tasks.reject.delay(6).id, "REJECTED")["error"] == "not for us"
    assert ended(6, tasks.ignore.delay(6).id, "IGNORED")["started_at"]


def test_a_task_revoked_before_it_starts(ended):
    sent = tasks.succeed.apply_async((8,), countdown=3)
    ended(8, sent.id, "RECEIVED")
    sent.revoke()
    found = ended(8, sent.id, "REVOKED")
    assert found["error"] == "Revoked before it started"
    assert "started_at" not in found


def test_a_task_terminated_while_it_runs(ended):
    sent = tasks.sleep.delay(8)
    ended(8, sent.id, "STARTED")
    sent.revoke(terminate=True)
    assert ended(8, sent.id, "REVOKED")["error"] == "Terminated while running"


def test_a_task_that_expires(ended):
    sent = tasks.succeed.apply_async((8,), countdown=0.5, expires=0.1)
    assert ended(8, sent.id, "REVOKED")["error"] == "Expired before it started"


def test_a_killed_child_is_a_failure(ended):
    found = ended(9, tasks.die.delay(9).id, "FAILURE")
    assert found["exception"] == "WorkerLostError"
    assert found["worker"].startswith("tests@")


def test_a_task_past_its_hard_time_limit_is_a_failure(ended):
    found = ended(9, tasks.take_too_long.delay(9).id, "FAILURE")
    assert found["exception"] == "TimeLimitExceeded"
    assert found["worker"].startswith("tests@")


def test_one_task_for_two_models_is_kept_under_both_with_one_round_trip_each_event(ended):
    sent = tasks.move.delay(10, shelf="a/{b}")
    found = ended(10, sent.id, "SUCCESS")
    assert ended("a/{b}", sent.id, "SUCCESS", model="shop.shelf")
    assert sorted(json.loads(found["objects"])) == [["shop.order", "10"], ["shop.shelf", "a/{b}"]]


def test_a_uuid_is_one_object_however_it_is_passed(ended):
    key = uuid.uuid4()
    for passed in (key, str(key), key.hex):
        sent = tasks.send_parcel.delay(passed)
        assert ended(key, sent.id, "SUCCESS", model="shop.parcel")


def test_secrets_are_redacted_before_they_are_stored(ended):
    key = uuid.uuid4()
    sent = tasks.send_parcel.delay(key, api_key="k-1", options={"deep": [{"password": "p-1"}]})
    found = ended(key, sent.id, "SUCCESS", model="shop.parcel")
    assert json.loads(found["kwargs"]) == {
        "api_key": "[redacted]",
        "options": {"deep": [{"password": "[redacted]"}]},
    }
    assert "t-1" not in found["result"]
    assert "p-1" not in found["result"]


def test_objects_travel_in_a_header_of_the_message(broker, tracker):
    queue = f"unread-{uuid.uuid4()}"
    tasks.succeed.apply_async((1042,), queue=queue)
    with broker.client(db=1) as client:
        message = json.loads(client.lpop(queue))
    assert message["headers"]["task_tracker_objects"] == [["shop.order", "1042"]]


def test_a_message_without_the_header_is_resolved_by_the_worker(ended, monkeypatch):
    monkeypatch.setattr(signals.registry, "for_task", lambda name: ())
    sent = celery_app.send_task("shop.tasks.succeed", kwargs={"order_id": 11})
    found = ended(11, sent.id, "SUCCESS")
    assert "published_at" not in found
    assert json.loads(found["kwargs"]) == {"order_id": 11}


def test_a_message_of_protocol_1_is_tracked(ended):
    app = celery_app
    app.conf.task_protocol, before = 1, app.conf.task_protocol
    del app.amqp
    try:
        sent = tasks.succeed.delay(12)
    finally:
        app.conf.task_protocol = before
        del app.amqp
    found = ended(12, sent.id, "SUCCESS")
    assert found["published_at"]


def test_a_task_that_another_one_replaces_goes_on_under_its_id(ended):
    sent = tasks.hand_over.delay(20)
    found = ended(20, sent.id, "SUCCESS")
    assert found["name"] == "shop.tasks.succeed"
    assert found["attempt"] == 1
    assert json.loads(found["result"]) == {"order": 20, "note": ""}


def test_a_task_that_is_replaced_in_a_later_attempt_goes_on_too(ended):
    sent = tasks.hand_over.delay(20, tries=2)
    found = ended(20, sent.id, "SUCCESS")
    assert found["attempt"] == 3
    assert found["name"] == "shop.tasks.succeed"


def test_a_replacement_that_retries_keeps_counting(ended):
    sent = tasks.hand_over.delay(20, to="shop.tasks.retry_in_vain")
    found = ended(20, sent.id, "FAILURE")
    assert found["attempt"] == 2
    assert found["error"] == "never"


def test_a_replacement_that_nobody_registered_is_followed_all_the_same(ended):
    sent = tasks.hand_over.delay(21, to="shop.tasks.quiet")
    found = ended(21, sent.id, "SUCCESS")
    assert json.loads(found["result"]) == "in its place"


def test_what_is_secret_to_a_replacement_that_nobody_registered_is_redacted(ended):
    sent = tasks.hand_over.delay(21, to="shop.tasks.quiet", more=["hunter2"])
    found = ended(21, sent.id, "SUCCESS")
    assert json.loads(found["args"]) == [21, "[redacted]"]


def test_a_chain_in_the_place_of_a_task_ends_under_its_id(ended, told):
    sent = tasks.hand_over.delay(22, to="chain")
    assert told("before:22")
    found = ended(22, sent.id, "SUCCESS")
    assert found["name"] == "shop.tasks.succeed"


def test_the_members_of_a_chord_and_its_body_are_tracked_one_by_one(ended):
    header = [tasks.part.s(number) for number in (31, 32)]
    sent = chord(header)(tasks.whole.s(order_id=33))
    for number, member in zip((31, 32), sent.parent.results, strict=True):
        found = ended(number, member.id, "SUCCESS")
        assert found["group_id"] == sent.parent.id
        assert found["chord_id"] == sent.id
    assert json.loads(ended(33, sent.id, "SUCCESS")["result"]) == [31, 32]


def test_a_message_that_is_delivered_again_opens_its_record_again(ended, broker, record):
    queue = f"unread-{uuid.uuid4()}"
    sent = tasks.succeed.apply_async((40,), queue=queue)
    with broker.client(db=1) as client:
        raw = client.lpop(queue)
        client.lpush("celery", raw)
        first = ended(40, sent.id, "SUCCESS")
        message = json.loads(raw)
        message["properties"]["delivery_info"]["redelivered"] = True
        client.lpush("celery", json.dumps(message))
        wait_for(
            lambda: record(40, sent.id)["started_at"] > first["finished_at"],
            "the task to have run again",
        )
    assert ended(40, sent.id, "SUCCESS")["finished_at"] > first["finished_at"]


def test_a_task_whose_process_was_killed_runs_again_if_it_asks_for_that(ended, broker):
    sent = tasks.survive.delay(41)
    ended(41, sent.id, "STARTED")
    with broker.client(db=2) as client:
        os.kill(int(wait_for(lambda: client.get("pid:41"), "the task to run")), signal.SIGKILL)
    assert json.loads(ended(41, sent.id, "SUCCESS")["result"]) == "survived"


def test_a_task_whose_worker_was_killed_is_delivered_to_the_next_and_ends_well(ended, told, broker):
    queue = f"doomed-{uuid.uuid4()}"
    options = (settings.BROKER_URL, settings.TRACKER_URL, "--queues", queue)
    doomed = Worker(*options, TEST_VISIBILITY_TIMEOUT="1")
    try:
        sent = tasks.survive.apply_async((42,), queue=queue)
        ended(42, sent.id, "STARTED")
        with broker.client(db=2) as client:
            wait_for(lambda: client.get("pid:42"), "the task to run")
    finally:
        doomed.kill()
    with broker.client(db=1) as client:
        # A worker looks for messages past their time when it starts, and then seldom.
        wait_for(
            lambda: any(client.zrangebyscore("unacked_index", 0, time.time() - 1.5)),
            "the visibility timeout of the message",
        )
    heir = Worker(*options, "--hostname", "heir@%h", TEST_VISIBILITY_TIMEOUT="1")
    try:
        found = ended(42, sent.id, "SUCCESS")
        assert found["worker"].startswith("heir@")
    finally:
        heir.kill()


def test_a_failure_of_celery_itself_around_a_task_is_a_failure(ended, broker):
    task_id = str(uuid.uuid4())
    with celery_app.connection_for_write() as broker_connection:
        Producer(broker_connection).publish(
            ([50], ["no mapping"], {}),
            routing_key="celery",
            serializer="json",
            headers={
                "id": task_id,
                "task": "shop.tasks.succeed",
                "task_tracker_objects": [["shop.order", "50"]],
            },
        )
    found = ended(50, task_id, "FAILURE")
    assert "not a mapping" in found["error"]
    assert found["traceback"]


@pytest.mark.parametrize("pool", ["solo", "threads", "gevent"])
def test_other_pools_are_tracked_alike(ended, pool):
    queue = f"{pool}-{uuid.uuid4()}"
    worker = Worker(settings.BROKER_URL, settings.TRACKER_URL, "--queues", queue, pool=pool)
    try:
        for task, state in (
            (tasks.succeed, "SUCCESS"),
            (tasks.fail, "FAILURE"),
            (tasks.retry_once, "SUCCESS"),
            (tasks.reject, "REJECTED"),
            (tasks.ignore, "IGNORED"),
        ):
            sent = task.apply_async((60,), queue=queue)
            found = ended(60, sent.id, state)
            assert found["worker"]
            assert found["queue"] == queue
    finally:
        worker.kill()


def test_an_eager_task_is_tracked(record):
    sent = tasks.succeed.apply((13,))
    assert record(13, sent.id)["state"] == "SUCCESS"


def test_a_call_for_no_object_is_not_tracked(told, tracker):
    tasks.succeed.delay(None)
    key = str(uuid.uuid4())
    tasks.untracked.delay(key)
    told(key)
    assert tracker.commands() == {}


def test_no_exception_leaves_a_handler(monkeypatch, caplog, broker):
    def explode(*args, **kwargs):
        raise RuntimeError("the tracker's own fault")

    monkeypatch.setattr(process, "record", explode)
    caplog.set_level(logging.ERROR, "celery_task_tracker")
    assert tasks.succeed.delay(1).id
    assert "the task goes on" in caplog.text


@pytest.mark.django_db
class TestLookup:
    """Objects that the database has to be asked for."""

    @pytest.fixture
    def order(self):
        customer = Customer.objects.create(name="Ada", email="ada@mail.example")
        return Order.objects.create(reference="R-1", customer=customer)

    def test_is_made_once_where_the_task_is_sent(self, order, ended):
        with CaptureQueriesContext(connection) as queries:
            sent = tasks.fulfil.delay(order.customer_id, reference="R-1")
        assert sum("shop_order" in query["sql"] for query in queries) == 1
        # The worker has another database, in which there is no order.
        found = ended(order.pk, sent.id, "SUCCESS")
        for moment in ("published_at", "received_at", "started_at", "finished_at"):
            assert moment in found

    def test_takes_keyword_only_arguments_through_a_relation(self, order, ended):
        sent = tasks.remind.delay("R-1", email="ada@mail.example")
        ended(order.pk, sent.id, "SUCCESS")

    def test_of_the_key_takes_an_arguments_default(self, ended):
        ended(3, tasks.count.delay(1).id, "SUCCESS")
        ended(4, tasks.count.delay(1, 4).id, "SUCCESS")
        ended(5, tasks.count.delay(times=1, number=5).id, "SUCCESS")

    def test_is_made_once_in_a_task_whose_message_came_without(self, order, record):
        with CaptureQueriesContext(connection) as queries:
            sent = tasks.fulfil.apply((order.customer_id,), {"reference": "R-1"})
        assert sum("shop_order" in query["sql"] for query in queries) == 1
        assert record(order.pk, sent.id)["state"] == "SUCCESS"

    def test_is_never_made_for_a_message_that_is_only_received(self, order):
        class Request:
            id, type, hostname = "t1", "shop.tasks.fulfil", "w@h"
            args, kwargs = (order.customer_id, "R-1"), {}
            request_dict = {"id": "t1"}
            delivery_info = {}

        with CaptureQueriesContext(connection) as queries:
            signals.task_received(request=Request())
        assert not queries.captured_queries

    def test_in_an_event_loop_is_left_to_the_worker(self, order, broker):
        queue = f"unread-{uuid.uuid4()}"

        async def send():
            tasks.fulfil.apply_async((order.customer_id, "R-1"), queue=queue)

        asyncio.run(send())
        with broker.client(db=1) as client:
            message = json.loads(client.lpop(queue))
        assert "task_tracker_objects" not in message["headers"]


def test_no_handler_asks_the_database(ended):
    # pytest-django refuses the database to a test that has not asked for it, and the handlers
    # would log the refusal.
    sent = tasks.succeed.delay(14)
    assert ended(14, sent.id, "SUCCESS")


def test_redis_killed_in_the_middle_of_a_task_does_not_harm_it(told):
    server = RedisServer(free_port(), with_module=True).start()
    queue = f"fragile-{uuid.uuid4()}"
    worker = Worker(settings.BROKER_URL, server.url, "--queues", queue)
    try:
        tasks.sleep.apply_async((15, 5), queue=queue)
        with server.client() as client:
            wait_for(
                lambda: client.zcard("shop.order:{15}:state:STARTED"), "the task to be running"
            )
        server.kill()
        assert told("slept:15")
        key = str(uuid.uuid4())
        tasks.untracked.apply_async((key,), queue=queue)
        assert told(key)
        wait_for(lambda: worker.output().count("succeeded in") == 2, "both tasks to succeed")
        # No task waits for Redis: the worker notices when it next reads replies.
        wait_for(lambda: "The task tracker is away" in worker.output(), "the loss to be noticed")
        assert "ERROR" not in worker.output()
    finally:
        worker.kill()
        server.remove()


def test_arguments_and_results_may_be_kept_out_of_redis(record, settings):
    settings.TASK_TRACKER_STORE_ARGS = False
    settings.TASK_TRACKER_STORE_RESULT = False
    found = record(70, tasks.succeed.apply((70,), {"note": "n"}).id)
    assert found["state"] == "SUCCESS"
    assert not {"args", "kwargs", "result"} & set(found)
