"""The overview's page and endpoints: what they answer, and to whom."""

import json
import time

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from celery_task_tracker.admin import broker as brokers
from celery_task_tracker.admin.overview import shows_every_object
from celery_task_tracker.registration.resolution import ObjectRef, OverviewRef
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.writes import Event
from shop.admin import OrderAdmin, backstage
from shop.models import Archived, Order, Parcel, RushOrder, Shelf, Untracked, Van, Vehicle

pytestmark = pytest.mark.django_db

#: A site whose admin of orders is Django's own: it shows all orders.
OPEN = "/backstage/shop/order/"
PAGE = f"{OPEN}task-tracker/"
#: A site whose admin of orders hides those of the competition.
RESTRICTED = "/admin/shop/order/"


@pytest.fixture
def orders(tracker):
    """Three orders."""
    return [Order.objects.create(pk=pk, reference=f"r{pk}") for pk in (1, 2, 3)]


def keep(task_id="t1", *pks, state="SUCCESS", others=(), model="shop.order", **fields):
    refs = (*(ObjectRef(model, str(pk)) for pk in pks or (1,)), *others)
    event = Event(
        refs,
        task_id,
        fields.pop("name", "shop.tasks.succeed"),
        state,
        0,
        time.time_ns() // 1_000_000,
        {"objects": json.dumps(refs), **fields},
        overviews=tuple(dict.fromkeys(OverviewRef(ref.model) for ref in refs)),
    )
    assert get_client().write([event]) == []


def forge(task_id, objects):
    """Makes a row of the overview name these objects."""
    words = ("shop.order", "%all", task_id, "XX", "FIELDS", "1", "objects", objects)
    assert get_client()._execute("TRACKER.UPSERT", *words)


def staff(client, *codenames):
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client.force_login(user)
    return client


def error(response):
    return response.status_code, response.json()["error"]["code"]


def config_of(response):
    return response.context["page_config"]


class TestPage:
    def test_is_the_objects_page_with_a_column_for_the_object(self, admin_client, orders):
        page = admin_client.get(PAGE)
        text = page.content.decode()
        assert '<a href="/backstage/shop/order/">Orders</a></h1>' in text
        assert "tt-col-object" in text
        assert "data-launch" not in text
        assert "tt-revoke-active" not in text
        assert config_of(page)["urls"]["list"] == f"{PAGE}list/"
        assert "tt-col-object" not in admin_client.get(f"{OPEN}1/task-tracker/").content.decode()

    def test_asks_neither_redis_nor_the_database_for_objects(
        self, admin_client, orders, tracker, django_assert_num_queries
    ):
        admin_client.get(PAGE)
        with tracker.asked() as asked, CaptureQueriesContext(connection) as queries:
            admin_client.get(PAGE)
        assert asked == []
        assert not [each for each in queries if "shop_order" in each["sql"]]

    def test_is_linked_from_the_change_list_and_from_each_objects_page(self, admin_client, orders):
        for url in (OPEN, f"{OPEN}1/task-tracker/"):
            assert f'href="{PAGE}"' in admin_client.get(url).content.decode()
        popup = admin_client.get(f"{OPEN}?_popup=1").content.decode()
        assert PAGE not in popup

    def test_stands_beside_the_button_for_a_new_object(self, admin_client, orders):
        page = admin_client.get(OPEN).content.decode()
        tools = page.partition('<ul class="object-tools">')[2].partition("</ul>")[0]
        assert PAGE in tools
        assert "/add/" in tools

    def test_is_missing_where_the_model_has_no_overview(self, admin_client, orders, settings):
        settings.TASK_TRACKER_OVERVIEW = False
        assert admin_client.get(PAGE).status_code == 404
        assert error(admin_client.get(f"{PAGE}list/")) == (404, "no-overview")
        for url in (OPEN, f"{OPEN}1/task-tracker/"):
            assert f'href="{PAGE}"' not in admin_client.get(url).content.decode()

    def test_is_that_of_the_root_for_a_proxy_and_none_for_a_child(self, admin_client, orders):
        keep("t1", 1)
        assert admin_client.get("/admin/shop/rushorder/task-tracker/").status_code == 200
        (row,) = admin_client.get("/admin/shop/rushorder/task-tracker/list/").json()["tasks"]
        assert row["object"]["url"] == "/admin/shop/rushorder/1/task-tracker/"
        assert admin_client.get("/admin/shop/vehicle/task-tracker/").status_code == 200
        assert admin_client.get("/admin/shop/van/task-tracker/").status_code == 403


class TestList:
    def test_has_the_tasks_of_all_objects_each_with_its_own(self, admin_client, orders):
        keep("t1", 1, error="of one")
        keep("t2", 2, state="FAILURE")
        reply = admin_client.get(f"{PAGE}list/").json()
        assert reply["total"] == 2
        assert reply["states"] == {"SUCCESS": 1, "FAILURE": 1}
        assert {row["id"]: row["object"] for row in reply["tasks"]} == {
            f"t{pk}": {
                "name": f"Order {pk}",
                "url": f"{OPEN}{pk}/task-tracker/",
                "canChange": True,
                "canRevoke": True,
                "canRerun": True,
            }
            for pk in (1, 2)
        }

    def test_takes_every_filter_of_an_objects_page(self, admin_client, orders):
        keep("t1", 1)
        keep("t2", 2, state="FAILURE", error="no stock of 12", exception="ValueError")
        keep("t3", 3, state="STARTED", alive_at="2020-01-01T00:00:00+00:00")

        def found(query):
            reply = admin_client.get(f"{PAGE}list/?{query}").json()
            assert all(row["object"]["name"] for row in reply["tasks"])
            return {row["id"] for row in reply["tasks"]}

        assert found("state=FAILURE") == found("match=stock") == {"t2"}
        assert found('match="1"') == {"t1"}
        assert found("silent=1") == {"t3"}
        (cause,) = admin_client.get(f"{PAGE}causes/").json()["causes"]
        assert found(f"cause={cause['key']}") == {"t2"}
        assert found("page_size=1&page=2") == {"t2"}

    def test_costs_one_query_for_the_objects_however_many_rows(
        self, admin_client, orders, tracker, monkeypatch
    ):
        monkeypatch.setattr(
            backstage._registry[Order], "list_select_related", ["customer"], raising=False
        )
        for number in range(30):
            keep(f"t{number}", 1 + number % 3)
        admin_client.get(f"{PAGE}list/")
        with tracker.asked() as asked, CaptureQueriesContext(connection) as queries:
            admin_client.get(f"{PAGE}list/?page_size=30")
        assert asked == ["TRACKER.QUERY"]
        (query,) = [each["sql"] for each in queries if "shop_order" in each["sql"]]
        assert "shop_customer" in query

    def test_is_answered_with_a_304_while_nothing_changes(self, admin_client, orders):
        keep("t1", 1)
        tag = admin_client.get(f"{PAGE}list/")["ETag"]
        assert admin_client.get(f"{PAGE}list/", HTTP_IF_NONE_MATCH=tag).status_code == 304
        Order.objects.filter(pk=1).delete()
        assert admin_client.get(f"{PAGE}list/", HTTP_IF_NONE_MATCH=tag).status_code == 200

    def test_names_no_object_that_does_not_exist_or_is_of_another_model(self, admin_client, orders):
        keep("t1", 99)
        keep("t2", 2, others=[ObjectRef("shop.shelf", "secret")])
        keep("t3", 1, objects="no JSON")
        keep("t4", 1, objects='[["shop.order",{}],["shop.order"],"x",["shop.order","no number"]]')
        reply = admin_client.get(f"{PAGE}list/")
        assert b"secret" not in reply.content
        named = {
            row["id"]: row["object"] and row["object"]["name"] for row in reply.json()["tasks"]
        }
        assert named == {"t1": None, "t2": "Order 2", "t3": None, "t4": None}

    def test_finds_objects_by_keys_of_any_type(self, admin_client, tracker):
        parcel = Parcel.objects.create()
        Shelf.objects.create(pk="a/b {c}%")
        keep("t1", parcel.pk, model="shop.parcel")
        keep("t2", "a/b {c}%", model="shop.shelf")
        for model, name in (("parcel", f"Parcel {parcel.pk}"), ("shelf", "a/b {c}%")):
            (row,) = admin_client.get(f"/admin/shop/{model}/task-tracker/list/").json()["tasks"]
            assert row["object"]["name"] == name
            assert admin_client.get(row["object"]["url"]).status_code == 200

    def test_picture_and_usual_times_are_there_too(self, admin_client, orders):
        keep("t1", 1, state="STARTED")
        keep("t1", 1)
        now = time.time_ns() // 1_000_000
        picture = admin_client.get(
            f"{PAGE}picture/", {"since": now - 60_000, "length": 120_000, "buckets": 1}
        )
        assert picture.json()["buckets"] == [{"SUCCESS": 1}]
        assert admin_client.get(f"{PAGE}usual/").json()["examined"] == 1


class TestDetail:
    def test_is_the_objects_whole_record(self, admin_client, orders):
        keep("t1", 2, args="[2]", others=[ObjectRef("shop.shelf", "secret")])
        record = admin_client.get(f"{PAGE}tasks/t1/").json()
        assert record["args"] == [2]
        assert record["objects"] == [["shop.order", "2"]]
        assert record["object"]["name"] == "Order 2"

    def test_is_what_the_overview_has_where_no_object_has_a_record(self, admin_client, orders):
        keep("t1", 99, error="oh")
        get_client()._execute("TRACKER.DEL", "shop.order", "99")
        record = admin_client.get(f"{PAGE}tasks/t1/").json()
        assert (record["error"], record["object"]) == ("oh", None)
        assert "objects" not in record
        assert error(admin_client.get(f"{PAGE}tasks/none/")) == (404, "no-task")

    def test_is_from_the_object_that_has_one(self, admin_client, orders):
        keep("t1", 1, 2, args="[1, 2]")
        get_client()._execute("TRACKER.DEL", "shop.order", "1", "t1")
        record = admin_client.get(f"{PAGE}tasks/t1/").json()
        assert (record["object"]["name"], record["args"]) == ("Order 2", [1, 2])


class TestActs:
    def test_go_to_the_tasks_object(self, admin_client, orders, broker):
        keep("t1", 2, state="PENDING")
        assert admin_client.post(f"{PAGE}revoke/", {"task_id": "t1"}).status_code == 202
        assert "revoke_requested" in get_client().get(ObjectRef("shop.order", "2"), "t1")
        (row,) = admin_client.get(f"{PAGE}list/").json()["tasks"]
        assert "revoke_requested" in row
        assert LogEntry.objects.get().object_id == "2"

    def test_run_a_task_again(self, admin_client, orders, broker):
        keep("t1", 3, args="[3]", kwargs="{}", replayable="1", queue="nobody")
        answer = admin_client.post(f"{PAGE}rerun/", {"task_id": "t1"})
        assert answer.status_code == 202
        record = admin_client.get(f"{PAGE}tasks/{answer.json()['id']}/").json()
        assert (record["rerun_of"], record["object"]["name"]) == ("t1", "Order 3")

    def test_mark_a_silent_task_as_lost_here_too(self, admin_client, orders):
        keep("t1", 1, state="STARTED", alive_at="2020-01-01T00:00:00+00:00")
        assert admin_client.post(f"{PAGE}lost/", {"task_id": "t1"}).status_code == 202
        (row,) = admin_client.get(f"{PAGE}list/").json()["tasks"]
        assert (row["state"], row["exception"]) == ("FAILURE", "Lost")

    def test_need_the_permission_for_that_object(self, client, orders, broker, monkeypatch):
        def may_change(self, request, obj=None):
            return obj is None or obj.pk != 2

        monkeypatch.setattr(
            type(backstage._registry[Order]), "has_change_permission", may_change, raising=False
        )
        staff(client, "view_order")
        for pk in (1, 2):
            keep(f"t{pk}", pk, state="PENDING")
        rows = {row["id"]: row for row in client.get(f"{PAGE}list/").json()["tasks"]}
        for act in ("canChange", "canRevoke", "canRerun"):
            assert [rows[f"t{pk}"]["object"][act] for pk in (1, 2)] == [True, False]
        answers = [client.post(f"{PAGE}revoke/", {"task_id": f"t{pk}"}) for pk in (1, 2)]
        assert answers[0].status_code == 202
        assert error(answers[1]) == (403, "forbidden")

    def test_are_offered_as_the_methods_of_the_model_admin_say(
        self, admin_client, orders, as_configured
    ):
        """They are asked once for each object of a page."""
        asked = []

        def may_launch(self, request, obj):
            asked.append(("launch", obj.pk))
            return obj.pk != 1

        def may_revoke(self, request, obj):
            asked.append(("revoke", obj.pk))
            return obj.pk != 2

        as_configured(
            has_task_tracker_overview_permission=lambda self, request: True,
            has_task_tracker_launch_permission=may_launch,
            has_task_tracker_revoke_permission=may_revoke,
            get_task_tracker_tasks=lambda self, request, obj: ["shop.tasks.fail"],
        )
        for pk in (1, 2):
            keep(f"good{pk}", pk)
            keep(f"bad{pk}", pk, state="FAILURE", name="shop.tasks.fail")
        url = f"{RESTRICTED}task-tracker/"
        rows = admin_client.get(f"{url}list/").json()["tasks"]
        assert sorted(asked) == [("launch", 1), ("launch", 2), ("revoke", 1), ("revoke", 2)]
        offered = {
            row["id"]: [act for act in ("canChange", "canRevoke", "canRerun") if row["object"][act]]
            for row in rows
        }
        assert offered == {
            "good1": ["canChange", "canRevoke"],
            "bad1": ["canChange", "canRevoke"],
            "good2": ["canChange"],
            "bad2": ["canChange", "canRerun"],
        }
        for row in rows:
            details = admin_client.get(f"{url}tasks/{row['id']}/").json()
            assert details["object"] == row["object"]

    def test_act_on_no_object_but_the_records_own(self, admin_client, orders, broker):
        """The row of the overview may say what it likes: the object has to have the task."""
        keep("t1", 1, state="PENDING")
        forge("t1", '[["shop.order","2"]]')
        assert error(admin_client.post(f"{PAGE}revoke/", {"task_id": "t1"})) == (404, "no-task")
        keep("t2", 99, state="PENDING")
        assert error(admin_client.post(f"{PAGE}revoke/", {"task_id": "t2"})) == (404, "no-object")
        assert error(admin_client.post(f"{PAGE}revoke/")) == (404, "no-task")
        assert error(admin_client.get(f"{PAGE}revoke/")) == (405, "method-not-allowed")


class TestSeveral:
    """Acts on tasks of several objects at once."""

    def plan(self, client, act, **which):
        return client.post(f"{PAGE}several/plan/", {"act": act, **which}).json()

    def do(self, client, act, ids):
        return client.post(f"{PAGE}several/", {"act": act, "task_id": ids}).json()

    def test_remove_the_records_and_the_rows(self, admin_client, orders, tracker):
        for pk in (1, 2, 3):
            keep(f"t{pk}", pk)
        assert self.plan(admin_client, "remove", state="SUCCESS")["ids"] == ["t3", "t2", "t1"]
        with tracker.asked() as asked:
            answer = self.do(admin_client, "remove", ["t1", "t2"])
        assert {each["id"] for each in answer["done"]} == {"t1", "t2"}
        # The rows, the records, then both are removed.
        assert asked == [*["TRACKER.GET"] * 4, *["TRACKER.DEL"] * 4]
        assert [row["id"] for row in admin_client.get(f"{PAGE}list/").json()["tasks"]] == ["t3"]
        assert get_client().get(ObjectRef("shop.order", "1"), "t1") is None
        assert {entry.object_id for entry in LogEntry.objects.all()} == {"1", "2"}

    def test_run_the_failures_of_one_cause_again(self, admin_client, orders, broker):
        for pk in (1, 2):
            arguments = {"args": f"[{pk}]", "kwargs": "{}", "replayable": "1", "queue": "nobody"}
            keep(f"t{pk}", pk, state="FAILURE", error=f"no stock of {pk}", **arguments)
        (cause,) = admin_client.get(f"{PAGE}causes/").json()["causes"]
        plan = self.plan(admin_client, "rerun", cause=cause["key"])
        assert sorted(plan["ids"]) == ["t1", "t2"]
        answer = self.do(admin_client, "rerun", plan["ids"])
        assert len(answer["done"]) == 2
        rows = admin_client.get(f"{PAGE}list/?state=PENDING").json()["tasks"]
        assert {row["object"]["name"] for row in rows} == {"Order 1", "Order 2"}

    def test_revoke_them_by_one_message(self, admin_client, orders, broker, monkeypatch):
        asked = []
        monkeypatch.setattr(brokers, "revoke", lambda app, **which: asked.append(which) or 0)
        for pk in (1, 2):
            keep(f"t{pk}", pk, state="PENDING")
        answer = self.do(admin_client, "revoke", ["t1", "t2"])
        assert [each["id"] for each in answer["done"]] == ["t1", "t2"]
        assert [which["waiting"] for which in asked] == [["t1", "t2"]]
        rows = admin_client.get(f"{PAGE}list/").json()["tasks"]
        assert all("revoke_requested" in row for row in rows)

    def test_leave_out_what_the_user_may_not_change(self, client, orders, monkeypatch):
        def may_change(self, request, obj=None):
            return obj is None or obj.pk != 2

        monkeypatch.setattr(
            type(backstage._registry[Order]), "has_change_permission", may_change, raising=False
        )
        staff(client, "view_order")
        keep("mine", 1)
        keep("theirs", 2)
        keep("nobodys", 99)
        keep("forged", 3)
        forge("forged", '[["shop.order","1"]]')
        ids = ["mine", "theirs", "nobodys", "forged"]
        for answer in (
            self.plan(client, "remove", task_id=ids),
            self.do(client, "remove", ids),
        ):
            refused = {each["message"] for each in answer["refused"]}
            assert refused == {
                "You do not have permission to do this.",
                "This object does not exist (any more).",
                "There is no record of this task for this object (any more).",
            }
        assert get_client().get(ObjectRef("shop.order", "1"), "mine") is None
        for pk, task_id in (("2", "theirs"), ("99", "nobodys"), ("3", "forged")):
            assert get_client().get(ObjectRef("shop.order", pk), task_id)


EVERY_GET = ("", "list/", "tasks/t1/", "picture/?since=1&length=1&buckets=1", "causes/", "usual/")
EVERY_POST = ("revoke/", "lost/", "rerun/", "several/", "several/plan/")


class TestWhoMaySeeIt:
    def test_those_who_may_view_the_model(self, client, orders):
        keep("t1", 1)
        staff(client, "view_order")
        page = client.get(PAGE)
        assert page.status_code == 200
        assert not config_of(page)["canChange"]
        for suffix in EVERY_GET:
            assert client.get(PAGE + suffix).status_code == 200

    def test_nobody_else(self, client, orders):
        keep("t1", 1)
        staff(client, "view_shelf")
        for suffix in EVERY_GET:
            assert client.get(PAGE + suffix).status_code == 403
        for suffix in EVERY_POST:
            assert client.post(PAGE + suffix, {"task_id": "t1"}).status_code == 403
        client.logout()
        for suffix in EVERY_GET:
            assert client.get(PAGE + suffix).status_code == 302

    def test_nobody_where_some_objects_are_hidden(self, admin_client, orders):
        keep("t1", 1)
        for suffix in EVERY_GET:
            response = admin_client.get(f"{RESTRICTED}task-tracker/{suffix}")
            assert response.status_code == 403
            assert b"t1" not in response.content
        for suffix in EVERY_POST:
            answer = admin_client.post(f"{RESTRICTED}task-tracker/{suffix}", {"task_id": "t1"})
            assert error(answer) == (403, "forbidden")
        for url in (RESTRICTED, f"{RESTRICTED}1/task-tracker/"):
            assert 'order/task-tracker/"' not in admin_client.get(url).content.decode()

    def test_whom_the_projects_own_method_lets_pass(self, admin_client, orders, as_configured):
        keep("t1", 1)
        keep("t2", 2)
        Order.objects.filter(pk=2).update(reference="competition")
        as_configured(has_task_tracker_overview_permission=lambda self, request: True)
        url = f"{RESTRICTED}task-tracker/"
        assert f'href="{url}"' in admin_client.get(RESTRICTED).content.decode()
        rows = {row["id"]: row for row in admin_client.get(f"{url}list/").json()["tasks"]}
        assert rows["t1"]["object"]["name"] == "Order 1"
        assert rows["t2"]["object"] is None
        assert error(admin_client.post(f"{url}revoke/", {"task_id": "t2"})) == (404, "no-object")
        as_configured(has_task_tracker_overview_permission=lambda self, request: False)
        assert admin_client.get(url).status_code == 403

    @pytest.mark.parametrize(
        ("attributes", "shows_all"),
        [
            ({}, True),
            ({"get_queryset": lambda self, request: Order.objects.all()}, False),
            ({"has_view_permission": lambda self, request, obj=None: True}, False),
            ({"has_change_permission": lambda self, request, obj=None: True}, True),
        ],
    )
    def test_objects_are_hidden_where_anybody_but_django_decides(self, attributes, shows_all):
        cls = type("Configured", (admin.ModelAdmin,), attributes)
        assert shows_every_object(cls(Order, admin.site)) is shows_all

    def test_so_they_are_by_a_manager_or_in_a_child(self):
        shows = {
            model: shows_every_object(admin.ModelAdmin(model, admin.site))
            for model in (Order, RushOrder, Vehicle, Van, Archived, Untracked)
        }
        assert [model.__name__ for model, all_of_them in shows.items() if not all_of_them] == [
            "Van",
            "Archived",
        ]
        assert not shows_every_object(OrderAdmin(Order, admin.site))
