"""A page that is open asks again and again: what that costs while nothing happens."""

import time

import pytest

from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.writes import Event
from shop.models import Order

pytestmark = pytest.mark.django_db

URL = "/admin/shop/order/1042/task-tracker/list/"


@pytest.fixture(autouse=True)
def order():
    return Order.objects.create(pk=1042)


def keep(task_id="t1", state="STARTED", **fields):
    ref = ObjectRef("shop.order", "1042")
    get_client().write(
        [Event((ref,), task_id, "shop.tasks.succeed", state, 0, 1_700_000_000_000, fields)]
    )


def poll(client, etag=None, query=""):
    headers = {"HTTP_IF_NONE_MATCH": etag} if etag else {}
    return client.get(URL + query, **headers)


def test_what_has_not_changed_is_answered_without_a_body(admin_client, tracker):
    keep()
    first = poll(admin_client)
    again = poll(admin_client, first["ETag"])
    assert (first.status_code, again.status_code) == (200, 304)
    assert again.content == b""
    assert again["ETag"] == first["ETag"]
    # A proxy that compresses the reply weakens its tag.
    assert poll(admin_client, f"W/{first['ETag']}").status_code == 304
    assert poll(admin_client, f'"other", {first["ETag"]}').status_code == 304


def test_an_object_without_tasks_stays_the_same_too(admin_client, tracker):
    assert poll(admin_client, poll(admin_client)["ETag"]).status_code == 304


def test_a_task_that_runs_gives_the_same_bytes_as_time_goes_by(admin_client, tracker):
    keep(progress='{"current":1,"total":2}', revoke_requested="2023-11-14T22:13:20Z")
    first = poll(admin_client).content
    time.sleep(0.05)
    assert poll(admin_client).content == first


@pytest.mark.parametrize(
    "change",
    [
        lambda: keep(state="SUCCESS"),
        lambda: keep(progress='{"current":2}'),
        lambda: keep("t2"),
        lambda: keep(revoke_requested="2023-11-14T22:13:20Z"),
    ],
    ids=["state", "progress", "another task", "field"],
)
def test_every_change_is_seen(admin_client, tracker, change):
    keep(progress='{"current":1}')
    first = poll(admin_client)
    change()
    again = poll(admin_client, first["ETag"])
    assert again.status_code == 200
    assert again["ETag"] != first["ETag"]
    assert again.json()["tasks"]


def test_a_change_outside_the_page_is_seen_by_its_counts(admin_client, tracker):
    keep("t1", "SUCCESS")
    first = poll(admin_client, query="?state=SUCCESS")
    keep("t2", "FAILURE")
    again = poll(admin_client, first["ETag"], query="?state=SUCCESS")
    assert again.json()["states"] == {"SUCCESS": 1, "FAILURE": 1}


def test_a_poll_costs_one_command_of_redis_and_nothing_else(admin_client, tracker):
    keep()
    etag = poll(admin_client)["ETag"]  # the first of a process connects, and asks for the version
    with tracker.asked() as asked:
        for _ in range(3):
            assert poll(admin_client, etag).status_code == 304
    assert asked == ["TRACKER.QUERY"] * 3


def test_no_cache_keeps_a_reply(admin_client, tracker):
    keep()
    first = poll(admin_client)
    for response in (first, poll(admin_client, first["ETag"])):
        directives = set(response["Cache-Control"].split(", "))
        assert {"private", "no-cache", "no-store", "max-age=0"} <= directives
        assert "Cookie" in response["Vary"]


def test_a_refusal_has_no_tag(admin_client, tracker):
    assert "ETag" not in admin_client.get(f"{URL}?page=0")


def test_who_lost_the_permission_learns_nothing_from_a_tag(admin_client, admin_user, tracker):
    keep()
    etag = poll(admin_client)["ETag"]
    admin_user.is_superuser = False
    admin_user.save()
    assert poll(admin_client, etag).status_code == 403
