"""Acting on several tasks of an object: what would happen, and what happens."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client

from celery_task_tracker.admin import selection
from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.writes import Event
from shop.models import Order

pytestmark = pytest.mark.django_db

DO = "/admin/shop/order/1042/task-tracker/several/"
PLAN = f"{DO}plan/"


@pytest.fixture(autouse=True)
def order(broker, tracker):
    return Order.objects.create(pk=1042)


def keep(task_id, state="SUCCESS", pk="1042", name="shop.tasks.succeed", at=0, **fields):
    ref = ObjectRef("shop.order", pk)
    at += 1_700_000_000_000
    get_client().write([Event((ref,), task_id, name, state, 0, at, fields)])


def error(response):
    return response.status_code, response.json()["error"]["code"]


def ids(found):
    return {task["id"] for task in found}


def test_a_plan_changes_nothing(admin_client, record):
    keep("t1")
    keep("t2", "STARTED")
    answer = admin_client.post(PLAN, {"act": "remove", "task_id": ["t1", "t2", "gone"]}).json()
    assert answer == {
        "ids": ["t1", "t2"],
        "active": 1,
        "refused": [],
        "remaining": 0,
        "limit": 1000,
    }
    assert record(1042, "t1")
    assert record(1042, "t2")
    assert not LogEntry.objects.exists()


def test_a_plan_takes_the_filters_of_the_list(admin_client):
    keep("t1", "FAILURE", error="no wallet")
    keep("t2", "FAILURE", at=1)
    keep("t3", name="shop.tasks.greet", at=2)
    keep("t4", pk="7")

    def planned(**filters):
        return admin_client.post(PLAN, {"act": "remove", **filters}).json()["ids"]

    assert planned() == ["t3", "t2", "t1"]
    assert planned(state="FAILURE") == ["t2", "t1"]
    assert planned(task="shop.tasks.greet") == ["t3"]
    assert planned(match="WALLET") == ["t1"]
    assert planned(since="1700000000001", until="1700000000001") == ["t2"]


def test_a_plan_of_filters_is_as_long_as_its_limit(admin_client, monkeypatch):
    monkeypatch.setattr(selection, "LIMIT", 3)
    for number in range(5):
        keep(f"t{number}", at=number)
    answer = admin_client.post(PLAN, {"act": "remove"}).json()
    assert (answer["ids"], answer["remaining"]) == (["t4", "t3", "t2"], 2)


def test_a_plan_goes_through_more_than_a_page_of_the_modules(admin_client, tracker):
    with tracker.client() as client:
        client.config_set("tracker.max-page-size", 2)
        try:
            for number in range(5):
                keep(f"t{number}", at=number)
            answer = admin_client.post(PLAN, {"act": "remove"}).json()
        finally:
            client.config_set("tracker.max-page-size", 200)
    assert answer["ids"] == ["t4", "t3", "t2", "t1", "t0"]


def test_a_plan_says_what_cannot_be_done_and_why(admin_client):
    keep("t1", "STARTED", worker="w1@host", pool="solo")
    keep("t2", "PENDING")
    keep("t3")
    keep("t4")
    answer = admin_client.post(PLAN, {"act": "revoke"}).json()
    assert answer["ids"] == ["t2"]
    first, second = answer["refused"]
    assert (first["count"], second["count"]) == (2, 1)
    assert "already finished" in first["message"]
    assert "w1@host cannot terminate" in second["message"]


def test_records_of_this_object_alone_are_removed(admin_client, record):
    keep("t1")
    keep("t2")
    keep("t1", pk="7")
    answer = admin_client.post(DO, {"act": "remove", "task_id": ["t1", "other"]})
    assert answer.status_code == 202
    assert answer.json() == {"done": [{"id": "t1", "name": "shop.tasks.succeed"}], "refused": []}
    assert record(1042, "t1") is None
    assert record(1042, "t2")
    assert record(7, "t1")
    assert LogEntry.objects.get().change_message == (
        "Removed the record of 1 task: shop.tasks.succeed (t1)."
    )


def test_naming_nothing_that_is_there_removes_nothing(admin_client, record):
    keep("t1")
    assert admin_client.post(DO, {"act": "remove", "task_id": "gone"}).json()["done"] == []
    assert error(admin_client.post(DO, {"act": "remove"})) == (400, "bad-selection")
    assert error(admin_client.post(DO, {"act": "remove", "task_id": ""})) == (400, "refused")
    assert record(1042, "t1")
    assert not LogEntry.objects.exists()


def test_too_many_are_refused(admin_client, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
    many = [f"t{number}" for number in range(1001)]
    assert error(admin_client.post(DO, {"act": "remove", "task_id": many})) == (
        400,
        "bad-selection",
    )


def test_what_has_ended_meanwhile_is_told_when_it_is_revoked(admin_client):
    keep("t1")
    keep("t2", "PENDING")
    answer = admin_client.post(DO, {"act": "revoke", "task_id": ["t1", "t2"]}).json()
    assert (ids(answer["done"]), ids(answer["refused"])) == ({"t2"}, {"t1"})
    assert LogEntry.objects.get().change_message == "Revoked 1 task: shop.tasks.succeed (t2)."


def test_another_act_is_no_act(admin_client):
    keep("t1")
    for url in (DO, PLAN):
        assert error(admin_client.post(url, {"act": "eat", "task_id": "t1"})) == (400, "bad-act")


@pytest.mark.parametrize("url", [DO, PLAN])
def test_it_takes_post_a_token_and_the_permission_to_change(url, client):
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_order"))
    keep("t1")
    client.force_login(user)
    assert client.get(url).status_code == 405
    assert error(client.post(url, {"act": "remove", "task_id": "t1"})) == (403, "forbidden")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    assert strict.post(url, {"act": "remove", "task_id": "t1"}).status_code == 403
    assert strict.post(url.replace("1042", "7"), {"act": "remove"}).status_code == 403


def test_it_costs_two_round_trips_however_many_there_are(admin_client, tracker):
    for number in range(40):
        keep(f"t{number}")
    admin_client.post(DO, {"act": "remove", "task_id": ["t0"]})
    ids = [f"t{number}" for number in range(1, 40)]
    assert (
        tracker.round_trips(lambda: admin_client.post(DO, {"act": "remove", "task_id": ids})) == 2
    )
