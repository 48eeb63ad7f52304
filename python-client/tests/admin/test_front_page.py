"""The panel on the admin's front page: what runs, and what failed in the last hour."""

import json
import logging
import time
from html.parser import HTMLParser

import pytest
from django.contrib.admin import ModelAdmin
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from celery_task_tracker.admin import front_page
from celery_task_tracker.registration.resolution import ObjectRef, OverviewRef
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.writes import Event
from servers import HOST, free_port
from shop.models import Shelf

pytestmark = pytest.mark.django_db

URL = "/admin/"
HOUR = 3600


@pytest.fixture(autouse=True)
def switched_on(settings, tracker):
    settings.TASK_TRACKER_INDEX = True


def keep(task_id, state, ago=0, model="shop.shelf"):
    ref = ObjectRef(model, "1")
    fields = {"objects": json.dumps([ref])}
    at = int((time.time() - ago) * 1000)
    event = Event(
        *((ref,), task_id, "shop.tasks.dust", state, 0, at, fields),
        overviews=(OverviewRef(model),),
    )
    assert get_client().write([event]) == []


class Panel(HTMLParser):
    """The panel's rows as lists of text, and where its links lead to."""

    def __init__(self, page):
        super().__init__()
        self.rows, self.links, self._inside = [], [], False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self._inside |= attrs.get("id") == "task-tracker-index"
        if self._inside and tag == "tr":
            self.rows.append([])
        elif self._inside and tag == "a":
            self.links.append(attrs["href"])

    def handle_endtag(self, tag):
        self._inside &= tag != "table"

    def handle_data(self, data):
        if self._inside and self.rows and data.strip():
            self.rows[-1].append(data.strip())


def panel(client, url=URL):
    response = client.get(url)
    assert response.status_code == 200
    found = Panel(response.content.decode())
    return {name: numbers for name, *numbers in found.rows[1:]}


def as_user(client, *permissions):
    user = User.objects.create_user("user", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)


class TestWhatItTells:
    def test_what_runs_and_what_failed_in_the_last_hour_of_each_model(self, admin_client):
        for number in range(3):
            keep(f"r{number}", "STARTED", ago=number * HOUR)
            keep(f"s{number}", "SUCCESS")
        for number in range(4):
            keep(f"f{number}", "FAILURE", ago=number * 0.4 * HOUR)
        keep("p", "FAILURE", model="shop.parcel")
        told = panel(admin_client)
        assert told[str(Shelf._meta.verbose_name_plural).capitalize()] == ["3", "3"]
        assert told["Parcels"] == ["0", "1"]
        assert "Untrackeds" not in told

    def test_its_numbers_lead_to_the_tasks_that_they_count(self, admin_client):
        keep("r", "STARTED")
        keep("f", "FAILURE")
        links = Panel(admin_client.get(URL).content.decode()).links
        page = "/admin/shop/shelf/task-tracker/"
        assert {page, f"{page}?state=STARTED", f"{page}?state=FAILURE&last=hour"} <= set(links)
        assert admin_client.get(page).status_code == 200

    def test_models_that_share_their_rows_have_one_line(self, admin_client):
        told = panel(admin_client)
        assert [name for name in told if name in ("Vehicles", "Vans", "Campers")] == ["Vehicles"]

    def test_what_the_site_shows_besides_is_still_there(self, admin_client):
        page = admin_client.get(URL).content.decode()
        assert "/admin/shop/shelf/add/" in page
        assert page.index("task-tracker-index") < page.rindex("/admin/shop/shelf/add/")


class TestWhoSeesIt:
    def test_only_models_whose_overview_the_user_may_see(self, client):
        as_user(client, "view_parcel")
        assert list(panel(client)) == ["Parcels"]

    def test_nothing_of_a_model_whose_users_see_a_part_of_the_objects(self, admin_client):
        # The project's own get_queryset hides some orders.
        keep("f", "FAILURE", model="shop.order")
        assert "Orders" not in panel(admin_client)

    def test_nothing_of_a_model_whose_objects_are_decided_on_one_by_one(
        self, admin_client, as_configured
    ):
        as_configured(
            get_queryset=ModelAdmin.get_queryset,
            has_view_permission=lambda self, request, obj=None: True,
        )
        assert "Orders" not in panel(admin_client)
        as_configured(get_queryset=ModelAdmin.get_queryset)
        assert "Orders" in panel(admin_client)

    def test_a_project_decides_by_the_method(self, admin_client, as_configured):
        as_configured(has_task_tracker_overview_permission=lambda self, request: True)
        keep("f", "FAILURE", model="shop.order")
        assert panel(admin_client)["Orders"] == ["0", "1"]

    def test_who_may_see_none_has_no_panel_and_costs_nothing(self, client, tracker):
        as_user(client)
        with tracker.asked() as asked:
            assert panel(client) == {}
        assert asked == []

    def test_nothing_of_a_model_without_an_overview(self, admin_client, settings):
        settings.TASK_TRACKER_OVERVIEW = False
        assert panel(admin_client) == {}


class TestCosts:
    def test_one_round_trip_for_all_models_and_no_query(self, admin_client, tracker, settings):
        admin_client.get(URL)
        assert tracker.round_trips(lambda: admin_client.get(URL)) == 1
        with CaptureQueriesContext(connection) as on:
            admin_client.get(URL)
        settings.TASK_TRACKER_INDEX = False
        with CaptureQueriesContext(connection) as off:
            admin_client.get(URL)
        assert len(on) == len(off)

    def test_switched_off_it_asks_nothing(self, admin_client, tracker, settings):
        settings.TASK_TRACKER_INDEX = False
        with tracker.asked() as asked:
            page = admin_client.get(URL).content.decode()
        assert "task-tracker-index" not in page
        assert asked == []


class TestWhatFails:
    def test_without_redis_it_says_so_and_asks_once(self, admin_client, settings, monkeypatch):
        settings.CELERY_TASKTRACKER_REDIS_URL = f"redis://{HOST}:{free_port()}"
        tries = []
        ask = front_page._lines
        monkeypatch.setattr(front_page, "_lines", lambda *args: (tries.append(1), ask(*args))[1])
        for _ in range(3):
            page = admin_client.get(URL).content.decode()
            assert "The tracker&#x27;s Redis server does not answer." in page
            assert "/admin/shop/shelf/add/" in page
        assert len(tries) == 1

    def test_any_other_fault_leaves_the_page_alone(self, admin_client, monkeypatch, caplog):
        monkeypatch.setattr(front_page, "_models", lambda *args: 1 / 0)
        with caplog.at_level(logging.ERROR, "celery_task_tracker"):
            page = admin_client.get(URL).content.decode()
        assert "/admin/shop/shelf/add/" in page
        assert "task-tracker-index" not in page
        assert "The front page cannot show what runs" in caplog.text


def test_a_site_of_the_projects_own_has_it_too(admin_client):
    # On this site the ModelAdmin of orders is Django's own.
    keep("f", "FAILURE", model="shop.order")
    assert panel(admin_client, "/backstage/") == {"Orders": ["0", "1"]}


def test_the_panel_survives_a_template_of_the_projects_own(admin_client, tmp_path, settings):
    (tmp_path / "admin").mkdir()
    (tmp_path / "admin" / "index.html").write_text(
        '{% extends "admin/base_site.html" %}{% block content %}Our own page{% endblock %}'
    )
    engine = {**settings.TEMPLATES[0], "DIRS": [tmp_path]}
    settings.TEMPLATES = [engine]
    page = admin_client.get(URL).content.decode()
    assert "task-tracker-index" in page
    assert "Our own page" in page
