"""Messages that a real worker cannot run."""

import json
import uuid

import pytest
from kombu import Producer

from celery_task_tracker import task_tracker
from celery_task_tracker.registration.registry import registry
from messages import send_raw
from project import celery_app
from shop import tasks
from shop.models import Order

pytestmark = pytest.mark.usefixtures("worker", "tracker")


class TestRefusedMessage:
    """A message that a worker received and cannot run."""

    OBJECTS = [["shop.order", "95"]]

    def test_for_a_task_that_it_does_not_know_is_a_failure(self, ended):
        task_id = str(uuid.uuid4())
        send_raw(
            task_id,
            "shop.tasks.deployed_tomorrow",
            ([95], {}, {}),
            task_tracker_objects=self.OBJECTS,
            task_tracker_run=1_700_000_000_000,
        )
        found = ended(95, task_id, "FAILURE")
        assert found["exception"] == "NotRegistered"
        assert "shop.tasks.deployed_tomorrow" in found["error"]
        assert found["name"] == "shop.tasks.deployed_tomorrow"
        assert found["run"] == 1_700_000_000_000
        assert found["worker"].startswith("tests@")
        assert found["queue"] == "celery"

    def test_of_protocol_1_too(self, ended):
        task_id = str(uuid.uuid4())
        body = {"id": task_id, "task": "shop.tasks.deployed_tomorrow", "args": [], "kwargs": {}}
        with celery_app.connection_for_write() as broker_connection:
            Producer(broker_connection).publish(
                body,
                routing_key="celery",
                serializer="json",
                headers={"task_tracker_objects": self.OBJECTS},
            )
        assert ended(95, task_id, "FAILURE")["exception"] == "NotRegistered"

    def test_that_keeps_what_its_publisher_told(self, ended, record):
        """A task that only the web process knows."""

        @task_tracker.register(Order)
        @celery_app.task(name="shop.tasks.known_here_alone")
        def known_here_alone(order_id):
            pass

        try:
            sent = known_here_alone.delay(95)
            found = ended(95, sent.id, "FAILURE")
            assert found["exception"] == "NotRegistered"
            assert json.loads(found["args"]) == [95]
            assert found["published_at"] == found["run"]
        finally:
            registry._by_task.pop("shop.tasks.known_here_alone")
            celery_app.tasks.pop("shop.tasks.known_here_alone")

    @pytest.mark.parametrize(
        ("change", "exception"),
        [({"serializer": "pickle"}, "ContentDisallowed"), ({"eta": "soon"}, "InvalidTaskError")],
    )
    def test_that_it_cannot_read_is_rejected_with_the_reason(self, ended, change, exception):
        task_id = str(uuid.uuid4())
        objects = {"task_tracker_objects": self.OBJECTS}
        send_raw(task_id, "shop.tasks.succeed", ([95], {}, {}), **objects, **change)
        found = ended(95, task_id, "REJECTED")
        assert found["exception"] == exception
        assert found["error"]

    def test_of_a_task_that_is_not_tracked_is_nothing(self, tracker, ended):
        send_raw(str(uuid.uuid4()), "shop.tasks.deployed_tomorrow", ([95], {}, {}))
        ended(96, tasks.succeed.delay(96).id, "SUCCESS")
        with tracker.client() as client:
            assert not client.keys("shop.order:{95}*")


class TestWithoutSignals:
    """What Celery sends no signals for, as the README says."""

    def test_tasks_within_chunks_map_and_starmap_are_not_tracked(self, told, ended):
        tasks.speak.chunks([(197,)], 1).apply_async()
        tasks.speak.map([198]).apply_async()
        tasks.speak.starmap([(199,)]).apply_async()
        for key in (197, 198, 199):
            told(f"spoke:{key}")
            ended(key, tasks.succeed.delay(key).id, "SUCCESS")
            assert task_tracker.tasks(Order(pk=key)).total == 1

    @pytest.mark.parametrize(
        ("body", "headers"),
        [
            ("no json", {"content_type": "application/json"}),
            (([98], {}, {}), {"eta": "9999-12-31T23:59:59.999999+00:00"}),
        ],
    )
    def test_a_message_without_a_readable_body_or_eta_stays_as_it_was_published(
        self, ended, record, body, headers
    ):
        sent = tasks.succeed.apply_async((98,), queue="unread")
        send_broken(sent.id, body, headers)
        ended(98, tasks.succeed.delay(98).id, "SUCCESS")
        assert record(98, sent.id)["state"] in ("PENDING", "RECEIVED")


def send_broken(task_id, body, headers):
    headers = dict(headers)
    content_type = headers.pop("content_type", None)
    with celery_app.connection_for_write() as connection:
        Producer(connection).publish(
            body,
            routing_key="celery",
            serializer=None if content_type else "json",
            content_type=content_type,
            content_encoding="utf-8" if content_type else None,
            headers={"id": task_id, "task": "shop.tasks.succeed", "lang": "py", **headers},
        )
