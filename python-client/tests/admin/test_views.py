"""The page and its endpoints: what they answer, and to whom."""

import json
import uuid
from contextlib import contextmanager

import pytest
from django.conf import settings as project
from django.contrib.admin import ModelAdmin
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission, User
from django.db import connection

from celery_task_tracker.admin import broker as brokers
from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.errors import LOADMODULE
from celery_task_tracker.server.writes import Event
from celery_task_tracker.states import STATES
from messages import headers_in
from servers import HOST, Worker, free_port, wait_for
from shop import tasks
from shop.models import Customer, Order, Shelf

pytestmark = pytest.mark.django_db


@pytest.fixture
def order():
    customer = Customer.objects.create(name="Ada", email="ada@mail.example")
    return Order.objects.create(pk=1042, customer=customer)


def url(suffix="", pk=1042):
    return f"/admin/shop/order/{pk}/task-tracker/{suffix}"


def keep(task_id="t1", state="SUCCESS", pk="1042", model="shop.order", **fields):
    name = fields.pop("name", "shop.tasks.succeed")
    get_client().write(
        [Event((ObjectRef(model, pk),), task_id, name, state, 0, 1_700_000_000_000, fields)]
    )


def staff(client, *codenames):
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client.force_login(user)
    return client


def error(response):
    return response.json()["error"]


class TestPage:
    def test_names_the_object_and_offers_its_tasks(self, admin_client, order):
        page = admin_client.get(url()).content.decode()
        assert "Order 1042" in page
        assert 'data-launch="shop.tasks.succeed"' in page
        assert "Ends well." in page

    def test_does_not_offer_hidden_tasks_nor_those_of_other_models(self, admin_client, order):
        page = admin_client.get(url()).content.decode()
        assert 'data-launch="shop.tasks.tidy"' not in page
        assert 'data-launch="shop.tasks.send_parcel"' not in page

    def test_asks_nothing_of_redis(self, admin_client, order, settings):
        settings.CELERY_TASKTRACKER_REDIS_URL = f"redis://{HOST}:{free_port()}"
        assert admin_client.get(url()).status_code == 200

    def test_of_an_object_that_is_not_there_leads_to_the_index(self, admin_client):
        assert admin_client.get(url(pk=5)).url == "/admin/"
        assert admin_client.get(url(pk="nonsense")).url == "/admin/"

    def test_of_a_user_who_is_not_logged_in_leads_to_the_login(self, client, order):
        assert client.get(url()).url.startswith("/admin/login/")

    def test_escapes_the_name_of_the_object(self, admin_client):
        Shelf.objects.create(code="<script>alert(1)</script>")
        address = f"/admin/shop/shelf/{quote('<script>alert(1)</script>')}/task-tracker/"
        page = admin_client.get(address).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


class TestList:
    def test_hands_on_the_modules_own_json(self, admin_client, order, tracker):
        keep()
        response = admin_client.get(url("list/"))
        assert response["Content-Type"] == "application/json"
        assert "no-store" in response["Cache-Control"]
        history = response.json()
        assert history["total"] == 1
        assert history["states"] == {"SUCCESS": 1}
        assert history["tasks"][0]["created_at"] == "2023-11-14T22:13:20.000Z"

    def test_is_narrowed_by_state_and_task_and_paged(self, admin_client, order, tracker):
        for number in range(15):
            keep(f"t{number}", "FAILURE" if number < 12 else "SUCCESS", name=f"n{number % 2}")
        history = admin_client.get(url("list/?state=failure&page=2")).json()
        assert (history["total"], history["page"], len(history["tasks"])) == (12, 2, 2)
        history = admin_client.get(url("list/?state=FAILURE&state=SUCCESS&task=n1")).json()
        assert history["total"] == 7
        history = admin_client.get(url("list/?page_size=3")).json()
        assert (history["size"], len(history["tasks"])) == (3, 3)

    def test_gives_no_page_larger_than_the_setting_allows(
        self, admin_client, order, tracker, settings
    ):
        settings.TASK_TRACKER_MAX_PAGE_SIZE = 20
        assert admin_client.get(url("list/?page_size=1000")).json()["size"] == 20

    @pytest.mark.parametrize(
        "query", ["state=LOST", "page=0", "page=x", "page=-1", "page_size=0", "page=٣", "page=1e9"]
    )
    def test_says_what_is_wrong_with_a_query(self, admin_client, order, tracker, query):
        response = admin_client.get(url(f"list/?{query}"))
        assert response.status_code == 400
        assert query.split("=")[0] in error(response)["message"]

    @pytest.mark.parametrize(
        "suffix", ["list/?", "list/?silent=1", "list/?cause=a", "causes/?", "usual/?"]
    )
    def test_is_narrowed_by_55_tasks_at_the_most(self, admin_client, order, tracker, suffix):
        keep()
        names = "".join(f"&task=n{number}" for number in range(55))
        states = "".join(f"&state={state}" for state in (*STATES, "started"))
        full = url(f"{suffix}{names}{states}")
        assert admin_client.get(f"{full}&task=n1").status_code == 200
        response = admin_client.get(f"{full}&task=one-more")
        assert response.status_code == 400
        assert error(response)["code"] == "too-many-tasks"
        assert "55" in error(response)["message"]

    def test_takes_the_filters_of_the_first_version(self, admin_client, order, tracker):
        for number, state in enumerate(("FAILURE", "SUCCESS", "SUCCESS")):
            keep(f"t{number}", state, name=f"n{number}")
        history = admin_client.get(url("list/?filter=state&value=Success")).json()
        assert history["total"] == 2
        assert admin_client.get(url("list/?filter=task&value=n1")).json()["total"] == 1
        assert admin_client.get(url("list/?filter=&value=&state=&task=")).json()["total"] == 3
        response = admin_client.get(url("list/?filter=colour&value=1"))
        assert response.status_code == 400
        assert "filter" in error(response)["message"]

    def test_is_narrowed_by_time(self, admin_client, order, tracker):
        keep()
        moment = "2023-11-14T22:13:20Z"
        for query, total in (
            (f"since={moment}", 1),
            ("since=1700000000001", 0),
            (f"until={moment}", 1),
            ("until=1699999999999", 0),
        ):
            assert admin_client.get(url(f"list/?{query}")).json()["total"] == total
        response = admin_client.get(url("list/?since=yesterday"))
        assert response.status_code == 400
        assert "SINCE" in error(response)["message"]

    def test_is_empty_for_an_object_without_tasks(self, admin_client, order, tracker):
        history = admin_client.get(url("list/")).json()
        assert (history["total"], history["tasks"], history["states"]) == (0, [], {})


class TestDetail:
    def test_is_the_whole_record(self, admin_client, order, tracker):
        keep(args='[1,"<b>"]', result='{"a":1}', traceback="Traceback …", worker="w@h")
        record = admin_client.get(url("tasks/t1/")).json()
        assert record["args"] == [1, "<b>"]
        assert record["result"] == '{"a":1}'
        assert record["worker"] == "w@h"
        assert record["attempt"] == 0
        assert record["finished_at"] == "2023-11-14T22:13:20.000Z"

    def test_says_how_long_a_value_was_that_was_cut(self, admin_client, order, tracker):
        keep(args=json.dumps(["x" * 100_000]))
        record = admin_client.get(url("tasks/t1/")).json()
        assert record["args_bytes"] == 100_004
        assert record["args"].startswith('["xxx')

    def test_takes_any_task_id(self, admin_client, order, tracker):
        keep("a/b c%2F")
        assert admin_client.get(url("tasks/a%2Fb%20c%252F/")).json()["id"] == "a/b c%2F"

    def test_names_no_other_object_that_the_task_ran_for(self, admin_client, order, tracker):
        keep(objects='[["shop.order","1042"],["shop.customer","7"]]')
        assert admin_client.get(url("tasks/t1/")).json()["objects"] == [["shop.order", "1042"]]

    @pytest.mark.parametrize(
        "value",
        [
            '{"current":1e999}',
            "[NaN]",
            "[-Infinity]",
            "[" * 5000 + "]" * 5000,
            '{"a":' * 900 + "1" + "}" * 900,
            "1" * 400,
        ],
    )
    def test_json_that_others_wrote_is_told_as_text_where_json_cannot_hold_it(
        self, admin_client, order, tracker, value
    ):
        keep(args=value, kwargs=value, progress=value)
        answer = admin_client.get(url("tasks/t1/"))
        record = json.loads(answer.content, parse_constant=pytest.fail)
        assert record["args"] == record["kwargs"] == record["progress"] == value

    @pytest.mark.parametrize("time", ["9" * 18, "-" + "9" * 18, "yesterday"])
    def test_a_time_that_is_none_is_told_as_it_is(self, admin_client, order, tracker, time):
        keep()
        with tracker.client() as client:
            client.hset("shop.order:{1042}:record:t1", "started_at", time)
        assert str(admin_client.get(url("tasks/t1/")).json()["started_at"]) == time

    def test_of_a_record_that_lacks_what_each_has_is_what_is_left(
        self, admin_client, order, tracker
    ):
        keep(state="STARTED")
        with tracker.client() as client:
            client.hdel("shop.order:{1042}:record:t1", "id", "name", "state")
        assert admin_client.get(url("tasks/t1/")).json()["id"] == "t1"
        assert admin_client.post(url("revoke/"), {"task_id": "t1"}).status_code == 409

    def test_of_another_objects_task_is_not_there(self, admin_client, order, tracker):
        keep("t1", pk="7")
        assert admin_client.get(url("tasks/t1/")).status_code == 404

    def test_of_another_models_task_is_not_there(self, admin_client, order, tracker):
        keep("t1", model="shop.parcel")
        assert admin_client.get(url("tasks/t1/")).status_code == 404


@pytest.fixture
def working_broker(broker, tracker):
    """Launching and revoking need the broker and the tracker, but no worker."""


@pytest.fixture
def unwritable_history(monkeypatch):
    """The object's history cannot be written: a query of that fails."""

    def fail(self, request, obj, message):
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM no_such_table")

    monkeypatch.setattr(ModelAdmin, "log_change", fail)


@pytest.mark.usefixtures("working_broker")
class TestLaunch:
    def test_sends_the_task_for_this_object(self, admin_client, order, record):
        response = admin_client.post(url("launch/"), {"task": "shop.tasks.succeed"})
        assert response.status_code == 202
        found = record(1042, response.json()["id"])
        assert found["published_at"]
        assert found["args"] == "[1042]"

    def test_takes_the_arguments_from_the_object(self, admin_client, order, record):
        response = admin_client.post(url("launch/"), {"task": "shop.tasks.greet"})
        found = record(1042, response.json()["id"])
        assert (found["args"], found["kwargs"]) == ("[1042]", '{"email":"ada@mail.example"}')

    def test_is_written_into_the_objects_history(self, admin_client, order):
        response = admin_client.post(url("launch/"), {"task": "shop.tasks.succeed"})
        entry = LogEntry.objects.get(object_id="1042")
        assert response.json()["id"] in entry.change_message
        assert entry.user.username == "admin"

    def test_that_cannot_be_written_into_the_history_is_done_all_the_same(
        self, admin_client, order, record, unwritable_history, caplog
    ):
        response = admin_client.post(url("launch/"), {"task": "shop.tasks.succeed"})
        assert response.status_code == 202
        task_id = response.json()["id"]
        assert record(1042, task_id)["published_at"]
        assert task_id in caplog.text
        assert Order.objects.exists()

    def test_an_error_that_cannot_say_what_it_is_is_no_error_of_the_page(
        self, admin_client, order, monkeypatch
    ):
        class Mute(Exception):
            def __str__(self):
                raise ValueError

        def fail(*args, **kwargs):
            raise Mute

        monkeypatch.setattr(tasks.succeed, "apply_async", fail)
        response = admin_client.post(url("launch/"), {"task": "shop.tasks.succeed"})
        assert response.status_code == 400
        assert "Mute" in error(response)["message"]

    @pytest.mark.parametrize(
        "task",
        ["shop.tasks.tidy", "shop.tasks.send_parcel", "shop.tasks.untracked", "os.system", ""],
    )
    def test_refuses_tasks_that_are_not_offered(self, admin_client, order, task, tracker):
        response = admin_client.post(url("launch/"), {"task": task})
        assert response.status_code == 404
        with tracker.client() as client:
            assert not client.exists(f"shop.order:{{1042}}:task:{task}")
        assert not LogEntry.objects.exists()

    def test_says_so_when_the_registered_arguments_do_not_fit(self, admin_client, order):
        response = admin_client.post(url("launch/"), {"task": "shop.tasks.move"})
        assert response.status_code == 400
        assert "shelf" in error(response)["message"]

    def test_does_not_wait_for_a_result_backend_that_is_frozen(
        self, admin_client, order, with_frozen_results, broker
    ):
        response = admin_client.post(url("launch/"), {"task": with_frozen_results.name})
        assert response.status_code == 202
        (headers,) = headers_in(broker, "frozen-results")
        assert headers["id"] == response.json()["id"]
        # The worker keeps the result all the same.
        assert headers["ignore_result"] is False

    def test_works_while_the_tracker_is_away(self, admin_client, order, settings):
        settings.CELERY_TASKTRACKER_REDIS_URL = f"redis://{HOST}:{free_port()}"
        response = admin_client.post(url("launch/"), {"task": "shop.tasks.succeed"})
        assert response.status_code == 202


@pytest.mark.usefixtures("working_broker")
class TestRevoke:
    def test_asks_the_workers_and_marks_the_record(self, admin_client, order, record):
        sent = tasks.succeed.apply_async((1042,), queue="unread")
        response = admin_client.post(url("revoke/"), {"task_id": sent.id})
        assert response.status_code == 202
        assert record(1042, sent.id)["revoke_requested"]
        assert record(1042, sent.id)["state"] == "PENDING"
        assert sent.id in LogEntry.objects.get().change_message

    def test_that_cannot_be_written_into_the_history_is_done_all_the_same(
        self, admin_client, order, record, unwritable_history, caplog
    ):
        sent = tasks.succeed.apply_async((1042,), queue="unread")
        response = admin_client.post(url("revoke/"), {"task_id": sent.id})
        assert response.status_code == 202
        assert record(1042, sent.id)["revoke_requested"]
        assert sent.id in caplog.text
        assert admin_client.post(url("revoke-active/")).status_code == 202

    def test_of_a_finished_task_is_a_conflict(self, admin_client, order):
        keep()
        response = admin_client.post(url("revoke/"), {"task_id": "t1"})
        assert response.status_code == 409
        assert not LogEntry.objects.exists()

    def test_of_another_objects_task_is_not_there(self, admin_client, order):
        keep("t1", state="STARTED", pk="7")
        assert admin_client.post(url("revoke/"), {"task_id": "t1"}).status_code == 404
        assert admin_client.post(url("revoke/")).status_code == 404

    def test_of_a_running_task_may_be_switched_off(self, admin_client, order, settings):
        settings.TASK_TRACKER_TERMINATE = False
        keep(state="STARTED")
        response = admin_client.post(url("revoke/"), {"task_id": "t1"})
        assert response.status_code == 409
        assert error(response)["code"] == "terminate-off"
        keep("t2", state="RECEIVED")
        assert admin_client.post(url("revoke/"), {"task_id": "t2"}).status_code == 202
        assert '"canTerminate": false' in admin_client.get(url()).content.decode()

    def test_of_a_running_task_may_need_a_permission_of_its_own(self, client, order, settings):
        settings.TASK_TRACKER_TERMINATE_PERMISSION = "shop.delete_order"
        keep(state="STARTED")
        staff(client, "change_order")
        assert client.post(url("revoke/"), {"task_id": "t1"}).status_code == 403
        assert '"canTerminate": false' in client.get(url()).content.decode()
        user = User.objects.get(username="staff")
        user.user_permissions.add(Permission.objects.get(codename="delete_order"))
        assert client.post(url("revoke/"), {"task_id": "t1"}).status_code == 202
        assert '"canTerminate": true' in client.get(url()).content.decode()

    def test_can_be_asked_again(self, admin_client, order):
        keep(state="RECEIVED", revoke_requested="2023-11-14T22:13:20Z")
        assert admin_client.post(url("revoke/"), {"task_id": "t1"}).status_code == 202

    @pytest.mark.parametrize("pool", ["threads", "solo"])
    def test_of_a_pool_that_cannot_terminate_says_so(
        self, admin_client, order, ended, broker, pool
    ):
        queue = f"{pool}-{uuid.uuid4()}"
        options = ("--queues", queue, "--hostname", f"{pool}@%h")
        worker = Worker(project.BROKER_URL, project.TRACKER_URL, *options, pool=pool)
        try:
            sent = tasks.sleep.apply_async((1042,), queue=queue)
            ended(1042, sent.id, "STARTED")
            response = admin_client.post(url("revoke/"), {"task_id": sent.id})
            assert response.status_code == 409
            assert error(response)["code"] == "cannot-terminate"
            assert f"{pool}@" in error(response)["message"]
            assert "revoke_requested" not in admin_client.get(url(f"tasks/{sent.id}/")).json()
            assert not LogEntry.objects.exists()
        finally:
            worker.kill()

    def test_sends_the_signal_of_the_settings(
        self, admin_client, order, worker, ended, settings, broker
    ):
        settings.TASK_TRACKER_TERMINATE_SIGNAL = "SIGUSR1"
        sent = tasks.heed.delay(1042)
        with broker.client(db=2) as client:
            wait_for(lambda: client.get("heeding:1042"), "the task to listen")
            assert admin_client.post(url("revoke/"), {"task_id": sent.id}).status_code == 202
            wait_for(lambda: client.get("heeded:1042"), "the task to have got the signal")

    def test_reaches_the_worker(self, admin_client, order, worker, ended):
        sent = tasks.sleep.delay(1042)
        ended(1042, sent.id, "STARTED")
        assert admin_client.post(url("revoke/"), {"task_id": sent.id}).status_code == 202
        assert ended(1042, sent.id, "REVOKED")


def test_who_may_only_view_is_offered_nothing_to_do(client, order):
    staff(client, "view_order")
    page = client.get(url()).content.decode()
    assert "data-launch=" not in page
    assert '"canChange": false' in page


class TestUnavailable:
    @pytest.mark.parametrize("suffix", ["list/", "tasks/t1/"])
    def test_a_redis_that_does_not_answer_is_said(self, admin_client, order, settings, suffix):
        settings.CELERY_TASKTRACKER_REDIS_URL = f"redis://{HOST}:{free_port()}"
        response = admin_client.get(url(suffix))
        assert response.status_code == 503
        assert error(response)["code"] == "unreachable"

    def test_a_redis_without_the_module_comes_with_the_line_to_add(
        self, admin_client, order, settings, broker
    ):
        settings.CELERY_TASKTRACKER_REDIS_URL = broker.url
        response = admin_client.get(url("list/"))
        assert response.status_code == 503
        assert error(response)["code"] == "module-missing"
        assert error(response)["hint"] == LOADMODULE == "loadmodule /path/to/libtracker.so"

    def test_a_broker_that_does_not_answer_is_said(
        self, admin_client, order, tracker, without_broker
    ):
        response = admin_client.post(url("launch/"), {"task": without_broker.name})
        assert response.status_code == 503
        assert error(response)["code"] == "broker-unreachable"
        keep("t1", state="STARTED", name=without_broker.name)
        response = admin_client.post(url("revoke/"), {"task_id": "t1"})
        assert response.status_code == 503
        assert error(response)["code"] == "broker-unreachable"
        assert "revoke_requested" not in admin_client.get(url("tasks/t1/")).json()

    def test_a_broker_that_stops_answering_may_have_got_the_task(
        self, admin_client, order, tracker, without_broker, monkeypatch
    ):
        @contextmanager
        def unanswered(app):
            yield {}
            raise brokers.Unanswered("timed out")

        monkeypatch.setattr(brokers, "sending", unanswered)
        monkeypatch.setattr(without_broker, "apply_async", lambda **_: None)
        response = admin_client.post(url("launch/"), {"task": without_broker.name})
        assert response.status_code == 503
        assert "may or may not have been sent" in error(response)["message"]
        assert not LogEntry.objects.exists()
