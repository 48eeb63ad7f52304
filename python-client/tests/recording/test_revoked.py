"""A revocation also reaches workers that did not run when it was requested."""

import uuid
from datetime import datetime, timedelta, timezone

import pytest
from django.conf import settings as django_settings

from celery_task_tracker.recording import process, revoked
from servers import HOST, Worker, free_port, wait_for
from shop import tasks

pytestmark = pytest.mark.usefixtures("broker", "tracker")


@pytest.fixture
def queue():
    return f"revoked-{uuid.uuid4()}"


@pytest.fixture
def start(queue):
    """``start()``: a worker that takes the tasks of the queue."""
    workers = []

    def start(**environment):
        worker = Worker(
            django_settings.BROKER_URL,
            environment.pop("tracker_url", django_settings.TRACKER_URL),
            *("--queues", queue),
            **environment,
        )
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        worker.kill()


def keep(task_id, eta=None):
    revoked.keep(task_id, "shop.tasks.succeed", eta)
    process.settle()


def test_a_worker_that_starts_later_drops_the_task(queue, start, ended):
    first = tasks.succeed.apply_async((130,), queue=queue)
    second = tasks.succeed.apply_async((130,), queue=queue)
    keep(first.id)
    start()
    ended(130, second.id, "SUCCESS")
    assert ended(130, first.id, "REVOKED")["error"] == "Revoked before it started"


def test_a_worker_that_was_cut_off_from_its_broker_drops_the_task(queue, start, ended, broker):
    worker = start()
    sent = tasks.succeed.apply_async((131,), queue=queue, countdown=6)
    ended(131, sent.id, "RECEIVED")
    keep(sent.id)
    with broker.client() as client:
        client.client_kill_filter(_type="normal", skipme=True)
        client.client_kill_filter(_type="pubsub", skipme=True)
    wait_for(lambda: "Connection to broker lost" in worker.output(), "the worker to notice")
    ended(131, sent.id, "REVOKED")


def test_a_worker_starts_while_redis_is_away(queue, start):
    start(tracker_url=f"redis://{HOST}:{free_port()}", TEST_TIMEOUT="0.2")


def test_more_ids_than_a_page_are_read():
    ids = {f"t{number}" for number in range(450)}
    for task_id in ids:
        revoked.keep(task_id, "shop.tasks.succeed", None)
    process.settle()
    assert set(revoked.read()) == ids


class TestAnId:
    def ends_in(self, tracker, task_id):
        """Seconds until its record ends."""
        with tracker.client() as client:
            score = client.zscore("celery-revoked:{all}:expiry", task_id)
            seconds, microseconds = client.time()
        return score / 1000 - seconds - microseconds / 1e6

    def test_is_kept_for_a_week_whatever_the_setting_says(self, tracker, settings):
        settings.TASK_TRACKER_RETENTION_WINDOW = {"REVOKED": 60}
        keep("t1")
        assert self.ends_in(tracker, "t1") == pytest.approx(7 * 86_400, abs=60)

    def test_is_kept_for_a_week_beyond_the_eta_of_its_task(self, tracker):
        keep("t1", (datetime.now(timezone.utc) + timedelta(days=30)).isoformat())
        assert self.ends_in(tracker, "t1") == pytest.approx(37 * 86_400, abs=60)

    @pytest.mark.parametrize("eta", ["", "soon", "2001-01-01T00:00:00+00:00"])
    def test_is_kept_for_a_week_where_the_eta_says_nothing(self, tracker, eta):
        keep("t1", eta)
        assert self.ends_in(tracker, "t1") == pytest.approx(7 * 86_400, abs=60)

    @pytest.mark.parametrize(
        ("namespace", "model"),
        [
            (None, "celery-revoked"),
            ("Acme", "acme.celery-revoked"),
            (lambda model, using: "a", "celery-revoked"),
        ],
    )
    def test_is_kept_in_the_namespace(self, record, settings, namespace, model):
        settings.TASK_TRACKER_NAMESPACE = namespace
        keep("t1")
        assert record("all", "t1", model)["state"] == "REVOKED"
        assert list(revoked.read()) == ["t1"]
