"""Running tasks that give no sign of life are found, and can be marked as lost."""

import time
from datetime import datetime, timedelta, timezone
from functools import partial

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User

from celery_task_tracker.recording import process
from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.writes import Event
from shop.models import Order, Shelf

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tracker")]

PAGE = "/admin/shop/order/1042/task-tracker/"
ORDER = ObjectRef("shop.order", "1042")
NOW = int(time.time() * 1000)


def ago(**units):
    return (datetime.now(timezone.utc) - timedelta(**units)).isoformat(timespec="milliseconds")


def keep(task_id="t1", state="STARTED", refs=(ORDER,), at=NOW, **fields):
    get_client().write([Event(refs, task_id, "shop.tasks.sleep", state, 0, at, fields, run=NOW)])


@pytest.fixture
def order():
    return Order.objects.create(pk=1042)


def mark(client, task_id="t1"):
    return client.post(f"{PAGE}lost/", {"task_id": task_id})


def ids(client, query=""):
    reply = client.get(f"{PAGE}list/?silent=1&{query}").json()
    return [task["id"] for task in reply["tasks"]], reply["total"], reply["pages"]


class TestMarkedAsLost:
    def test_a_silent_task_is_a_failure_that_says_who_said_so(self, admin_client, order, record):
        keep(alive_at=ago(minutes=4))
        assert mark(admin_client).status_code == 202
        found = record(1042, "t1")
        assert (found["state"], found["exception"]) == ("FAILURE", "Lost")
        assert "Marked as lost by admin" in found["error"]
        assert (found["tentative"], found["lost_by"]) == (1, "admin")
        entry = LogEntry.objects.get()
        assert entry.get_change_message() == "Marked task shop.tasks.sleep (t1) as lost."

    def test_its_true_end_takes_the_place(self, admin_client, order, record):
        keep(alive_at=ago(minutes=4))
        mark(admin_client)
        process.settle()
        keep(state="SUCCESS", at=NOW + 1000, result="1")
        found = record(1042, "t1")
        assert (found["state"], found["result"]) == ("SUCCESS", "1")
        assert not {"tentative", "exception", "error"} & set(found)

    def test_it_is_so_for_each_object_of_the_task(self, admin_client, order, record):
        shelf = ObjectRef(Shelf._meta.label_lower, "a")
        objects = f'[["shop.order","1042"],["{shelf.model}","a"]]'
        keep("t1", "STARTED", (ORDER, shelf), alive_at=ago(minutes=4), objects=objects)
        mark(admin_client)
        assert record(1042, "t1")["state"] == "FAILURE"
        assert record("a", "t1", shelf.model)["state"] == "FAILURE"

    @pytest.mark.parametrize(
        ("state", "signs"),
        [
            ("STARTED", dict),
            ("STARTED", lambda: {"alive_at": ago(seconds=0)}),
            ("STARTED", lambda: {"alive_at": "long ago"}),
            ("SUCCESS", lambda: {"alive_at": ago(hours=1)}),
            ("PENDING", lambda: {"alive_at": ago(hours=1)}),
        ],
        ids=["no sign", "a sign just now", "a sign of no time", "ended", "waiting"],
    )
    def test_any_other_task_is_refused(self, admin_client, order, record, state, signs):
        keep(state=state, **signs())
        before = record(1042, "t1")
        response = mark(admin_client)
        assert response.status_code == 409
        assert response.json()["error"]["code"] == "not-silent"
        assert record(1042, "t1") == before
        assert not LogEntry.objects.exists()

    def test_it_needs_the_permission_to_change_the_object(self, client, order, record):
        keep(alive_at=ago(minutes=4))
        viewer = User.objects.create_user("viewer", is_staff=True)
        viewer.user_permissions.add(Permission.objects.get(codename="view_order"))
        client.force_login(viewer)
        assert mark(client).status_code == 403
        assert record(1042, "t1")["state"] == "STARTED"

    def test_an_unknown_task_is_not_found(self, admin_client, order):
        assert mark(admin_client, "nothing").status_code == 404


class TestFilter:
    def test_shows_silent_tasks_alone_in_pages(self, admin_client, order):
        for number in range(5):
            keep(f"s{number}", at=NOW - number, alive_at=ago(minutes=4))
        keep("alive", alive_at=ago(seconds=1))
        keep("ended", "SUCCESS", alive_at=ago(minutes=4))
        keep("unknown")
        assert ids(admin_client) == (["s0", "s1", "s2", "s3", "s4"], 5, 1)
        assert ids(admin_client, "page=2&page_size=2") == (["s2", "s3"], 5, 3)

    def test_narrows_with_the_other_filters(self, admin_client, order):
        keep(alive_at=ago(minutes=4))
        assert ids(admin_client, "task=shop.tasks.succeed") == ([], 0, 0)
        assert ids(admin_client, "task=shop.tasks.sleep") == (["t1"], 1, 1)

    def test_is_empty_where_workers_give_none(self, admin_client, order, settings):
        keep(alive_at=ago(minutes=4))
        settings.TASK_TRACKER_HEARTBEAT = 0
        assert ids(admin_client) == ([], 0, 0)


class TestCount:
    """The list says how many of the running tasks are silent, whatever it is narrowed by."""

    @pytest.fixture
    def silent(self, admin_client, order):
        return lambda query="": admin_client.get(f"{PAGE}list/?{query}").json().get("silent")

    def test_is_of_the_running_tasks_whatever_the_filters(self, silent):
        for number in range(5):
            keep(f"s{number}", at=NOW - number, alive_at=ago(minutes=4))
        keep("alive", alive_at=ago(seconds=1))
        keep("ended", "SUCCESS", alive_at=ago(minutes=4))
        expected = {"count": 5, "examined": 6, "complete": True}
        for query in ("", "state=SUCCESS", "page_size=1&page=2", "silent=1", "match=t1"):
            assert silent(query) == expected

    def test_says_if_more_run_than_were_looked_at(self, silent):
        for number in range(203):
            keep(f"s{number}", alive_at=ago(minutes=4))
        assert silent() == {"count": 200, "examined": 200, "complete": False}

    def test_is_missing_where_there_is_nothing_to_count(self, silent, settings):
        keep(state="SUCCESS", alive_at=ago(minutes=4))
        assert silent() is None
        keep("t2", alive_at=ago(minutes=4))
        settings.TASK_TRACKER_HEARTBEAT = 0
        assert silent() is None

    def test_costs_a_round_trip_more_only_if_the_rows_do_not_tell(
        self, admin_client, order, tracker
    ):
        keep(alive_at=ago(seconds=0))
        keep("t2", "SUCCESS")
        admin_client.get(f"{PAGE}list/")
        for query, round_trips in (("", 1), ("state=STARTED", 1), ("state=SUCCESS", 2)):
            get = partial(admin_client.get, f"{PAGE}list/?{query}")
            assert tracker.round_trips(get) == round_trips

    def test_an_unchanged_count_is_answered_with_304(self, admin_client, order):
        keep(alive_at=ago(minutes=4))
        etag = admin_client.get(f"{PAGE}list/")["ETag"]
        again = admin_client.get(f"{PAGE}list/", headers={"If-None-Match": etag})
        assert again.status_code == 304


class TestColumn:
    @pytest.fixture(autouse=True)
    def column(self, settings):
        settings.TASK_TRACKER_CHANGELIST_COLUMN = True

    def test_counts_silent_tasks_and_leads_to_them(self, admin_client, order):
        keep("a", alive_at=ago(minutes=4))
        keep("b", alive_at=ago(minutes=4))
        keep("c", alive_at=ago(seconds=0))
        page = admin_client.get("/admin/shop/order/").content.decode()
        assert "2 without a sign of life" in page
        assert f'{PAGE}?silent=1"' in page

    def test_says_nothing_while_all_is_well(self, admin_client, order):
        keep(alive_at=ago(seconds=0))
        assert (
            "without a sign of life" not in admin_client.get("/admin/shop/order/").content.decode()
        )

    def test_costs_a_round_trip_more_only_if_a_task_runs(self, admin_client, order, tracker):
        keep(state="SUCCESS")
        one = tracker.round_trips(lambda: admin_client.get("/admin/shop/order/"))
        keep("t2", alive_at=ago(seconds=0))
        assert tracker.round_trips(lambda: admin_client.get("/admin/shop/order/")) == one + 1
