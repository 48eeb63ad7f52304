"""Running a finished task again."""

import json

import pytest
from celery import current_app
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User

from celery_task_tracker import task_tracker
from celery_task_tracker.registration.registry import registry
from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.writes import Event
from shop import tasks
from shop.models import Order

pytestmark = pytest.mark.django_db

URL = "/admin/shop/order/1042/task-tracker/rerun/"
SEVERAL = "/admin/shop/order/1042/task-tracker/several/"


@pytest.fixture(autouse=True)
def order(broker, tracker):
    return Order.objects.create(pk=1042)


def keep(task_id="t1", state="SUCCESS", name="shop.tasks.succeed", **fields):
    fields = {"args": "[1042]", "kwargs": "{}", "replayable": "1"} | fields
    ref = ObjectRef("shop.order", "1042")
    get_client().write([Event((ref,), task_id, name, state, 0, 1_700_000_000_000, fields)])


def error(response):
    body = response.json()["error"]
    return response.status_code, body["code"], body["message"]


def test_a_worker_runs_it_again_with_the_arguments_that_it_had(admin_client, worker, record, ended):
    first = tasks.succeed.delay(1042, note='"quotes" and <b>').id
    ended(1042, first, "SUCCESS")
    response = admin_client.post(URL, {"task_id": first})
    assert response.status_code == 202
    second = response.json()["id"]
    again = ended(1042, second, "SUCCESS")
    before = record(1042, first)
    assert json.loads(again["result"]) == {"order": 1042, "note": '"quotes" and <b>'}
    assert (again["args"], again["kwargs"]) == (before["args"], before["kwargs"])
    assert (again["rerun_of"], again["launched_by"]) == (first, "admin")
    assert before["rerun_as"] == second
    assert before["state"] == "SUCCESS"
    assert "launched_by" not in before
    entry = LogEntry.objects.get().change_message
    assert entry == f"Ran 1 task again: shop.tasks.succeed ({second})."


def test_a_retry_still_says_what_it_runs_again_and_who_launched_it(admin_client, worker, ended):
    keep(name="shop.tasks.retry_once", args="[1042,0]")
    again = admin_client.post(URL, {"task_id": "t1"}).json()["id"]
    record = ended(1042, again, "SUCCESS")
    assert record["attempt"] == 1
    assert (record["rerun_of"], record["launched_by"]) == ("t1", "admin")


def test_queue_priority_and_stamps_are_those_of_the_first_time(admin_client, record):
    first = tasks.succeed.apply_async(
        (1042,), queue="slow", priority=3, stamped_headers=["tenant"], tenant="acme"
    ).id
    before = record(1042, first)
    assert (before["queue"], before["priority"]) == ("slow", "3")
    assert json.loads(before["stamps"]) == {"tenant": "acme"}
    keep("t1", queue="slow", priority="3", stamps=before["stamps"])
    again = admin_client.post(URL, {"task_id": "t1"}).json()["id"]
    after = record(1042, again)
    assert (after["queue"], after["priority"], after["stamps"]) == (
        "slow",
        "3",
        before["stamps"],
    )
    with current_app.connection_for_read() as connection:
        connection.default_channel.queue_purge("slow")


@pytest.mark.parametrize(
    ("args", "kwargs", "is_replayable"),
    [
        ((1042,), {}, True),
        ((1042,), {"note": "a"}, True),
        ((1042, {"a": [1, 2.5, None, True, {"b": "c"}]}), {}, True),
        ((1042, ("a",)), {}, False),
        ((1042, {1: "a"}), {}, False),
        ((1042, {"password": "a"}), {}, False),
        ((1042, "https://user:secret@host/"), {}, False),
        ((1042, float("inf")), {}, False),
        ((1042, ["a"] * 1001), {}, False),
        ((1042,), {"note": 2**3000}, False),
    ],
)
def test_only_arguments_that_are_stored_as_they_are_can_be_repeated(
    record, args, kwargs, is_replayable
):
    queue = "nobody"
    sent = tasks.succeed.apply_async(args, kwargs, queue=queue).id
    assert ("replayable" in record(1042, sent)) == is_replayable
    with current_app.connection_for_read() as connection:
        connection.default_channel.queue_purge(queue)


def test_arguments_that_the_caller_hides_are_not_repeated(record):
    sent = tasks.succeed.apply_async((1042,), queue="nobody", argsrepr="(…)").id
    assert "replayable" not in record(1042, sent)


def test_why_a_task_cannot_be_run_again_is_said(admin_client):
    keep("t1", "STARTED")
    keep("t2", replayable="")
    keep("t3", args="", kwargs="")
    keep("t4", args=json.dumps(["x" * 70_000]))
    keep("t5", name="shop.tasks.tidy")
    keep("t6", name="shop.tasks.unknown")
    for task_id, why in (
        ("t1", "has not finished"),
        ("t2", "redacted, hidden or not plain JSON"),
        ("t3", "not stored"),
        ("t4", "too long"),
        ("t5", "may not be run again"),
        ("t6", "may not be run again"),
    ):
        status, code, message = error(admin_client.post(URL, {"task_id": task_id}))
        assert (status, code) == (409, "not-replayable")
        assert why in message, task_id
    assert admin_client.post(URL, {"task_id": "gone"}).status_code == 404
    assert not LogEntry.objects.exists()


def test_a_registration_may_forbid_it(admin_client, monkeypatch):
    monkeypatch.setattr(registry, "_by_task", dict(registry._named()))
    registry._by_task[tasks.succeed.name] = ()
    task_tracker.register(Order, rerun=False)(tasks.succeed)
    keep()
    keep("hidden", name=tasks.tidy.name)
    for task_id in ("t1", "hidden"):
        assert error(admin_client.post(URL, {"task_id": task_id}))[1] == "not-replayable"


def test_edited_arguments_are_run(admin_client, worker, ended):
    keep()
    response = admin_client.post(URL, {"task_id": "t1", "kwargs": '{"note": "edited"}'})
    record = ended(1042, response.json()["id"], "SUCCESS")
    assert json.loads(record["result"]) == {"order": 1042, "note": "edited"}


@pytest.mark.parametrize(
    ("edited", "code", "why"),
    [
        ({"args": "[1042"}, "bad-arguments", "args is not valid JSON"),
        ({"args": "[NaN]"}, "bad-arguments", "NaN is not a number in JSON"),
        ({"args": "[" * 100_000}, "bad-arguments", "args is not valid JSON"),
        ({"args": '{"a": 1}'}, "bad-arguments", "must be a JSON array"),
        ({"kwargs": "[]"}, "bad-arguments", "must be a JSON object"),
        ({"args": "[]"}, "bad-arguments", "missing a required argument: 'order_id'"),
        ({"kwargs": '{"colour": 1}'}, "bad-arguments", "unexpected keyword argument 'colour'"),
        ({"args": "[7]"}, "other-object", "do not name this object"),
        ({"args": '["x"]'}, "other-object", "do not name this object"),
    ],
)
def test_edited_arguments_that_do_not_fit_are_refused_and_nothing_is_sent(
    admin_client, edited, code, why, record
):
    keep()
    response = admin_client.post(URL, {"task_id": "t1", **edited})
    assert error(response)[1] == code
    assert why in error(response)[2]
    assert "rerun_as" not in record(1042, "t1")
    assert not LogEntry.objects.exists()


def test_several_are_run_again_and_those_that_cannot_be_say_why(admin_client, worker, ended):
    keep("t1")
    keep("t2", "FAILURE")
    keep("t3", replayable="")
    plan = admin_client.post(f"{SEVERAL}plan/", {"act": "rerun"}).json()
    assert (set(plan["ids"]), plan["refused"][0]["count"]) == ({"t1", "t2"}, 1)
    answer = admin_client.post(SEVERAL, {"act": "rerun", "task_id": ["t1", "t2", "t3"]}).json()
    assert [task["id"] for task in answer["refused"]] == ["t3"]
    assert {ended(1042, task["id"], "SUCCESS")["rerun_of"] for task in answer["done"]} == {
        "t1",
        "t2",
    }


def test_a_launch_says_who_did_it(admin_client, worker, ended):
    response = admin_client.post(URL.replace("rerun/", "launch/"), {"task": "shop.tasks.succeed"})
    record = ended(1042, response.json()["id"], "SUCCESS")
    assert record["launched_by"] == "admin"
    assert "rerun_of" not in record


def test_who_may_only_look_may_not(client):
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_order"))
    client.force_login(user)
    keep()
    assert error(client.post(URL, {"task_id": "t1"}))[:2] == (403, "forbidden")
    assert client.get(URL).status_code == 405


def test_nobody_says_in_a_message_that_somebody_else_launched_it(record):
    header = {"task_tracker_origin": {"launched_by": "root"}}
    sent = tasks.succeed.apply_async((1042,), queue="nobody", headers=header).id
    assert "launched_by" not in record(1042, sent)
