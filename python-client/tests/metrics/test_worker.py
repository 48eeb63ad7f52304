"""What a real worker with several processes serves to Prometheus."""

import os
import re
import signal
import uuid

import pytest
from django.conf import settings
from scrape import measured_worker, scrape

from messages import send_raw
from servers import Worker, wait_for
from shop import tasks

QUEUE = "measured"
ORDER = "shop.order"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("metrics")


@pytest.fixture(scope="module")
def measured(broker, tracker_server, folder):
    """A prefork worker that serves its metrics."""
    worker = measured_worker(QUEUE, folder)
    yield worker
    worker.kill()


def send(task, *args):
    return task.apply_async(args, queue=QUEUE).id


def test_tasks_are_counted_by_model_task_and_state_with_how_long_they_waited_and_ran(
    measured, tracker, ended
):
    ids = [(send(tasks.succeed, pk), pk, "SUCCESS") for pk in (1, 2, 3)]
    ids.append((send(tasks.fail, 4), 4, "FAILURE"))
    ids.append((send(tasks.retry_in_vain, 5), 5, "FAILURE"))
    ids.append((send(tasks.take_too_long, 6), 6, "FAILURE"))
    for task_id, pk, state in ids:
        ended(pk, task_id, state)
    found = wait_for(
        lambda: (
            (found := scrape(measured.url)).get(
                ("task_tracker_run_seconds_count", (ORDER, "shop.tasks.fail"))
            )
            and found
        ),
        "the last measurement",
    )

    def tasks_in(state, name):
        return found.get(("task_tracker_tasks_total", (ORDER, state, f"shop.tasks.{name}")))

    assert tasks_in("RECEIVED", "succeed") == 3
    assert tasks_in("STARTED", "succeed") == 3
    assert tasks_in("SUCCESS", "succeed") == 3
    assert tasks_in("FAILURE", "succeed") is None
    assert tasks_in("FAILURE", "fail") == 1
    assert (tasks_in("RETRY", "retry_in_vain"), tasks_in("FAILURE", "retry_in_vain")) == (1, 1)
    # The parent process tells this one, and Celery tells it twice.
    assert tasks_in("FAILURE", "take_too_long") == 1

    succeeded, retried = (ORDER, "shop.tasks.succeed"), (ORDER, "shop.tasks.retry_in_vain")
    for name in ("wait", "run"):
        assert found[f"task_tracker_{name}_seconds_count", succeeded] == 3
        assert 0 <= found[f"task_tracker_{name}_seconds_sum", succeeded] < 60
        assert found[f"task_tracker_{name}_seconds_bucket", ("+Inf", *succeeded)] == 3
    assert found["task_tracker_run_seconds_count", retried] == 2
    assert found["task_tracker_wait_seconds_count", retried] == 1
    assert found["task_tracker_outbox_events", ()] == 0
    assert found["task_tracker_refused_events_total", ()] == 0
    assert found["task_tracker_lost_events_total", ()] == 0
    # No id of a task or of an object, or anything of a message, is a label.
    assert not any(task_id in str(found) for task_id, _, _ in ids)


def test_names_of_tasks_that_the_worker_does_not_know_are_no_labels(measured, tracker, ended):
    for number in (7, 8):
        task_id, name = str(uuid.uuid4()), f"shop.tasks.made_up_{number}"
        objects = [[ORDER, str(number)]]
        send_raw(task_id, name, ([], {}, {}), task_tracker_objects=objects, queue=QUEUE)
        ended(number, task_id, "FAILURE")
    found = scrape(measured.url)
    assert found["task_tracker_tasks_total", (ORDER, "FAILURE", "unknown")] == 2
    assert "made_up" not in str(found)


def test_what_the_tracker_refuses_is_counted(measured, tracker, record):
    with tracker.client() as client:
        client.set("shop.order:{9}:tasks", "of another type")
    before = scrape(measured.url)["task_tracker_refused_events_total", ()]
    send(tasks.succeed, 9)
    wait_for(
        lambda: scrape(measured.url)["task_tracker_refused_events_total", ()] >= before + 3,
        "the refused events",
    )


def test_a_process_that_was_killed_leaves_no_gauge_behind(measured, tracker, ended, folder):
    task_id = send(tasks.die, 10)
    ended(10, task_id, "FAILURE")
    gauges = {int(re.search(r"(\d+)\.db", str(file))[1]) for file in folder.glob("gauge_live*")}
    assert any(not os.path.exists(f"/proc/{pid}") for pid in gauges)
    scrape(measured.url)
    gauges = {int(re.search(r"(\d+)\.db", str(file))[1]) for file in folder.glob("gauge_live*")}
    assert gauges
    assert all(os.path.exists(f"/proc/{pid}") for pid in gauges)


def test_a_worker_whose_processes_share_no_folder_serves_nothing_and_says_so(
    broker, tracker_server, monkeypatch
):
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    worker = Worker(
        settings.BROKER_URL,
        settings.TRACKER_URL,
        *("--queues", "nobody"),
        TEST_METRICS_PORT="127.0.0.1:0",
    )
    try:
        wait_for(lambda: "PROMETHEUS_MULTIPROC_DIR" in worker.output(), "the word of it")
        assert "serves metrics on port" not in worker.output()
        os.killpg(worker.process.pid, signal.SIGTERM)
        worker.process.wait(30)
    finally:
        worker.kill()
