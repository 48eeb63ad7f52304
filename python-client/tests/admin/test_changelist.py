"""The change list's column: what it shows, what it costs, and when it is left out."""

import re
import signal
from html.parser import HTMLParser

import pytest
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import Permission, User
from django.core import checks
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings

from celery_task_tracker.admin import changelist
from celery_task_tracker.recording import process
from celery_task_tracker.recording.recorder import Recorder
from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server.client import TrackerClient, get_client
from celery_task_tracker.server.errors import TrackerUnavailable
from celery_task_tracker.server.writes import Event
from servers import HOST, RedisServer, free_port, wait_for
from shop.models import Customer, Order, Shelf

pytestmark = pytest.mark.django_db

URL = "/admin/shop/order/"


def keep(pk, state="SUCCESS", task_id="t1", at=0, name="shop.tasks.succeed", model="shop.order"):
    ref = ObjectRef(model, str(pk))
    get_client().write([Event((ref,), task_id, name, state, 0, 1_700_000_000_000 + at)])


class Cells(HTMLParser):
    """The column's cells: their text, and the attributes of what is in them."""

    def __init__(self, page):
        super().__init__()
        self.text, self.inside, self._depth = [], [], 0
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "td" and "field-task_tracker_status" in attrs.get("class", "").split():
            self._depth = 1
            self.text.append("")
            self.inside.append([])
        elif self._depth:
            self.inside[-1].append(attrs)

    def handle_endtag(self, tag):
        if tag == "td":
            self._depth = 0

    def handle_data(self, data):
        if self._depth:
            self.text[-1] += data


def cells(client, query="", url=URL):
    response = client.get(url + query)
    assert response.status_code == 200
    found = Cells(response.content.decode())
    found.text = [" ".join(text.split()) for text in found.text]
    return found


@pytest.fixture
def column(settings, tracker):
    """The column is switched on."""
    settings.TASK_TRACKER_CHANGELIST_COLUMN = True


@pytest.fixture
def orders():
    """Thirty orders; the newest, and first in the list, has number 30."""
    for number in range(1, 31):
        Order.objects.create(pk=number)


@pytest.fixture
def tries(monkeypatch):
    """How often Redis was queried for the cells."""
    tries = []
    ask = TrackerClient.stats_of_each
    monkeypatch.setattr(
        TrackerClient, "stats_of_each", lambda self, refs: (tries.append(refs), ask(self, refs))[1]
    )
    return tries


class TestWhatItTells:
    def test_the_state_of_the_latest_task_and_how_many_failed(self, admin_client, column, orders):
        keep(30, "FAILURE", "t1", at=1)
        keep(30, "FAILURE", "t2", at=2)
        keep(30, "STARTED", "t3", at=3)
        keep(29, "FAILURE")
        keep(28, "SUCCESS")
        text = cells(admin_client).text
        assert text[:4] == ["Started 2 failures", "Failure 1 failure", "Success", "-"]
        assert len(text) == 30

    def test_it_leads_to_the_objects_page_and_to_its_failures(self, admin_client, column):
        Order.objects.create(pk=1)
        keep(1, "FAILURE")
        state, failures = cells(admin_client).inside[0]
        assert state["href"] == "/admin/shop/order/1/task-tracker/"
        assert state["data-state"] == "FAILURE"
        assert state["title"] == "Succeed"
        assert failures["href"] == "/admin/shop/order/1/task-tracker/?state=FAILURE"

    def test_its_links_keep_the_filters_of_the_list(self, admin_client, column):
        Order.objects.create(pk=1, reference="x")
        keep(1, "FAILURE")
        state, failures = cells(admin_client, "?reference=x").inside[0]
        kept = "/admin/shop/order/1/task-tracker/?_changelist_filters=reference%3Dx"
        assert state["href"] == kept
        assert failures["href"] == f"{kept}&state=FAILURE"

    def test_it_leads_nowhere_on_a_site_without_the_page(self, admin_client, column, monkeypatch):
        monkeypatch.setattr(changelist, "page_url", lambda model_admin, request, obj: None)
        Order.objects.create(pk=1)
        keep(1, "FAILURE")
        found = cells(admin_client)
        assert (found.text, found.inside) == (["Failure"], [[]])

    def test_an_object_without_tasks_has_a_dash_that_says_so(self, admin_client, column):
        Order.objects.create()
        (dash,) = cells(admin_client).inside[0]
        assert dash["title"] == dash["aria-label"] == "No task has run for this object yet"

    def test_what_a_record_says_is_text(self, admin_client, column):
        Order.objects.create(pk=1)
        keep(1, name='shop.<b x>"&')
        page = admin_client.get(URL).content.decode()
        assert "<b x>" not in page
        assert Cells(page).inside[0][0]["title"] == '<b x>"&'

    def test_any_primary_key_has_its_own_tasks(self, admin_client, column):
        for code in ("a/b", "{c}", "ü%"):
            Shelf.objects.create(code=code)
            keep(code, "STARTED", model="shop.shelf")
        assert cells(admin_client, url="/admin/shop/shelf/").text == ["Started"] * 3

    def test_its_look_is_a_file_and_nothing_is_inline(self, admin_client, column):
        Order.objects.create(pk=1)
        keep(1)
        page = admin_client.get(URL).content.decode()
        assert 'href="/static/celery_task_tracker/changelist.css"' in page
        assert all("style" not in attrs for cell in Cells(page).inside for attrs in cell)


class TestWhereItIs:
    def test_it_is_not_there_unless_it_is_wanted(self, admin_client, tracker, orders):
        with tracker.asked() as asked:
            page = admin_client.get(URL).content.decode()
        assert "task_tracker" not in page
        assert asked == []

    def test_the_setting_is_for_tracked_models_only(self, admin_client, column):
        assert "task_tracker" not in admin_client.get("/admin/shop/untracked/").content.decode()

    def test_a_model_admin_may_have_it_for_itself(self, admin_client, tracker, as_configured):
        as_configured(task_tracker_column=True)
        Order.objects.create()
        assert cells(admin_client).text == ["-"]

    def test_a_model_admin_may_do_without(self, admin_client, column, as_configured):
        as_configured(task_tracker_column=False)
        Order.objects.create()
        assert cells(admin_client).text == []

    def test_it_comes_last_or_where_list_display_names_it(
        self, admin_client, column, as_configured
    ):
        Order.objects.create()
        page = admin_client.get(URL).content.decode()
        assert page.index("field-__str__") < page.index("field-task_tracker_status")
        as_configured(list_display=["task_tracker_status", "reference"])
        page = admin_client.get(URL).content.decode()
        assert page.index("field-task_tracker_status") < page.index("field-reference")
        assert page.count("field-task_tracker_status") == 1

    def test_list_display_may_name_it_without_the_mixin(self, tracker):
        class Plain(admin.ModelAdmin):
            list_display = ["__str__", "task_tracker_status"]

        site = admin.AdminSite(name="unchecked")
        site.register(Order, Plain)
        assert site.check(None) == []
        site.register(Customer, Plain)
        assert [each.id for each in site.check(None)] == ["admin.E108"]

    def test_the_first_column_beside_it_leads_to_the_object(
        self, admin_client, column, as_configured
    ):
        as_configured(list_display=["task_tracker_status", "reference"])
        Order.objects.create(pk=1, reference="x")
        keep(1)
        page = admin_client.get(URL).content.decode()
        assert re.search(r'<a [^>]*href="/admin/shop/order/1/change/"[^>]*>\s*x\s*</a>', page)
        assert len(Cells(page).inside[0]) == 1

    def test_a_list_to_choose_from_does_without(
        self, admin_client, column, orders, tracker, as_configured
    ):
        as_configured(list_display=["__str__", "task_tracker_status"])
        with tracker.asked() as asked:
            assert cells(admin_client, "?_popup=1").text == []
        assert asked == []

    def test_choosing_by_autocompletion_asks_nothing(
        self, admin_client, column, tracker, as_configured
    ):
        as_configured(search_fields=["reference"])
        get_client().ensure_compatible()
        with tracker.asked() as asked:
            admin_client.get(
                "/admin/autocomplete/?app_label=shop&model_name=order&field_name=order&term=x"
            )
        assert asked == []

    def test_a_form_may_show_it_read_only(self, admin_client, tracker, as_configured):
        as_configured(readonly_fields=["task_tracker_status"])
        Order.objects.create(pk=1)
        keep(1, "STARTED")
        page = admin_client.get(f"{URL}1/change/").content.decode()
        assert 'class="task-tracker-state" data-state="STARTED"' in page

    def test_a_wrong_setting_is_found(self, settings):
        settings.TASK_TRACKER_CHANGELIST_COLUMN = "yes"
        found = [each for each in checks.run_checks() if each.id == "celery_task_tracker.E018"]
        assert len(found) == 1


class TestOtherPeoplesAdmins:
    @pytest.mark.parametrize("kind", [list, tuple])
    def test_get_list_display_is_asked(self, admin_client, column, as_configured, kind):
        as_configured(get_list_display=lambda self, request: kind(["reference"]))
        Order.objects.create(pk=1)
        keep(1)
        page = admin_client.get(URL).content.decode()
        assert page.index("field-reference") < page.index("field-task_tracker_status")
        assert Cells(page).text == ["Success"]

    def test_their_list_is_not_changed(self, admin_client, column, as_configured):
        names = ["reference"]
        as_configured(get_list_display=lambda self, request: names)
        Order.objects.create()
        admin_client.get(URL)
        assert names == ["reference"]

    def test_get_changelist_is_asked(self, admin_client, column, as_configured):
        class Own(ChangeList):
            def get_results(self, request):
                super().get_results(request)
                self.result_list = list(self.result_list)[:2]

        as_configured(get_changelist=lambda self, request, **kwargs: Own)
        for number in range(1, 4):
            Order.objects.create(pk=number)
            keep(number)
        assert cells(admin_client).text == ["Success"] * 2

    def test_changelist_view_is_asked(self, admin_client, column, as_configured):
        def changelist_view(self, request, extra_context=None):
            return admin.ModelAdmin.changelist_view(self, request, {"title": "Own title"})

        as_configured(changelist_view=changelist_view)
        Order.objects.create(pk=1)
        keep(1)
        page = admin_client.get(URL).content.decode()
        assert "Own title" in page
        assert Cells(page).text == ["Success"]
        assert "celery_task_tracker/changelist.css" in page

    def test_an_action_asks_nothing(self, admin_client, column, orders, tracker):
        data = {"action": "delete_selected", "_selected_action": ["1"]}
        with tracker.asked() as asked:
            assert b"Are you sure" in admin_client.post(URL, data).content
        assert asked == []

    def test_editing_in_the_list_asks_nothing(self, admin_client, column, tracker, as_configured):
        as_configured(list_display=["__str__", "reference"], list_editable=["reference"])
        Order.objects.create(pk=1)
        data = {
            "form-TOTAL_FORMS": "1",
            "form-INITIAL_FORMS": "1",
            "form-0-id": "1",
            "form-0-reference": "new",
            "_save": "Save",
        }
        with tracker.asked() as asked:
            assert admin_client.post(URL, data).status_code == 302
        assert asked == []
        assert Order.objects.get().reference == "new"


class TestWhatItCosts:
    @pytest.mark.parametrize(
        ("attributes", "query", "rows"),
        [
            ({}, "", 30),
            ({"list_per_page": 10}, "?p=2", 10),
            ({"list_per_page": 10}, "?all=", 30),
            ({"list_display": ["__str__", "reference"], "list_editable": ["reference"]}, "", 30),
            (
                {"list_display": ["__str__", "customer"], "list_select_related": ["customer"]},
                "",
                30,
            ),
        ],
        ids=["plain", "a page", "show all", "list_editable", "list_select_related"],
    )
    def test_one_round_trip_for_all_rows_and_no_query(
        self, admin_client, column, orders, tracker, as_configured, settings,
        attributes, query, rows,
    ):  # fmt: skip
        as_configured(**attributes)
        keep(30)
        assert len(cells(admin_client, query).text) == rows
        with (
            tracker.asked() as asked,
            CaptureQueriesContext(
                connection,
            ) as queries,
        ):
            cells(admin_client, query)
        assert asked == ["TRACKER.STATS"] * rows
        assert tracker.round_trips(lambda: cells(admin_client, query)) == 1
        settings.TASK_TRACKER_CHANGELIST_COLUMN = False
        with CaptureQueriesContext(connection) as without:
            assert cells(admin_client, query).text == []
        assert len(queries) == len(without)

    def test_an_empty_list_costs_nothing(self, admin_client, column, tracker):
        with tracker.asked() as asked:
            cells(admin_client)
        assert asked == []


class TestWhileRedisIsAway:
    def test_there_is_a_dash_that_says_why(self, admin_client, column, orders, settings):
        settings.CELERY_TASKTRACKER_REDIS_URL = f"redis://{HOST}:{free_port()}"
        found = cells(admin_client)
        assert found.text == ["-"] * 30
        assert found.inside[0][0]["title"] == "The tracker's Redis server does not answer."

    def test_a_server_that_is_frozen_is_waited_for_once(
        self, admin_client, column, orders, settings, tries
    ):
        server = RedisServer(free_port(), with_module=True).start()
        settings.CELERY_TASKTRACKER_REDIS_URL = server.url
        settings.TASK_TRACKER_SOCKET_TIMEOUT = 0.25
        server.process.send_signal(signal.SIGSTOP)
        try:
            assert cells(admin_client).text == ["-"] * 30
        finally:
            server.remove()
        assert len(tries) == 1

    def test_a_process_that_cannot_write_may_still_read(
        self, admin_client, column, tracker, settings, monkeypatch
    ):
        settings.TASK_TRACKER_RETRY_AFTER = 3600
        writer = Recorder()
        with override_settings(CELERY_TASKTRACKER_REDIS_URL=f"redis://{HOST}:{free_port()}"):
            writer.record(Event((), "t2", "shop.tasks.succeed", "PENDING", 0, None))
            wait_for(lambda: writer.is_away, "a recorder that takes Redis to be away")
        monkeypatch.setattr(process, "recorder", writer)
        Order.objects.create(pk=1)
        keep(1)
        assert cells(admin_client).text == ["Success"]
        assert writer.is_away

    def test_after_a_timeout_the_lists_that_follow_do_not_wait_for_a_while(
        self, admin_client, column, orders, settings, tries
    ):
        settings.CELERY_TASKTRACKER_REDIS_URL = f"redis://{HOST}:{free_port()}"
        for _ in range(3):
            found = cells(admin_client)
            assert found.text == ["-"] * 30
            assert found.inside[0][0]["title"] == "The tracker's Redis server does not answer."
        assert len(tries) == 1

    def test_after_that_while_redis_is_asked_again(
        self, admin_client, column, tracker, settings, tries, monkeypatch
    ):
        Order.objects.create(pk=1)
        keep(1)
        settings.TASK_TRACKER_RETRY_AFTER = 0.01
        ask = TrackerClient.stats_of_each

        def fail(self, refs):
            raise TrackerUnavailable("no answer")

        monkeypatch.setattr(TrackerClient, "stats_of_each", fail)
        assert cells(admin_client).text == ["-"]
        monkeypatch.setattr(TrackerClient, "stats_of_each", ask)
        wait_for(lambda: cells(admin_client).text == ["Success"], "the list to ask again")

    def test_a_redis_without_the_module_is_said(self, admin_client, column, settings, broker):
        Order.objects.create()
        settings.CELERY_TASKTRACKER_REDIS_URL = broker.url
        (dash,) = cells(admin_client).inside[0]
        assert dash["title"] == "Redis answers, but the tracker module is not loaded in it."

    def test_one_object_that_redis_refuses_leaves_the_others(self, admin_client, column, tracker):
        for code in ("a", "b"):
            Shelf.objects.create(code=code)
            keep(code, model="shop.shelf")
        with tracker.client() as client:
            client.delete("shop.shelf:{a}:expiry")
            client.set("shop.shelf:{a}:expiry", "no index")
        assert cells(admin_client, url="/admin/shop/shelf/").text == ["Success", "-"]


class TestWhatSomebodyElseWrote:
    @pytest.mark.parametrize(
        ("field", "value", "shown"),
        [
            ("state", "LOST", "LOST"),
            ("name", "", "Success"),
            ("name", "<b>", "Success"),
            ("updated_at", "yesterday", "-"),
            ("updated_at", "9" * 18, "-"),
        ],
    )
    def test_a_record_that_was_tampered_with_costs_its_own_cell_at_most(
        self, admin_client, column, tracker, field, value, shown
    ):
        for number in (1, 2):
            Order.objects.create(pk=number)
            keep(number)
        with tracker.client() as client:
            client.hset("shop.order:{2}:record:t1", field, value)
        found = cells(admin_client)
        assert found.text == [shown, "Success"]
        if shown == "-":
            assert found.inside[0][0]["title"] == "This record cannot be shown."


class TestPermissions:
    def test_what_may_not_be_viewed_is_neither_asked_for_nor_shown(
        self, admin_client, column, tracker, as_configured
    ):
        as_configured(
            has_view_permission=lambda self, request, obj=None: obj is None or obj.pk != 2
        )
        for number in (1, 2, 3):
            Order.objects.create(pk=number)
            keep(number)
        with tracker.asked() as asked:
            found = cells(admin_client)
        assert asked == ["TRACKER.STATS"] * 2
        assert found.text == ["Success", "-", "Success"]
        assert "permission" in found.inside[1][0]["title"]

    def test_who_may_view_sees_it(self, client, column):
        user = User.objects.create_user("staff", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename="view_order"))
        client.force_login(user)
        Order.objects.create(pk=1)
        keep(1)
        assert cells(client).text == ["Success"]
