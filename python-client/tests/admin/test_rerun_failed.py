"""The change list's action that runs the failed tasks of the chosen objects again."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User

from celery_task_tracker.admin import rerun_failed
from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server.client import TrackerClient, get_client
from celery_task_tracker.server.writes import Event
from messages import headers_in
from shop.models import Order

pytestmark = pytest.mark.django_db

URL = "/admin/shop/order/"

#: A queue that no worker reads.
QUEUE = "failed"


@pytest.fixture(autouse=True)
def column(settings, broker, tracker):
    settings.TASK_TRACKER_CHANGELIST_COLUMN = True
    with broker.client(db=1) as client:
        client.delete(QUEUE)


@pytest.fixture
def orders():
    return [Order.objects.create(pk=pk) for pk in (1, 2, 3)]


def keep(pk, task_id, state="FAILURE", name="shop.tasks.succeed", **fields):
    fields = {"args": f"[{pk}]", "kwargs": "{}", "replayable": "1", "queue": QUEUE} | fields
    ref = ObjectRef("shop.order", str(pk))
    get_client().write([Event((ref,), task_id, name, state, 0, 1_700_000_000_000, fields)])


def post(client, *pks, **more):
    data = {"action": rerun_failed.NAME, "_selected_action": pks, **more}
    return client.post(URL, data, follow=True)


def text(response):
    return " ".join(response.content.decode().split())


def said(response):
    return [str(message) for message in response.context["messages"]]


def sent(broker):
    return sorted(each["argsrepr"] for each in headers_in(broker, QUEUE))


def as_user(client, *permissions):
    user = User.objects.create_user("user", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)


def choices(client, query=""):
    form = client.get(f"{URL}{query}").context["action_form"]
    return [name for name, _title in form.fields["action"].choices] if form else []


def test_it_tells_first_what_it_would_do_and_changes_nothing(admin_client, broker, orders, record):
    keep(1, "a")
    keep(1, "b", name="shop.tasks.sleep", args="[1,0]")
    keep(2, "c")
    keep(2, "redacted", replayable="")
    keep(2, "hidden", name="shop.tasks.hidden")
    keep(2, "done", "SUCCESS")
    keep(3, "not chosen")
    page = text(post(admin_client, 1, 2))
    assert "3 tasks will be run again, with the arguments that they had" in page
    assert "<li>Succeed: 2</li><li>Sleep: 1</li>" in page
    assert "Its stored arguments are not exactly those that it had" in page
    assert "This task may not be run again from here. (1)" in page
    assert sent(broker) == []
    assert not LogEntry.objects.exists()
    assert "rerun_as" not in record(1, "a")


def test_it_runs_the_failed_tasks_of_the_chosen_objects_again(admin_client, broker, orders, record):
    keep(1, "a")
    keep(2, "b")
    keep(2, "done", "SUCCESS")
    keep(2, "redacted", replayable="")
    keep(3, "not chosen")
    answer = post(admin_client, 1, 2, post="yes")
    assert answer.redirect_chain == [(URL, 302)]
    assert said(answer)[0] == "Ran 2 tasks again."
    assert said(answer)[1].startswith("Not run again: Its stored arguments are not exactly")
    assert sent(broker) == ["(1,)", "(2,)"]
    for pk, task_id in ((1, "a"), (2, "b")):
        new = record(pk, task_id)["rerun_as"]
        again = record(pk, new)
        assert (again["rerun_of"], again["launched_by"]) == (task_id, "admin")
        entry = LogEntry.objects.get(object_id=pk).get_change_message()
        assert entry == f"Ran 1 task again: shop.tasks.succeed ({new})."


def test_repeated_it_leaves_out_what_was_run_again_already(admin_client, broker, orders):
    keep(1, "a")
    post(admin_client, 1, post="yes")
    keep(1, "b")
    assert "This task was run again already. (1)" in text(post(admin_client, 1))
    post(admin_client, 1, post="yes")
    assert len(sent(broker)) == 2


def test_arguments_that_name_another_object_are_refused(admin_client, broker, orders):
    keep(1, "a", args="[3]")
    answer = post(admin_client, 1, post="yes")
    assert said(answer) == ["Not run again: These arguments do not name this object. (1)"]
    assert sent(broker) == []


def test_each_object_needs_the_permission_to_be_changed(client, broker, orders, as_configured):
    as_configured(
        has_change_permission=lambda self, request, obj=None: obj is None or obj.pk == 1,
        has_view_permission=lambda self, request, obj=None: True,
    )
    as_user(client)
    keep(1, "a")
    keep(2, "b")
    page = text(post(client, 1, 2))
    assert "1 task will be run again" in page
    assert "You may not change 1 of the chosen objects." in page
    post(client, 1, 2, post="yes")
    assert sent(broker) == ["(1,)"]


def test_objects_that_the_user_may_not_see_are_left_alone(admin_client, broker):
    Order.objects.create(pk=7, reference="competition")
    keep(7, "a")
    assert "No task of the chosen objects can be run again." in text(post(admin_client, 7))
    post(admin_client, 7, post="yes")
    assert sent(broker) == []


class TestItIsOffered:
    def test_where_the_column_is(self, admin_client, settings, orders):
        assert rerun_failed.NAME in choices(admin_client)
        settings.TASK_TRACKER_CHANGELIST_COLUMN = False
        assert rerun_failed.NAME not in choices(admin_client)

    def test_to_those_who_may_change_objects_and_no_others(self, client, broker, orders):
        as_user(client, "view_order")
        assert rerun_failed.NAME not in choices(client)
        keep(1, "a")
        post(client, 1, post="yes")
        assert sent(broker) == []

    def test_to_those_who_have_no_other_action(self, client, orders):
        as_user(client, "view_order", "change_order")
        assert choices(client) == ["", rerun_failed.NAME]

    def test_in_no_popup_and_where_a_project_wants_no_actions(
        self, admin_client, orders, as_configured
    ):
        assert choices(admin_client, "?_popup=1") == []
        as_configured(actions=None)
        assert choices(admin_client) == []


class TestCosts:
    def test_the_round_trips_grow_by_hundreds_of_objects(self, admin_client, monkeypatch):
        asked = []
        ask = TrackerClient.query_each
        monkeypatch.setattr(
            TrackerClient, "query_each", lambda *args: (asked.append(args), ask(*args))[1]
        )
        Order.objects.bulk_create(Order(pk=pk) for pk in range(1, 151))
        for count, round_trips in ((100, 1), (150, 2)):
            asked.clear()
            post(admin_client, *range(1, count + 1))
            assert len(asked) == round_trips

    def test_it_takes_no_more_at_once_than_it_can_say(self, admin_client, orders, monkeypatch):
        monkeypatch.setattr(rerun_failed, "MOST_TASKS", 2)
        for task_id in ("a", "b", "c"):
            keep(1, task_id)
        page = text(post(admin_client, 1))
        assert "2 tasks will be run again" in page
        assert "At most 2 tasks are run again at once." in page


class TestWhatFails:
    def test_without_redis_it_says_so_and_does_nothing(self, admin_client, orders, settings):
        settings.CELERY_TASKTRACKER_REDIS_URL = "redis://127.0.0.1:1"
        for more in ({}, {"post": "yes"}):
            assert said(post(admin_client, 1, **more)) == [
                "The tracker's Redis server does not answer."
            ]

    def test_without_a_broker_it_tries_once_for_all_objects(
        self, admin_client, orders, without_broker
    ):
        for pk in (1, 2):
            keep(pk, "a", name=without_broker.name)
        (told,) = said(post(admin_client, 1, 2, post="yes"))
        assert told.startswith("Not run again: Celery's message broker does not answer")
        assert told.endswith("(2)")
