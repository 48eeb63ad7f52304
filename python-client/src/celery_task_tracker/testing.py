"""A pytest plugin: a Redis with the tracker module for the tests of a project.

pytest finds it where this package is installed. A test that asks for ``empty_task_tracker`` has
its tasks tracked, and nothing else:

>>> @pytest.mark.django_db
... def test_payments_are_tracked(empty_task_tracker):
...     order = Order.objects.create()
...     process_payment.apply((order.pk,))
...     (task,) = task_tracker.tasks(order).tasks
...     assert task.state == "SUCCESS"
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .server.local import LocalServer, LocalServerError

#: Seconds that the server may take to answer: a machine that runs tests is busy.
TIMEOUT = 10

__all__ = ["LocalServer", "LocalServerError", "empty_task_tracker", "task_tracker_server"]


@pytest.fixture(scope="session")
def task_tracker_server() -> Iterator[LocalServer]:
    """A Redis with the tracker module, in which tasks are tracked from now on.

    It is there for the rest of the test session; each process of pytest-xdist has its own. The
    settings lead to it. Give ``task_tracker_server.url`` to a worker in
    another process. Fails if no server or no module is installed, and says what to install.
    """
    from django.test import override_settings

    try:
        server = LocalServer()
        server.start()
    except LocalServerError as error:
        pytest.fail(str(error), pytrace=False)
    with override_settings(
        CELERY_TASKTRACKER_REDIS_URL=server.url,
        TASK_TRACKER_ENABLED=True,
        TASK_TRACKER_CONNECT_TIMEOUT=TIMEOUT,
        TASK_TRACKER_SOCKET_TIMEOUT=TIMEOUT,
    ):
        yield server
    server.stop()


@pytest.fixture
def empty_task_tracker(task_tracker_server: LocalServer) -> LocalServer:
    """The same server, which has forgotten what earlier tests did."""
    task_tracker_server.clear()
    return task_tracker_server
