"""What Celery hands over in forms of its own is stored in the reader's terms."""

import json
import uuid
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as django_settings

from celery_task_tracker.recording import signals
from celery_task_tracker.recording.delivery import Delivery
from messages import send_raw
from project import celery_app
from servers import Worker
from shop import tasks

pytestmark = pytest.mark.usefixtures("worker", "tracker")


class TestEta:
    @pytest.mark.parametrize("enable_utc", [True, False])
    def test_without_a_zone_is_the_moment_at_which_celery_starts_the_task(
        self, ended, monkeypatch, enable_utc
    ):
        zone, queue = "America/New_York", f"new-york-{uuid.uuid4()}"
        worker = Worker(
            django_settings.BROKER_URL,
            django_settings.TRACKER_URL,
            *("--queues", queue),
            TEST_TIMEZONE=zone,
            TEST_ENABLE_UTC="yes" if enable_utc else "no",
        )
        monkeypatch.setattr(celery_app, "timezone", ZoneInfo(zone))
        try:
            eta = datetime.now(timezone.utc).replace(tzinfo=None) + timedelta(seconds=1)
            sent = tasks.succeed.apply_async((97,), eta=eta, queue=queue)
            received = ended(97, sent.id, "RECEIVED")
            found = ended(97, sent.id, "SUCCESS")
        finally:
            worker.kill()
        stored = datetime.fromisoformat(found["eta"])
        assert received["eta"] == found["eta"]
        assert stored.utcoffset() == timedelta(0)
        assert 0 <= found["started_at"] - stored.timestamp() * 1000 < 60_000

    def test_of_a_countdown_and_of_any_zone_is_stored_in_utc(self, record):
        eta = datetime(2040, 1, 2, 3, 4, tzinfo=timezone(timedelta(hours=5)))
        sent = tasks.succeed.apply_async((98,), eta=eta, queue="nobody")
        assert record(98, sent.id)["eta"] == "2040-01-01T22:04:00+00:00"
        sent = tasks.succeed.apply_async((98,), countdown=3600, queue="nobody")
        assert record(98, sent.id)["eta"].endswith("+00:00")


class TestUnpicklableException:
    """Celery replaces an exception that cannot be pickled by another one."""

    @pytest.mark.parametrize(
        ("kind", "name", "error"),
        [
            ("plain", "Unpicklable", "7: no"),
            ("lookup", "UnpicklableLookup", "k is not in the shop"),
        ],
    )
    def test_is_shown_as_it_was_raised(self, ended, kind, name, error):
        found = ended(99, tasks.raise_unpicklable.delay(99, kind).id, "FAILURE")
        assert (found["exception"], found["error"]) == (name, error)
        assert "raise_unpicklable" in found["traceback"]
        assert "Wrapper" not in found["traceback"]

    @pytest.mark.parametrize(
        ("kind", "name", "error"),
        [
            ("plain", "Unpicklable", "7: no"),
            ("lookup", "UnpicklableLookup", "k is not in the shop"),
        ],
    )
    def test_is_shown_as_the_reason_of_a_retry_as_it_was_raised(self, ended, kind, name, error):
        sent = tasks.raise_unpicklable.delay(99, kind, retry=True)
        found = ended(99, sent.id, "RETRY")
        assert (found["retry_exception"], found["retry_error"]) == (name, error)
        assert "Wrapper" not in found["retry_traceback"]
        found = ended(99, sent.id, "FAILURE")
        assert (found["exception"], found["error"]) == (name, error)


def test_the_error_of_retries_that_ran_out_does_not_repeat_the_arguments(ended):
    sent = tasks.give_up.delay(100, password="hunter2")
    found = ended(100, sent.id, "FAILURE")
    assert found["exception"] == "MaxRetriesExceededError"
    assert found["error"] == f"Can't retry shop.tasks.give_up[{sent.id}]"
    assert "hunter2" not in json.dumps(found)


@pytest.mark.parametrize(
    ("task", "error"),
    [
        (tasks.take_too_long, "Ran longer than its time limit of 1 s"),
        (tasks.report_for_ever, "Ran longer than its soft time limit"),
    ],
)
def test_the_error_of_a_time_limit_is_a_sentence(ended, task, error):
    assert ended(100, task.delay(100).id, "FAILURE")["error"] == error


class TestReprOfTheCaller:
    """``argsrepr`` and ``kwargsrepr`` say what may be shown of the arguments."""

    def test_is_stored_in_the_place_of_the_arguments(self, ended):
        sent = tasks.succeed.apply_async(
            (101,), {"note": "hunter2"}, argsrepr="(<order>,)", kwargsrepr="{<note>}"
        )
        found = ended(101, sent.id, "SUCCESS")
        assert (found["args"], found["kwargs"]) == ("(<order>,)", "{<note>}")

    def test_of_one_of_them_leaves_the_other_alone(self, ended):
        sent = tasks.succeed.apply_async((101,), {"note": "hunter2"}, kwargsrepr="{<note>}")
        found = ended(101, sent.id, "SUCCESS")
        assert (json.loads(found["args"]), found["kwargs"]) == ([101], "{<note>}")

    def test_is_stored_after_a_retry_too(self, ended):
        sent = tasks.retry_once.apply_async((101,), argsrepr="(<order>,)")
        assert ended(101, sent.id, "RETRY")["args"] == "(<order>,)"
        found = ended(101, sent.id, "SUCCESS")
        assert (found["attempt"], found["args"]) == (1, "(<order>,)")

    def test_of_a_message_that_came_from_a_process_without_the_tracker_is_stored(self, ended):
        task_id = str(uuid.uuid4())
        send_raw(task_id, "shop.tasks.retry_once", ([101], {}, {}), argsrepr="(<order>,)")
        assert ended(101, task_id, "SUCCESS")["args"] == "(<order>,)"

    @pytest.mark.parametrize(
        "args",
        [
            [102],
            (102,),
            (102, "it's"),
            (102, {"a": {1: [(2, 3)]}}),
            (102, "x" * 5000),
            (102, {"deep": [[[[[[1]]]]]]}),
            (102, Decimal("1.50")),
            (102, None, True)[:2],
        ],
        ids=repr,
    )
    def test_that_celery_wrote_itself_is_no_wish_of_the_caller(self, ended, args):
        found = ended(102, tasks.succeed.apply_async(args).id, "SUCCESS")
        assert json.loads(found["args"])[0] == 102
        assert json.loads(found["kwargs"]) == {}

    @pytest.mark.parametrize("args", [(103, "it's"), (103, {"a": [(1, 2)], "b": {1: 2}})])
    def test_that_celery_wrote_in_a_process_without_the_tracker_is_none_either(
        self, ended, monkeypatch, args
    ):
        monkeypatch.setattr(signals.registry, "for_task", lambda name: ())
        sent = tasks.succeed.apply_async(args)
        assert json.loads(ended(103, sent.id, "SUCCESS")["args"])[0] == 103


class TestFormsOfCelery:
    """What Celery hands over in a form of its own is stored in the reader's terms."""

    def test_a_signature_that_is_passed_as_an_argument(self, ended):
        sent = tasks.succeed.delay(104, tasks.log_in.s("ada", "hunter2"))
        found = ended(104, sent.id, "SUCCESS")
        called = {"task": "shop.tasks.log_in", "args": ["ada", "[redacted]"]}
        assert json.loads(found["args"]) == [104, called]
        assert json.loads(found["result"])["note"] == called

    def test_a_link_and_stamped_headers_change_nothing_of_what_is_stored(self, ended):
        task = tasks.succeed.si(105)
        task.link(tasks.log_in.si("ada", "hunter2", 106))
        task.stamp(customer="ada")
        sent = task.apply_async()
        found = ended(105, sent.id, "SUCCESS")
        assert json.loads(found["args"]) == [105]
        assert "hunter2" not in json.dumps(found)

    def test_a_task_that_was_linked_is_tracked_with_its_parent(self, ended, tracker):
        task = tasks.succeed.si(107)
        linked = tasks.succeed.si(108)
        task.link(linked)
        linked_id = linked.freeze().id
        sent = task.apply_async()
        assert ended(108, linked_id, "SUCCESS")["parent_id"] == sent.id

    def test_a_date_a_uuid_and_a_decimal_are_text(self, ended):
        key = uuid.uuid4()
        day = datetime(2040, 1, 2, tzinfo=timezone.utc)
        sent = tasks.succeed.delay(109, {"at": day, "key": key, "sum": Decimal("1.50")})
        stored = {"at": "2040-01-02T00:00:00+00:00", "key": str(key), "sum": "1.50"}
        assert json.loads(ended(109, sent.id, "SUCCESS")["args"]) == [109, stored]

    def test_a_queue_behind_rabbitmqs_delay_has_its_own_name(self):
        key = ".".join("0" * 28) + ".mail.urgent"
        head = {"id": "t1", "task": "shop.tasks.succeed"}
        delivery = Delivery.of_message("shop.tasks.succeed", head, ([1], {}, {}), key)
        assert delivery.details["queue"] == "mail.urgent"
