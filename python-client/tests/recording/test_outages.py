"""A thousand tasks while Redis is stopped, frozen or restarted in the middle of them."""

import signal
import threading
import uuid

import pytest
from django.conf import settings as project

from celery_task_tracker.server.client import TrackerClient
from servers import RedisServer, Worker, free_port, wait_for
from shop import tasks

pytestmark = pytest.mark.slow

TASKS = 1000


@pytest.fixture
def server(settings):
    """A tracker's Redis that keeps every answered write, whatever happens to it."""
    server = RedisServer(free_port(), with_module=True, durable=True).start()
    settings.CELERY_TASKTRACKER_REDIS_URL = server.url
    settings.TASK_TRACKER_RETRY_AFTER = 0.2
    settings.TASK_TRACKER_CONNECT_TIMEOUT = settings.TASK_TRACKER_SOCKET_TIMEOUT = 0.25
    yield server
    server.remove()


@pytest.fixture
def send(server, broker):
    """``send(first, last)``: sends these tasks, all for order 1, and returns their ids."""
    queue = f"outage-{uuid.uuid4()}"
    worker = Worker(
        project.BROKER_URL,
        server.url,
        "--queues",
        queue,
        TEST_RETRY_AFTER="0.2",
        TEST_TIMEOUT="0.25",
    )

    def send(first, last):
        return {
            tasks.succeed.apply_async((1, str(number)), queue=queue).id
            for number in range(first, last)
        }

    send.worker = worker
    yield send
    worker.kill()


def stop(server):
    server.kill()
    yield
    server.start()


def freeze(server):
    server.process.send_signal(signal.SIGSTOP)
    yield
    server.process.send_signal(signal.SIGCONT)


def restart(server):
    server.kill()
    server.start()
    yield


@pytest.mark.parametrize("outage", [stop, freeze, restart], ids=lambda outage: outage.__name__)
def test_every_task_ends_well_and_every_record_is_right(server, send, outage, monkeypatch):
    asked = []
    write = TrackerClient.write

    def counting(*args):
        asked.append(threading.current_thread())
        return write(*args)

    sent = send(0, 300)
    trouble = outage(server)
    next(trouble)
    monkeypatch.setattr(TrackerClient, "write", counting)
    sent |= send(300, 700)
    # Whoever sends a task does not wait for the tracker's Redis. A thread of its own does.
    assert threading.main_thread() not in asked
    monkeypatch.undo()
    next(trouble, None)
    sent |= send(700, TASKS)
    wait_for(
        lambda: send.worker.output().count("succeeded in") == TASKS, "every task to succeed", 120
    )
    with server.client() as client:
        wait_for(lambda: client.zcard("shop.order:{1}:state:SUCCESS") == TASKS, "every record")
        assert client.zcard("shop.order:{1}:tasks") == TASKS
        assert set(client.zrange("shop.order:{1}:tasks", 0, -1)) == sent
        for state in ("PENDING", "RECEIVED", "STARTED"):
            assert not client.exists(f"shop.order:{{1}}:state:{state}")
        for task_id in sent:
            key = f"shop.order:{{1}}:record:{task_id}"
            # The worker's parent process may be the last to notice that Redis is back.
            wait_for(lambda key=key: client.hexists(key, "received_at"), "the parent's event")
            found = client.hgetall(key)
            moments = [found[f"{name}_at"] for name in ("received", "started", "finished")]
            assert found["state"] == "SUCCESS"
            assert moments == sorted(moments)
            assert found["args"].startswith('[1,"')
            assert '"order":1' in found["result"]
    assert "ERROR" not in send.worker.output()
