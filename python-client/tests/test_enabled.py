"""When tasks are tracked: a project's test run does not touch a developer's Redis."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import override_settings
from django.test.utils import (
    CaptureQueriesContext,
    setup_test_environment,
    teardown_test_environment,
)
from kombu import Producer

from celery_task_tracker.config import config
from celery_task_tracker.recording import process, signals
from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.writes import Event
from servers import TESTS
from shop import tasks
from shop.models import Order

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def unsaid(settings):
    """A project whose settings do not say whether it tracks."""
    del settings.TASK_TRACKER_ENABLED
    return settings


def keys(tracker):
    process.flush_at_end()
    with tracker.client() as client:
        return sorted(client.keys("*"))


def keep(pk):
    event = Event((ObjectRef("shop.order", str(pk)),), "dev", "shop.t", "SUCCESS", 0, 1)
    get_client().write([event])


def test_a_test_run_tracks_nothing_and_purges_nothing(tracker, unsaid):
    order = Order.objects.create()
    keep(order.pk)
    before = keys(tracker)
    assert tasks.succeed.apply((order.pk,)).result == {"order": order.pk, "note": ""}
    order.delete()
    assert keys(tracker) == before


def test_a_task_that_is_sent_meanwhile_costs_no_query_and_carries_nothing(
    broker, unsaid, monkeypatch
):
    sent = []
    publish = Producer.publish
    monkeypatch.setattr(
        Producer, "publish", lambda *args, **kw: sent.append(kw["headers"]) or publish(*args, **kw)
    )
    with CaptureQueriesContext(connection) as queries:
        tasks.fulfil.apply_async((1, "R-1"), queue="nobody")
        tasks.fulfil.apply((1, "R-1"))
    assert len(queries) == 0
    assert not [name for headers in sent for name in headers if name.startswith("task_tracker")]


@pytest.mark.parametrize("is_enabled", [True, False])
def test_a_task_that_runs_is_not_tracked_though_its_sender_was(tracker, settings, is_enabled):
    settings.TASK_TRACKER_ENABLED = is_enabled
    header = [["shop.order", "7"]]
    tasks.succeed.push_request(id="t1", args=(7,), kwargs={}, task_tracker_objects=header)
    try:
        signals.task_started(sender=tasks.succeed)
        signals.task_succeeded(sender=tasks.succeed, result=1)
    finally:
        tasks.succeed.pop_request()
    assert bool(keys(tracker)) == is_enabled


def test_settings_that_say_so_win(unsaid):
    for given, expected in ((True, True), (False, False), (None, False)):
        with override_settings(TASK_TRACKER_ENABLED=given):
            assert config.is_enabled is expected
    assert config.is_enabled is False


def test_one_test_may_track_in_a_run_that_does_not(tracker, unsaid):
    with override_settings(TASK_TRACKER_ENABLED=True):
        tasks.succeed.apply((7,))
    assert keys(tracker) != []


def test_one_test_may_not_track_in_a_run_that_does(tracker):
    with override_settings(TASK_TRACKER_ENABLED=False):
        tasks.succeed.apply((7,))
    assert keys(tracker) == []
    tasks.succeed.apply((7,))
    assert keys(tracker) != []


def test_it_is_on_again_when_the_test_environment_is_torn_down(unsaid):
    teardown_test_environment()
    try:
        for given, expected in ((False, False), (True, True), (None, True)):
            with override_settings(TASK_TRACKER_ENABLED=given):
                assert config.is_enabled is expected
        assert config.is_enabled
    finally:
        setup_test_environment()
    assert not config.is_enabled


SETTINGS = """
from project.settings import *
del TASK_TRACKER_ENABLED
"""

PROJECTS_OWN_TEST = """
from django.test import TransactionTestCase
from shop import tasks
from shop.models import Order

class OrderTest(TransactionTestCase):
    def test_paying(self):
        order = Order.objects.create(pk=1)
        self.assertTrue(tasks.succeed.apply((order.pk,)).successful())
        order.delete()
"""


def run(tmp_path, *command):
    Path(tmp_path, "unsaid.py").write_text(SETTINGS)
    return subprocess.run(
        [sys.executable, *command],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(tmp_path), str(TESTS), *sys.path]),
            "DJANGO_SETTINGS_MODULE": "unsaid",
            "TEST_BROKER_URL": django_settings.BROKER_URL,
            "TEST_TRACKER_URL": django_settings.TRACKER_URL,
        },
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_projects_whole_test_run_leaves_no_trace(tracker, broker, tmp_path):
    keep(1)
    before = keys(tracker)
    Path(tmp_path, "test_orders.py").write_text(PROJECTS_OWN_TEST)
    done = run(tmp_path, "-m", "django", "test", "test_orders")
    assert done.returncode == 0, done.stderr
    assert "Ran 1 test" in done.stderr
    assert keys(tracker) == before


def test_a_process_that_runs_no_tests_tracks(tracker, broker, tmp_path):
    code = "import django; django.setup(); from shop import tasks; tasks.succeed.apply((7,))"
    done = run(tmp_path, "-c", code)
    assert done.returncode == 0, done.stderr
    assert keys(tracker) != []


@pytest.mark.parametrize(("line", "expected"), [("", True), ("= False", False)])
def test_the_tasks_modules_are_imported_at_start_unless_that_is_switched_off(
    broker, tmp_path, line, expected
):
    Path(tmp_path, "own.py").write_text(
        "from project.settings import *\n" + (f"TASK_TRACKER_AUTODISCOVER {line}\n" if line else "")
    )
    code = "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'own'; import django; "
    code += "django.setup(); print('shop.tasks' in sys.modules)"
    done = run(tmp_path, "-c", code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(expected)]
