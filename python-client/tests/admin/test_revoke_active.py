"""Revoking every active task of an object at once."""

import uuid

import pytest
from celery import Celery
from django.conf import settings as project
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User

from celery_task_tracker.admin import broker as brokers
from celery_task_tracker.admin import revocation
from celery_task_tracker.recording import revoked
from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.writes import Event
from servers import RedisServer, Worker, free_port, wait_for
from shop import tasks
from shop.models import Order

pytestmark = pytest.mark.django_db

URL = "/admin/shop/order/1042/task-tracker/revoke-active/"


@pytest.fixture(autouse=True)
def order(broker, tracker):
    return Order.objects.create(pk=1042)


def keep(task_id, state="PENDING", pk="1042", name="shop.tasks.succeed", at=0, **fields):
    ref = ObjectRef("shop.order", pk)
    at += 1_700_000_000_000
    get_client().write([Event((ref,), task_id, name, state, 0, at, fields)])


def marked(record, *ids):
    return {task_id for task_id in ids if "revoke_requested" in record(1042, task_id)}


def ids(found):
    return {task["id"] for task in found}


def test_what_waits_is_revoked_and_marked_and_the_rest_is_left_alone(admin_client, record):
    for task_id, state in (
        ("t1", "PENDING"),
        ("t2", "RECEIVED"),
        ("t3", "RETRY"),
        ("t4", "STARTED"),
    ):
        keep(task_id, state)
    keep("t5", "SUCCESS")
    keep("t6", pk="7")
    response = admin_client.post(URL)
    assert response.status_code == 202
    answer = response.json()
    assert ids(answer["revoked"]) == {"t1", "t2", "t3", "t4"}
    assert answer["revoked"][0]["name"] == "shop.tasks.succeed"
    assert (answer["refused"], answer["remaining"], answer["limit"]) == ([], 0, 1000)
    assert marked(record, "t1", "t2", "t3", "t4", "t5") == {"t1", "t2", "t3", "t4"}
    assert "revoke_requested" not in record(7, "t6")
    assert record(1042, "t1")["state"] == "PENDING"


def test_it_is_one_entry_in_the_objects_history(admin_client):
    keep("t1")
    keep("t2", name="shop.tasks.greet")
    keep("t3", name="shop.tasks.greet", at=1)
    admin_client.post(URL)
    (entry,) = LogEntry.objects.all()
    assert entry.object_id == "1042"
    assert entry.change_message == (
        "Revoked 3 tasks: shop.tasks.greet (t3, t2); shop.tasks.succeed (t1)."
    )


def test_where_nothing_is_active_nothing_is_done(admin_client):
    keep("t1", "SUCCESS")
    response = admin_client.post(URL)
    assert response.status_code == 202
    assert response.json() == {
        "revoked": [],
        "refused": [],
        "workers": None,
        "remaining": 0,
        "limit": 1000,
    }
    assert not LogEntry.objects.exists()


def test_the_workers_do_it(admin_client, worker, ended):
    running = [tasks.sleep.delay(1042).id for _ in range(2)]
    for task_id in running:
        ended(1042, task_id, "STARTED")
    waiting = tasks.succeed.delay(1042).id
    answer = admin_client.post(URL).json()
    assert ids(answer["revoked"]) == {*running, waiting}
    for task_id in (*running, waiting):
        assert ended(1042, task_id, "REVOKED")["revoke_requested"]


def test_more_than_a_page_is_revoked(admin_client, tracker, record):
    with tracker.client() as client:
        client.config_set("tracker.max-page-size", 2)
        try:
            for number in range(5):
                keep(f"t{number}", at=number)
            answer = admin_client.post(URL).json()
        finally:
            client.config_set("tracker.max-page-size", 200)
    assert ids(answer["revoked"]) == {f"t{number}" for number in range(5)}
    assert len(marked(record, *ids(answer["revoked"]))) == 5


def test_asking_again_goes_on_behind_the_limit(admin_client, monkeypatch):
    monkeypatch.setattr(revocation, "LIMIT", 3)
    for number in range(5):
        keep(f"t{number}", at=number)
    first = admin_client.post(URL).json()
    assert ids(first["revoked"]) == {"t4", "t3", "t2"}
    assert (first["remaining"], first["limit"]) == (2, 3)
    # The first three still wait: no worker has said that it dropped them.
    second = admin_client.post(URL).json()
    assert ids(second["revoked"]) >= {"t1", "t0"}
    assert len(second["revoked"]) == 3


def test_it_costs_a_page_and_one_round_trip_however_many_there_are(admin_client, tracker):
    keep("t0")
    admin_client.post(URL)
    for number in range(25):
        keep(f"t{number}")
    with tracker.asked() as asked:
        admin_client.post(URL)
    # The record, its row of the overview, and the id for workers that start later.
    assert asked == ["TRACKER.QUERY", *["TRACKER.UPSERT"] * 25 * 3]
    assert tracker.round_trips(lambda: admin_client.post(URL)) == 2


def test_the_broker_is_connected_to_once(admin_client, monkeypatch):
    asked = []
    connected = brokers.connected
    monkeypatch.setattr(brokers, "connected", lambda app: (asked.append(app), connected(app))[1])
    for task_id, state in (("t1", "PENDING"), ("t2", "STARTED"), ("t3", "STARTED")):
        keep(task_id, state, worker=f"{task_id}@nowhere")
    assert len(admin_client.post(URL).json()["revoked"]) == 3
    assert len(asked) == 1


def test_what_ended_in_between_stays_as_it_ended(admin_client, monkeypatch, record):
    keep("t1", "STARTED")
    keep("t2")
    connected = brokers.connected
    monkeypatch.setattr(
        brokers, "connected", lambda app: (keep("t1", "SUCCESS"), connected(app))[1]
    )
    answer = admin_client.post(URL)
    assert answer.status_code == 202
    assert record(1042, "t1")["state"] == "SUCCESS"
    assert "t2" in ids(answer.json()["revoked"])


def test_running_tasks_go_on_where_terminating_is_switched_off(admin_client, settings, record):
    settings.TASK_TRACKER_TERMINATE = False
    keep("t1", "STARTED")
    keep("t2")
    answer = admin_client.post(URL).json()
    assert ids(answer["revoked"]) == {"t2"}
    ((refused),) = answer["refused"]
    assert (refused["id"], refused["name"]) == ("t1", "shop.tasks.succeed")
    assert "switched off" in refused["message"]
    assert marked(record, "t1", "t2") == {"t2"}
    assert "t1" not in LogEntry.objects.get().change_message


def test_running_tasks_go_on_without_the_permission_to_terminate_them(client, settings):
    settings.TASK_TRACKER_TERMINATE_PERMISSION = "shop.delete_order"
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="change_order"))
    client.force_login(user)
    keep("t1", "STARTED")
    keep("t2")
    answer = client.post(URL).json()
    assert (ids(answer["revoked"]), ids(answer["refused"])) == ({"t2"}, {"t1"})
    assert "permission" in answer["refused"][0]["message"]


def test_what_a_pool_cannot_terminate_goes_on_and_the_rest_is_revoked(admin_client, ended, record):
    queue = f"threads-{uuid.uuid4()}"
    options = ("--queues", queue, "--hostname", "threads@%h")
    worker = Worker(project.BROKER_URL, project.TRACKER_URL, *options, pool="threads")
    try:
        running = tasks.sleep.apply_async((1042,), queue=queue).id
        ended(1042, running, "STARTED")
        keep("t1")
        answer = admin_client.post(URL).json()
        assert (ids(answer["revoked"]), ids(answer["refused"])) == ({"t1"}, {running})
        assert "threads@" in answer["refused"][0]["message"]
        assert marked(record, "t1", running) == {"t1"}
    finally:
        worker.kill()


def test_a_broker_that_does_not_answer_is_said_and_nothing_is_marked(
    admin_client, without_broker, record
):
    keep("t1", name=without_broker.name)
    response = admin_client.post(URL)
    assert response.status_code == 503
    assert response.json()["error"]["code"] == "broker-unreachable"
    assert marked(record, "t1") == set()
    assert not LogEntry.objects.exists()


def test_one_broker_of_two_does_its_part(admin_client, without_broker, record):
    keep("t1", name=without_broker.name)
    keep("t2")
    answer = admin_client.post(URL).json()
    assert (ids(answer["revoked"]), ids(answer["refused"])) == ({"t2"}, {"t1"})
    assert "does not answer" in answer["refused"][0]["message"]
    assert marked(record, "t1", "t2") == {"t2"}


def test_a_redis_that_goes_away_meanwhile_hinders_nobody(admin_client, settings, monkeypatch):
    server = RedisServer(free_port(), with_module=True)
    settings.CELERY_TASKTRACKER_REDIS_URL = server.url
    settings.TASK_TRACKER_RETRY_AFTER = 0.1
    server.durable = True
    server.start()
    try:
        keep("t1")
        connected = brokers.connected
        monkeypatch.setattr(brokers, "connected", lambda app: (server.kill(), connected(app))[1])
        assert ids(admin_client.post(URL).json()["revoked"]) == {"t1"}
        assert LogEntry.objects.exists()
        server.start()
        ref = ObjectRef("shop.order", "1042")
        # The mark waits, and is set when Redis is back.
        wait_for(lambda: "revoke_requested" in (get_client().get(ref, "t1") or {}), "the mark")
    finally:
        server.remove()


def test_where_no_worker_runs_nobody_answers_and_the_ids_are_kept(admin_client, monkeypatch):
    alone = RedisServer(free_port(), with_module=False).start()
    try:
        monkeypatch.setattr(tasks.succeed, "app", Celery(broker=alone.url, set_as_current=False))
        keep("t1", eta="2040-01-01T00:00:00+00:00")
        assert admin_client.post(URL).json()["workers"] == 0
        assert list(revoked.read()) == ["t1"]
    finally:
        alone.remove()


def test_the_answer_says_how_many_workers_answered(admin_client, worker):
    keep("t1")
    assert admin_client.post(URL).json()["workers"] == 1
    assert list(revoked.read()) == ["t1"]


def test_where_tasks_run_eagerly_no_worker_is_asked(admin_client, monkeypatch):
    app = Celery(set_as_current=False)
    app.conf.task_always_eager = True
    monkeypatch.setattr(tasks.succeed, "app", app)
    keep("t1")
    assert admin_client.post(URL).json()["workers"] is None
