"""The setting TASK_TRACKER_EVENTS leaves out states before the end."""

import re
import uuid

import pytest
from django.conf import settings as django_settings

from celery_task_tracker.recording.attempts import MOST_ATTEMPTS
from celery_task_tracker.recording.delivery import Delivery
from servers import Worker, wait_for
from shop import tasks

pytestmark = pytest.mark.usefixtures("broker", "tracker")


@pytest.fixture
def queue(request, settings):
    """The queue of a worker with the setting that the test was given; this process has it too.

    One process runs all its tasks, so that what it tells arrives in order.
    """
    settings.TASK_TRACKER_EVENTS = request.param
    queue = f"events-{uuid.uuid4()}"
    worker = Worker(
        django_settings.BROKER_URL,
        django_settings.TRACKER_URL,
        *("--queues", queue, "--concurrency", "1"),
        TEST_EVENTS=" ".join(request.param),
    )
    yield queue
    worker.kill()


def has_ended(tracker, pk, task_id, state):
    """Waits for the state by other means than the module's, which would be counted."""
    key = f"shop.order:{{{pk}}}:record:{task_id}"
    with tracker.client() as client:
        wait_for(lambda: client.hget(key, "state") == state, state)


def updates(commands, task_id):
    return [command for command in commands if re.match(f"TRACKER.UPSERT .* {task_id} ", command)]


@pytest.mark.parametrize(
    ("queue", "missing"),
    [
        (["PENDING", "STARTED"], "received_at"),
        (["RECEIVED", "STARTED"], "published_at"),
        (["PENDING", "RECEIVED"], "started_at"),
    ],
    indirect=["queue"],
)
def test_a_state_that_is_left_out_costs_no_command(queue, missing, tracker, record):
    with tracker.heard() as commands:
        sent = tasks.succeed.apply_async((150,), queue=queue)
        has_ended(tracker, 150, sent.id, "SUCCESS")
    # One for the order and one for the overview of all orders.
    assert len(updates(commands, sent.id)) == 3 * 2, commands
    found = record(150, sent.id)
    times = {"published_at", "received_at", "started_at", "finished_at"}
    assert times - {name for name in times if found.get(name)} == {missing}
    assert found["args"] == "[150]"


@pytest.mark.parametrize("queue", [[]], indirect=True)
def test_with_the_ends_alone_a_task_is_one_event(queue, tracker, record):
    with tracker.heard() as commands:
        sent = tasks.succeed.apply_async((151,), queue=queue)
        has_ended(tracker, 151, sent.id, "SUCCESS")
    assert len(updates(commands, sent.id)) == 1 * 2, commands
    found = record(151, sent.id)
    assert found["worker"]
    assert found["queue"] == queue
    assert found["result"]


@pytest.mark.parametrize("queue", [[]], indirect=True)
def test_the_death_of_a_tasks_process_is_told_without_its_beginning(queue, tracker):
    sent = tasks.die.apply_async((152,), queue=queue)
    has_ended(tracker, 152, sent.id, "FAILURE")


@pytest.mark.parametrize("queue", [[]], indirect=True)
def test_attempts_that_are_too_many_are_removed_without_their_beginnings(queue, tracker, record):
    sent = tasks.fail_often.apply_async((153, MOST_ATTEMPTS + 3), queue=queue)
    has_ended(tracker, 153, sent.id, "SUCCESS")
    found = record(153, sent.id)
    kept = {name for name in found if name.startswith("attempt_")}
    # The beginning of the attempt that succeeded would have removed one more.
    assert len(kept) == MOST_ATTEMPTS + 1
    assert not {"attempt_0", "attempt_1"} & kept


def test_what_a_task_logs_is_kept_without_its_beginning(settings, record):
    settings.TASK_TRACKER_EVENTS = []
    settings.TASK_TRACKER_LOG_LEVEL = "INFO"
    sent = tasks.log_lines.apply((156,))
    assert "log" in record(156, sent.id)


def test_what_a_header_calls_a_delivery_is_none(record):
    """Headers of a message become attributes of the request."""
    headers = {"task_tracker_delivery": {"task_name": "shop.tasks.fail"}}
    sent = tasks.succeed.apply((154,), headers=headers)
    assert record(154, sent.id)["name"] == "shop.tasks.succeed"


def test_what_two_events_of_one_request_share_is_worked_out_once(monkeypatch, record):
    worked_out = []
    of = Delivery._of.__func__
    monkeypatch.setattr(
        Delivery, "_of", classmethod(lambda *args, **kw: worked_out.append(1) or of(*args, **kw))
    )
    sent = tasks.succeed.apply((155,))
    assert record(155, sent.id)["state"] == "SUCCESS"
    assert len(worked_out) == 1
