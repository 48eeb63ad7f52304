"""``manage.py tracker_status`` and ``manage.py check --deploy``: what is wrong, and what to do."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError

from celery_task_tracker import checks
from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server import client
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.inspection import Replica, version_text
from celery_task_tracker.server.writes import Event
from servers import HOST, RedisServer, free_port, wait_for


def status():
    out = StringIO()
    call_command("tracker_status", stdout=out)
    return out.getvalue()


def deploy_check():
    return checks.check_server()


def test_a_server_that_can_be_used_is_described(tracker):
    get_client().write([Event((ObjectRef("shop.order", "1"),), "t1", "n", "PENDING", 0, 1)])
    told = status()
    assert f"Connection: {tracker.url}/0" in told
    assert "Redis: " in told
    assert "Tracker module: " in told
    assert "  created: " in told
    assert "The tracker is ready." in told
    assert deploy_check() == []


def test_a_password_is_not_printed(settings, tracker):
    settings.CELERY_TASKTRACKER_REDIS_URL = f"redis://user:pa@ss@{HOST}:{free_port()}/0"
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("tracker_status", stdout=out)
    assert "redis://user:***@" in out.getvalue()
    assert "pa@ss" not in out.getvalue()


def test_a_server_that_does_not_answer_is_told(settings):
    settings.CELERY_TASKTRACKER_REDIS_URL = f"redis://{HOST}:{free_port()}"
    with pytest.raises(CommandError, match="CELERY_TASKTRACKER_REDIS_URL"):
        status()
    (message,) = deploy_check()
    assert message.id == "celery_task_tracker.W030"
    assert "CELERY_TASKTRACKER_REDIS_URL" in message.hint


@pytest.mark.parametrize("url", [None, 6379, "localhost"])
def test_an_address_that_is_none_is_told(settings, url):
    """As of an environment variable that is not set."""
    settings.CELERY_TASKTRACKER_REDIS_URL = url
    with pytest.raises(CommandError, match="CELERY_TASKTRACKER_REDIS_URL"):
        status()
    (message,) = deploy_check()
    assert message.id == "celery_task_tracker.W030"
    assert "begins with redis://" in message.msg


def test_a_server_without_the_module_is_told_with_the_line_to_add(settings, broker):
    settings.CELERY_TASKTRACKER_REDIS_URL = broker.url
    with pytest.raises(CommandError, match="loadmodule"):
        status()
    (message,) = deploy_check()
    assert message.id == "celery_task_tracker.E031"
    assert "loadmodule" in message.hint


def test_a_module_that_is_too_old_is_told(settings, tracker, monkeypatch):
    monkeypatch.setattr(client, "MINIMUM_MODULE", 990_000)
    settings.TASK_TRACKER_SOCKET_TIMEOUT = 9
    with pytest.raises(CommandError, match=r"99\.0\.0 or later"):
        status()
    (message,) = deploy_check()
    assert message.id == "celery_task_tracker.E032"
    assert "99.0.0" in message.msg


@pytest.mark.django_db
def test_the_page_tells_of_a_module_that_is_too_old(settings, tracker, monkeypatch, admin_client):
    from shop.models import Order

    monkeypatch.setattr(client, "MINIMUM_MODULE", 990_000)
    settings.TASK_TRACKER_SOCKET_TIMEOUT = 9
    order = Order.objects.create()
    response = admin_client.get(f"/admin/shop/order/{order.pk}/task-tracker/list/")
    assert response.status_code == 503
    assert response.json()["error"]["code"] == "module-outdated"


def test_the_deploy_check_runs_with_check_deploy(settings, broker):
    settings.CELERY_TASKTRACKER_REDIS_URL = broker.url
    with pytest.raises(SystemCheckError, match="E031"):
        call_command("check", "--deploy", stdout=StringIO(), stderr=StringIO())
    call_command("check", stdout=StringIO())


def test_a_version_is_written_as_people_do():
    assert version_text(10_203) == "1.2.3"


@pytest.fixture
def follower(tracker):
    """``follower(of, with_module)``: starts a replica of ``of``, by default of the tracker's."""
    started = []

    def start(of=tracker, *, with_module):
        options = ("--replicaof", f"{HOST} {of.port}")
        replica = RedisServer(free_port(), with_module=with_module, options=options)
        started.append(replica)
        replica.start()
        with replica.client() as client:
            wait_for(lambda: client.info("replication")["master_link_status"] == "up", "the link")
        with of.client() as client:
            wait_for(
                lambda: str(replica.port) in str(client.info("replication")), "the primary to know"
            )
        return replica

    yield start
    for replica in started:
        replica.remove()


def test_a_replica_without_the_module_is_told_also_behind_another(follower):
    near = follower(with_module=True)
    assert deploy_check() == []
    assert f"Replica: {HOST}:{near.port}\n  Tracker module: " in status()
    assert "The tracker is ready." in status()
    far = follower(near, with_module=False)
    (message,) = deploy_check()
    assert message.id == "celery_task_tracker.W033"
    assert f"{HOST}:{far.port} lacks the tracker module" in message.msg
    assert "on the primary after them" in message.hint
    told = status()
    assert f"Replica: {HOST}:{far.port}\n  The replica {HOST}:{far.port} lacks the tracker" in told
    assert "until a failover" in told
    assert "The tracker is ready." not in told


def test_a_replica_that_cannot_be_asked_is_told_and_no_fault(follower, tracker, settings):
    replica = follower(with_module=False)
    settings.CELERY_TASKTRACKER_REDIS_URL = f"redis://ada:word@{HOST}:{tracker.port}"
    with tracker.client() as client:
        client.execute_command("ACL", "SETUSER", "ada", "on", ">word", "+@all", "~*")
    assert deploy_check() == []
    assert f"Replica: {HOST}:{replica.port}\n  It could not be asked: " in status()
    assert "The tracker is ready." in status()
    with replica.client() as client:
        client.execute_command("ACL", "SETUSER", "ada", "on", ">word", "+ping")
    assert "lacks +info" in status()
    with replica.client() as client:
        client.execute_command("ACL", "SETUSER", "ada", "+info")
    (message,) = deploy_check()
    assert message.id == "celery_task_tracker.W033"


def test_a_replica_with_an_older_module_is_told():
    replica = Replica("h:1", module=10_203, newest=10_300)
    assert replica.fault == (
        "The replica h:1 has version 1.2.3 of the tracker module, its primary 1.3.0"
    )
    assert not Replica("h:1", module=10_300, newest=10_203).fault
    assert not Replica("h:1", module=10_203, newest=None).fault
