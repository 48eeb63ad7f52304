"""What this process measures, and who may read it."""

import os
import signal
import subprocess
import sys
import threading

import pytest
from django.contrib.auth.models import User
from prometheus_client import REGISTRY
from scrape import samples

from celery_task_tracker.metrics import installed, prometheus
from celery_task_tracker.metrics.families import OUTBOX, TASKS
from celery_task_tracker.metrics.prometheus import PrometheusMeter
from celery_task_tracker.recording import meter, process
from servers import TESTS
from shop import tasks


@pytest.fixture
def measuring(monkeypatch):
    """This process measures for the time of the test."""
    monkeypatch.setattr(meter, "current", PrometheusMeter())


def value(name, **labels):
    return REGISTRY.get_sample_value(name, labels) or 0


def test_unless_it_is_switched_on_nothing_is_imported_and_nothing_measured():
    assert type(meter.current) is meter.Meter
    code = (
        "import django, sys; django.setup(); import celery_task_tracker.checks; "
        "sys.exit('prometheus_client' in sys.modules)"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "project.settings"}
    environment.pop("TEST_METRICS_PORT", None)
    assert subprocess.run([sys.executable, "-c", code], cwd=TESTS, env=environment).returncode == 0


def test_a_task_is_counted_when_it_is_recorded(measuring, tracker):
    counted = {"model": "shop.order", "task": "shop.tasks.succeed", "state": "SUCCESS"}
    before = value("task_tracker_tasks_total", **counted)
    tasks.succeed.apply((1,))
    assert value("task_tracker_tasks_total", **counted) == before + 1


def test_what_is_lost_while_redis_is_away_is_counted(measuring, settings):
    settings.CELERY_TASKTRACKER_REDIS_URL = "redis://127.0.0.1:1"
    settings.TASK_TRACKER_SPOOL_SIZE = 3
    before = value("task_tracker_lost_events_total")
    for number in range(5):
        tasks.succeed.apply((number,))
    assert value("task_tracker_lost_events_total") == before + 2 * 5 - 3
    process.recorder.settle()
    assert value("task_tracker_outbox_events") == 3
    for _ in range(2):
        process.flush_at_end()
    assert value("task_tracker_lost_events_total") == before + 2 * 5


def test_a_waiting_time_counts_from_the_time_at_which_the_task_was_meant_to_start(
    measuring, tracker, monkeypatch
):
    observed = []
    monkeypatch.setattr(prometheus, "_observe", lambda *given: observed.append(given[1:]))
    delivery = type("D", (), {"attempt": 0, "run": 1_000_000, "details": {}})
    delivery.task_name, delivery.objects = "shop.tasks.succeed", ()
    monkeypatch.setattr(prometheus, "_labels", lambda _: [("shop.order", "shop.tasks.succeed")])
    meter.current.started(delivery, 1_003_000)
    delivery.details = {"eta": "1970-01-01T00:16:42+00:00"}
    meter.current.started(delivery, 1_003_000)
    # Of a publisher whose clock is ahead.
    meter.current.started(delivery, 1_001_000)
    delivery.attempt = 1
    meter.current.started(delivery, 9_000_000)
    assert [seconds for _, seconds in observed] == [3, 1, 0]


def test_a_signal_handler_that_measures_while_its_thread_does_waits_for_nothing(
    measuring, monkeypatch
):
    """The library's locks are not re-entrant."""
    labels = TASKS.labels("shop.order", "interrupted", "SUCCESS")
    delivery = type("D", (), {"task_name": "t", "objects": ()})
    monkeypatch.setattr(prometheus, "_labels", lambda _: [("shop.order", "interrupted")])
    counted = []

    def count(*_):
        if not counted:
            counted.append(1)
            os.kill(os.getpid(), signal.SIGUSR1)
        labels.inc()

    monkeypatch.setattr(prometheus, "_count", count)
    before = signal.signal(signal.SIGUSR1, lambda *_: meter.current.recorded(delivery, "SUCCESS"))
    try:
        meter.current.recorded(delivery, "SUCCESS")
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert labels._value.get() == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_process_that_is_forked_while_a_thread_measures_can_measure(measuring):
    going = threading.Event()

    def measure():
        while not going.is_set():
            meter.current.waiting(1)

    thread = threading.Thread(target=measure)
    thread.start()
    try:
        for _ in range(20):
            child = os.fork()
            if not child:
                signal.alarm(10)
                meter.current.waiting(7)
                os._exit(0 if OUTBOX._value.get() == 7 else 1)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        going.set()
        thread.join()


def test_a_measurement_that_fails_harms_nothing_and_is_reported_once(
    measuring, monkeypatch, caplog
):
    def fail():
        raise OSError("no space left on device")

    monkeypatch.setattr(prometheus.REFUSED, "inc", fail)
    meter.current.refused()
    meter.current.refused()
    assert len(caplog.records) == 1
    assert "no space left" in caplog.text
    meter.current.waiting(5)
    assert value("task_tracker_outbox_events") == 5


def test_without_the_library_the_log_says_what_to_install(monkeypatch, caplog):
    monkeypatch.setattr(installed, "is_installed", lambda: False)
    installed.install()
    assert 'pip install "celery-task-tracker[prometheus]"' in caplog.text
    assert type(meter.current) is meter.Meter


@pytest.mark.django_db
class TestView:
    """The metrics of the web processes."""

    def test_it_is_for_the_token_and_for_staff(self, client, settings):
        settings.TASK_TRACKER_METRICS_TOKEN = "s3cret"
        for given in ("", "Bearer", "Bearer ", "Bearer S3cret", "Basic s3cret", "Bearer é"):
            answer = client.get("/metrics/", headers={"Authorization": given})
            assert answer.status_code == 401
            assert "task_tracker" not in answer.content.decode()
        answer = client.get("/metrics/", headers={"Authorization": "Bearer s3cret"})
        assert answer.status_code == 200
        assert ("task_tracker_outbox_events", ()) in samples(answer.content.decode())
        client.force_login(User.objects.create_user("ada"))
        assert client.get("/metrics/").status_code == 401
        client.force_login(User.objects.create_user("grace", is_staff=True))
        assert client.get("/metrics/").status_code == 200

    def test_without_a_token_only_staff_may_read_it(self, client):
        for given in ("Bearer ", "Bearer None"):
            assert client.get("/metrics/", headers={"Authorization": given}).status_code == 401
