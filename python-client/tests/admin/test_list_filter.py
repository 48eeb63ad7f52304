"""The change list's filter by the tasks of the objects."""

import itertools
import json
import random
from datetime import datetime, timedelta, timezone

import django
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from celery_task_tracker.admin import TaskTrackerFilter, list_filter
from celery_task_tracker.registration.resolution import ObjectRef, OverviewRef, object_of
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.writes import Event
from servers import HOST, free_port
from shop.models import Camper, Order, Parcel, Shelf

pytestmark = pytest.mark.django_db

URL = "/admin/shop/order/"
HAS_COUNTS = django.VERSION >= (5, 0)
CHOICES = ["failing", "running", "waiting", "silent", "none"]
STATES = ["PENDING", "RECEIVED", "STARTED", "RETRY", "SUCCESS", "FAILURE", "REVOKED", "IGNORED"]


@pytest.fixture(autouse=True)
def column(settings, tracker):
    settings.TASK_TRACKER_CHANGELIST_COLUMN = True


@pytest.fixture
def orders():
    return [Order.objects.create(pk=pk) for pk in range(1, 7)]


def ago(**units):
    return (datetime.now(timezone.utc) - timedelta(**units)).isoformat()


_numbers = itertools.count()


def keep(*refs, state="FAILURE", task_id="", at=0, **fields):
    """Keeps a task of some objects, given by their names or as keys of orders."""
    refs = tuple(
        ref if isinstance(ref, ObjectRef) else ObjectRef("shop.order", str(ref)) for ref in refs
    )
    task_id = task_id or f"t{next(_numbers)}"
    name, at = "shop.tasks.succeed", at + 1_700_000_000_000
    fields = {"objects": json.dumps(refs)} | fields
    overviews = tuple({OverviewRef(ref.model) for ref in refs})
    event = Event(refs, task_id, name, state, 0, at, fields, overviews=overviews)
    assert get_client().write([event]) == []


def counted(admin_client, **query):
    """The list, with counts beside the choices of its filters. Django has them from 5.0 on."""
    return admin_client.get(URL, {**query, **({"_facets": "True"} if HAS_COUNTS else {})})


def label(choice, count):
    return f"{choice} ({count})" if HAS_COUNTS else choice


def listed(client, choice="", url=URL, **query):
    query |= {"task_tracker": choice} if choice else {}
    response = client.get(url, query)
    assert response.status_code == 200
    return {obj.pk for obj in response.context["cl"].result_list}


def said(client, choice, url=URL):
    response = client.get(url, {"task_tracker": choice})
    return [str(message) for message in response.context["messages"]]


def offered(client, url=URL, **query):
    filters = client.get(url, query).context["cl"].filter_specs
    return [
        choice for each in filters if isinstance(each, TaskTrackerFilter)
        for choice, _title in each.lookup_choices
    ]  # fmt: skip


class TestWhatItShows:
    def test_the_objects_that_have_such_tasks(self, admin_client, orders):
        keep(1, state="FAILURE")
        keep(1, state="SUCCESS")
        keep(2, state="STARTED", alive_at=ago(seconds=0))
        keep(3, state="STARTED", alive_at=ago(hours=1))
        keep(4, state="RETRY")
        keep(5, state="SUCCESS")
        assert listed(admin_client, "failing") == {1}
        assert listed(admin_client, "running") == {2, 3}
        assert listed(admin_client, "silent") == {3}
        assert listed(admin_client, "waiting") == {4}
        assert listed(admin_client, "none") == {6}
        assert listed(admin_client) == listed(admin_client, "nonsense") == {1, 2, 3, 4, 5, 6}

    def test_the_same_as_a_naive_count(self, admin_client):
        chance = random.Random(7)
        Order.objects.bulk_create(Order(pk=pk) for pk in range(1, 61))
        tasks = {pk: [] for pk in range(1, 61)}
        for number in range(700):
            refs = chance.sample(range(1, 51), chance.choice([1, 1, 1, 2]))
            state = chance.choices(STATES, [1, 1, 1, 1, 40, 2, 1, 1])[0]
            keep(*refs, state=state, at=number)
            for pk in refs:
                tasks[pk].append(state)

        def naive(*states):
            return {pk for pk, of_order in tasks.items() if set(states) & set(of_order)}

        assert listed(admin_client, "failing") == naive("FAILURE")
        assert listed(admin_client, "running") == naive("STARTED")
        assert listed(admin_client, "waiting") == naive("PENDING", "RECEIVED", "RETRY")
        assert listed(admin_client, "none") == set(tasks) - naive(*STATES)

    def test_it_works_beside_other_filters_a_search_and_counts(self, admin_client, orders):
        Order.objects.filter(pk__in=[1, 2]).update(reference="x")
        keep(1)
        keep(3)
        assert listed(admin_client, "failing", reference="x") == {1}
        page = counted(admin_client).content.decode()
        assert label("Failing", "2") in page
        assert label("No tasks", "4") in page

    def test_keys_of_any_kind_and_children_of_other_models(self, admin_client):
        parcel, shelf, camper = Parcel.objects.create(), Shelf("a{b}%c"), Camper.objects.create()
        shelf.save()
        for obj in (parcel, shelf, camper):
            keep(object_of(obj))
            url = f"/admin/shop/{obj._meta.model_name}/"
            assert listed(admin_client, "failing", url) == {obj.pk}
            assert listed(admin_client, "none", url) == set()

    @pytest.mark.parametrize(
        "objects",
        ["no json", "7", '[["shop.order", 7]]', '[["shop.order"]]', '[["shop.order", "x"]]'],
    )
    def test_a_record_that_names_no_object_is_passed_over(self, admin_client, orders, objects):
        keep(1)
        keep(2, objects=objects)
        assert listed(admin_client, "failing") == {1}
        assert listed(admin_client, "none") == {2, 3, 4, 5, 6}


class TestItIsOffered:
    def test_where_the_column_is(self, admin_client, settings, orders, as_configured):
        assert offered(admin_client) == CHOICES
        assert offered(admin_client, _popup=1) == []
        settings.TASK_TRACKER_CHANGELIST_COLUMN = False
        assert offered(admin_client) == []
        as_configured(list_display=["__str__", "task_tracker_status"])
        assert offered(admin_client) == CHOICES

    def test_not_where_the_project_turns_it_off(self, admin_client, orders, as_configured):
        as_configured(task_tracker_filter=False)
        assert offered(admin_client) == []

    def test_once_where_the_project_names_it_itself(
        self, admin_client, orders, settings, as_configured
    ):
        as_configured(list_filter=[TaskTrackerFilter, "reference"])
        assert offered(admin_client) == CHOICES
        settings.TASK_TRACKER_CHANGELIST_COLUMN = False
        assert offered(admin_client) == CHOICES

    def test_not_for_a_model_without_an_overview(self, admin_client, settings, orders):
        settings.TASK_TRACKER_OVERVIEW = False
        assert offered(admin_client) == []
        assert listed(admin_client, "failing") == {1, 2, 3, 4, 5, 6}

    def test_without_signs_of_life_there_is_no_choice_for_them(
        self, admin_client, settings, orders
    ):
        settings.TASK_TRACKER_HEARTBEAT = 0
        assert "silent" not in offered(admin_client)


class TestRestrictedUsers:
    def test_it_narrows_what_the_user_may_see_and_nothing_else(self, admin_client, orders):
        Order.objects.create(pk=7, reference="competition")
        keep(7)
        keep(1)
        assert listed(admin_client, "failing") == {1}
        page = counted(admin_client, task_tracker="failing")
        assert page.context["cl"].result_count == 1
        assert label("Failing", "1") in page.content.decode()

    def test_it_tells_nothing_of_objects_that_are_listed_but_may_not_be_viewed(
        self, admin_client, orders, as_configured
    ):
        def has_view_permission(self, request, obj=None):
            return obj is None or obj.pk != 1

        keep(1)
        as_configured(has_view_permission=has_view_permission)
        assert offered(admin_client) == []
        assert listed(admin_client, "failing") == {1, 2, 3, 4, 5, 6}
        as_configured(
            has_view_permission=has_view_permission,
            has_task_tracker_overview_permission=lambda self, request: True,
        )
        assert listed(admin_client, "failing") == {1}


class TestCosts:
    def test_the_queries_and_round_trips_do_not_grow_with_the_tasks(
        self, admin_client, tracker, settings
    ):
        settings.TASK_TRACKER_HEARTBEAT = 0  # so that the column costs one round trip
        Order.objects.bulk_create(Order(pk=pk) for pk in range(1, 31))

        def cost(choice):
            with (
                CaptureQueriesContext(
                    connection,
                ) as queries,
                tracker.asked() as asked,
            ):
                listed(admin_client, choice)
            return len(queries), asked.count("TRACKER.QUERY")

        keep(1)
        cost("failing")
        few = cost("failing")
        for number in range(450):
            keep(1 + number % 30)
        many = cost("failing")
        assert many[0] == few[0]
        # One command for every 200 records: the first alone, the others in one packet.
        assert (few[1], many[1]) == (1, 3)

    def test_a_choice_with_too_many_tasks_is_not_counted(self, admin_client, orders, monkeypatch):
        monkeypatch.setattr(list_filter, "MOST_COUNTED", 200)
        for number in range(201):
            keep(1, at=number)
        keep(2, state="STARTED")
        page = counted(admin_client).content.decode()
        assert label("Failing", "-") in page
        assert label("Running", "1") in page

    def test_it_says_if_there_are_more_tasks_than_it_looks_at(
        self, admin_client, orders, monkeypatch
    ):
        monkeypatch.setattr(list_filter, "LIMIT", 200)
        keep(1, at=-1)
        for number in range(200):
            keep(2, at=number)
        assert listed(admin_client, "failing") == {2}
        assert said(admin_client, "failing") == ["Only the newest 200 tasks were looked at."]
        assert said(admin_client, "running") == []


def test_without_redis_it_shows_nothing_and_says_why(admin_client, orders, settings):
    settings.CELERY_TASKTRACKER_REDIS_URL = f"redis://{HOST}:{free_port()}"
    assert listed(admin_client, "failing") == listed(admin_client, "none") == set()
    assert said(admin_client, "none") == ["The tracker's Redis server does not answer."]
    assert listed(admin_client) == {1, 2, 3, 4, 5, 6}
    assert label("Failing", "-") in counted(admin_client).content.decode()
