"""Failures grouped by their cause, against a naive count over the same records."""

import json
import random
from collections import Counter
from dataclasses import replace

import pytest

from celery_task_tracker.admin import causes
from celery_task_tracker.registration.resolution import ObjectRef, OverviewRef
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.writes import Event
from shop.models import Order

pytestmark = pytest.mark.django_db

PAGE = "/admin/shop/order/1042/task-tracker/"
EPOCH = 1_700_000_000_000
REF = ObjectRef("shop.order", "1042")


@pytest.fixture(autouse=True)
def order(broker, tracker):
    return Order.objects.create(pk=1042)


def failure(task_id, exception="ValueError", error="wrong", at=0, name="shop.tasks.fail", **fields):
    fields |= {"exception": exception, "error": error}
    return Event((REF,), task_id, name, "FAILURE", 0, EPOCH + at, fields)


def keep(*events):
    get_client().write(events)


def found(client, **filters):
    return client.get(f"{PAGE}causes/", filters).json()


def listed(client, cause, **filters):
    return client.get(f"{PAGE}list/", {"cause": cause, **filters}).json()


def test_the_groups_are_those_of_a_naive_count(admin_client):
    chance = random.Random(7)
    kinds = [
        ("ValueError", "order {} has no wallet", "order … has no wallet"),
        ("ValueError", "order {} has no address", "order … has no address"),
        ("KeyError", "'{}'", "'…'"),
        ("Timeout", "no answer within 30 s", "no answer within … s"),
    ]
    told, ends = Counter(), {}
    events = []
    for number in range(450):
        exception, error, folded = chance.choice(kinds)
        events.append(failure(f"t{number}", exception, error.format(number), number))
        told[exception, folded] += 1
        ends.setdefault((exception, folded), []).append(number)
    keep(*events, Event((REF,), "well", "shop.tasks.succeed", "SUCCESS", 0, EPOCH))
    answer = found(admin_client)
    assert (answer["examined"], answer["total"], answer["more"]) == (450, 450, 0)
    assert {
        (each["exception"], each["message"]): each["count"] for each in answer["causes"]
    } == told
    assert [each["count"] for each in answer["causes"]] == sorted(told.values(), reverse=True)
    for each in answer["causes"]:
        numbers = ends[each["exception"], each["message"]]
        assert (moment(each["first"]), moment(each["last"])) == (min(numbers), max(numbers))
        assert each["names"] == ["shop.tasks.fail"]
        rows = listed(admin_client, each["key"], page_size=200)
        assert [row["id"] for row in rows["tasks"]] == [
            f"t{number}" for number in reversed(numbers)
        ]


def moment(text):
    """The milliseconds of a time after EPOCH, 22:13:20."""
    seconds, millis = text.removeprefix("2023-11-14T22:13:").removesuffix("Z").split(".")
    return (int(seconds) - 20) * 1000 + int(millis)


def test_a_cause_is_a_filter_of_the_list(admin_client):
    keep(
        failure("t1", error="order 1 has no wallet", at=1, worker="w1"),
        failure("t2", error="order 2 has no wallet", at=2, progress='{"current": 1}'),
        failure("t3", error="no", at=3),
        failure("t4", error="order 4 has no wallet", at=4, name="shop.tasks.succeed"),
    )
    (wallet,) = (each for each in found(admin_client)["causes"] if each["count"] == 3)
    answer = listed(admin_client, wallet["key"], page_size=2)
    assert [row["id"] for row in answer["tasks"]] == ["t4", "t2"]
    assert (answer["total"], answer["pages"], answer["states"]) == (3, 2, {"FAILURE": 4})
    assert answer["cause"] == {"exception": "ValueError", "message": "order … has no wallet"}
    # A row is what it is in the list of all.
    everything = admin_client.get(f"{PAGE}list/").json()["tasks"]
    assert answer["tasks"] == [row for row in everything if row["id"] in ("t4", "t2")]
    second = listed(admin_client, wallet["key"], page_size=2, page=2)
    assert [row["id"] for row in second["tasks"]] == ["t1"]
    narrowed = listed(admin_client, wallet["key"], task="shop.tasks.fail", since=EPOCH + 2)
    assert [row["id"] for row in narrowed["tasks"]] == ["t2"]
    assert listed(admin_client, wallet["key"], match="order 2")["total"] == 1


def test_a_cause_that_no_failure_has_any_more_lists_nothing(admin_client):
    keep(failure("t1"))
    answer = listed(admin_client, "0" * 16)
    assert (answer["tasks"], answer["total"], answer["cause"]) == ([], 0, None)


def test_a_list_that_did_not_change_is_not_sent_again(admin_client):
    keep(failure("t1"))
    (cause,) = found(admin_client)["causes"]
    tag = admin_client.get(f"{PAGE}list/", {"cause": cause["key"]})["ETag"]
    again = admin_client.get(
        f"{PAGE}list/", {"cause": cause["key"]}, headers={"If-None-Match": tag}
    )
    assert again.status_code == 304


def test_the_filters_of_the_page_choose_which_failures_count(admin_client):
    keep(
        failure("t1"), failure("t2", "KeyError", at=5000), failure("t3", name="shop.tasks.succeed")
    )
    assert [each["exception"] for each in found(admin_client, since=EPOCH + 4000)["causes"]] == [
        "KeyError"
    ]
    answer = found(admin_client, task="shop.tasks.succeed")
    assert [each["count"] for each in answer["causes"]] == [1]
    assert (answer["examined"], answer["total"]) == (3, 3)


def test_the_newest_failures_are_examined(admin_client, monkeypatch):
    monkeypatch.setattr(causes, "LIMIT", 3)
    keep(*(failure(f"t{number}", at=number) for number in range(5)))
    answer = found(admin_client)
    assert (answer["examined"], answer["total"]) == (3, 5)
    assert [row["id"] for row in listed(admin_client, answer["causes"][0]["key"])["tasks"]] == [
        "t4",
        "t3",
        "t2",
    ]


def test_of_those_that_hold_a_text_fewer_are_examined(admin_client, monkeypatch):
    monkeypatch.setattr(causes, "LIMIT_OF_MATCHES", 3)
    keep(*(failure(f"t{number}", at=number) for number in range(5)))
    assert found(admin_client, match="wrong")["examined"] == 3
    assert found(admin_client)["examined"] == 5


def test_the_module_may_have_smaller_pages(admin_client, tracker):
    keep(*(failure(f"t{number}", at=number) for number in range(45)))
    with tracker.client() as client:
        client.config_set("tracker.max-page-size", 20)
        try:
            assert found(admin_client)["causes"][0]["count"] == 45
        finally:
            client.config_set("tracker.max-page-size", 200)


def test_of_very_many_causes_the_most_frequent_are_listed(admin_client, monkeypatch):
    monkeypatch.setattr(causes, "MOST", 2)
    keep(
        failure("t1", "A"),
        failure("t2", "B"),
        failure("t3", "B"),
        failure("t4", "C", at=9),
    )
    answer = found(admin_client)
    assert [each["exception"] for each in answer["causes"]] == ["B", "C"]
    assert answer["more"] == 1


def test_a_cause_can_be_removed_as_a_whole(admin_client, record):
    keep(failure("t1"), failure("t2"), failure("t3", "KeyError"))
    (cause,) = (each for each in found(admin_client)["causes"] if each["count"] == 2)
    form = {"act": "remove", "cause": cause["key"]}
    plan = admin_client.post(f"{PAGE}several/plan/", form).json()
    assert (sorted(plan["ids"]), plan["remaining"]) == (["t1", "t2"], 0)
    admin_client.post(f"{PAGE}several/", {"act": "remove", "task_id": plan["ids"]})
    assert record(1042, "t1") is None
    assert record(1042, "t3")
    assert listed(admin_client, cause["key"])["total"] == 0


def test_a_cause_can_be_run_again_as_a_whole(admin_client):
    arguments = {"args": "[1042]", "kwargs": "{}", "replayable": "1"}
    keep(failure("t1", **arguments), failure("t2", **arguments), failure("t3", "KeyError"))
    (cause,) = (each for each in found(admin_client)["causes"] if each["count"] == 2)
    plan = admin_client.post(f"{PAGE}several/plan/", {"act": "rerun", "cause": cause["key"]}).json()
    assert sorted(plan["ids"]) == ["t1", "t2"]


def test_what_another_program_made_unreadable_has_a_cause_too(admin_client, tracker):
    keep(failure("t1"), failure("t2", error="42"))
    with tracker.client() as client:
        client.hdel("shop.order:{1042}:record:t1", "exception", "error", "name", "finished_at")
    answer = found(admin_client)
    assert sorted((each["exception"], each["message"]) for each in answer["causes"]) == [
        ("", ""),
        ("ValueError", "…"),
    ]
    for cause in answer["causes"]:
        assert listed(admin_client, cause["key"])["total"] == 1


def test_in_an_overview_a_cause_names_its_objects(admin_client):
    overview = OverviewRef("shop.order")
    for pk in range(1, 6):
        Order.objects.create(pk=pk)
    # The objects of other models are not told, and the row of one task was written twice.
    for number, pk in enumerate((1, 2, 3, 99, 4, 5, 5)):
        objects = json.dumps([["shop.order", str(pk)], ["shop.parcel", "9"]])
        event = failure(f"t{pk}", error=f"order {pk}", at=number, objects=objects)
        keep(replace(event, objects=(), overviews=(overview,)))
    url = "/backstage/shop/order/task-tracker/causes/"
    (cause,) = admin_client.get(url).json()["causes"]
    assert cause["objects"]["count"] == 6
    # Of the last three, 99 is no order.
    assert [(each["name"], each["url"]) for each in cause["objects"]["last"]] == [
        (f"Order {pk}", f"/backstage/shop/order/{pk}/task-tracker/") for pk in (5, 4)
    ]
    # An object's page is about that object.
    keep(failure("t1"))
    assert "objects" not in found(admin_client)["causes"][0]


def test_who_may_not_view_the_object_is_told_nothing(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("nobody", is_staff=True))
    assert client.get(f"{PAGE}causes/").status_code == 403
