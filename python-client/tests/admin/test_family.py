"""Where a task of an object belongs: chains, groups and chords as Celery sends them."""

import pytest
from celery import chain, chord, group
from django.contrib.auth.models import Permission, User
from test_workflow import drawn_rows

from celery_task_tracker.admin import family
from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.writes import Event
from shop import tasks
from shop.models import Order

pytestmark = pytest.mark.django_db

PAGE = "/admin/shop/order/1042/task-tracker/"


@pytest.fixture(autouse=True)
def order(broker, tracker):
    return Order.objects.create(pk=1042)


def keep(task_id, state="SUCCESS", pk="1042", at=0, **fields):
    event = Event(
        (ObjectRef("shop.order", pk),),
        task_id,
        "shop.tasks.succeed",
        state,
        0,
        1_700_000_000_000 + at,
        fields,
    )
    get_client().write([event])


@pytest.fixture
def told(admin_client):
    def get(task_id):
        return admin_client.get(f"{PAGE}family/{task_id}/").json()

    return get


def succeed():
    return tasks.succeed.si(1042)


def test_a_chain_a_group_and_a_chord_of_a_real_worker(worker, ended, told):
    first = chain(succeed(), succeed(), succeed()).apply_async()
    second = group(succeed(), tasks.fail.si(1042), chain(succeed(), succeed())).apply_async()
    third = chain(succeed(), group(succeed(), succeed()), succeed()).apply_async()
    for result in (first, third, second.results[0], second.results[2]):
        ended(1042, result.id, "SUCCESS")
    ended(1042, second.results[1].id, "FAILURE")

    steps = [first.parent.parent.id, first.parent.id, first.id]
    for task_id in steps:
        assert drawn_rows(told(task_id)["rows"]) == [steps[0], f"> {steps[1]}", f"> {steps[2]}"]

    (one, wrong, last), before = [each.id for each in second.results], second.results[2].parent.id
    found = told(last)
    assert sorted(drawn_rows(found["rows"])) == sorted(
        [
            f"({second.id}: 4/4, 1 failed)",
            *(f"  {each}" for each in (one, wrong, before)),
            f"  > {last}",
        ]
    )
    assert (found["total"], found["done"], found["failed"]) == (4, 4, 1)
    assert found["isComplete"]
    assert not found["isActive"]

    header = third.parent
    drawing = drawn_rows(told(header.results[0].id)["rows"])
    assert drawing[:2] == [header.parent.id, f"> ({header.id}: 2/2, 0 failed)"]
    assert sorted(drawing[2:4]) == sorted(f"  {each.id}" for each in header.results)
    assert drawing[4:] == [f"> {third.id}"]


def test_a_chord_that_starts_a_workflow_and_one_whose_member_fails(worker, ended, told):
    good = chord([succeed(), succeed()])(succeed())
    ended(1042, good.id, "SUCCESS")
    assert drawn_rows(told(good.id)["rows"])[-1] == f"> {good.id}"
    members = [tasks.fail.si(1042), succeed()]
    bad = chord(members)(succeed()).parent.results
    ended(1042, bad[0].id, "FAILURE")
    ended(1042, bad[1].id, "SUCCESS")
    found = told(bad[1].id)
    assert (found["total"], found["done"], found["failed"]) == (2, 2, 1)


def test_what_belongs_to_other_objects_is_not_told(worker, ended, told):
    result = chain(succeed(), tasks.succeed.si(7), succeed()).apply_async()
    ended(1042, result.id, "SUCCESS")
    first, middle = result.parent.parent.id, result.parent.id
    found = told(result.id)
    assert drawn_rows(found["rows"]) == [first, result.id]
    assert found["there"] == [first]
    assert middle not in str(found)
    assert told(middle)["error"]["code"] == "no-task"


def test_a_task_by_itself_belongs_to_nothing(told):
    keep("a", "STARTED", root_id="a")
    keep("b", root_id="b", at=1)
    found = told("a")
    assert (found["total"], found["isActive"], found["there"]) == (1, True, [])


def test_an_id_is_there_if_this_object_has_the_task_however_old_it_is(told, monkeypatch):
    monkeypatch.setattr(family, "EXAMINED", 200)
    keep("old", at=0, root_id="old")
    keep("first", at=1)
    for number in range(250):
        keep(f"between{number}", at=2 + number)
    keep("new", at=900, root_id="old", parent_id="gone", rerun_of="first", rerun_as="new")
    found = told("new")
    assert found["there"] == ["first", "old"]
    assert drawn_rows(found["rows"]) == ["old", "new"]
    assert not found["isComplete"]
    assert found["examined"] == 200


def test_relatives_are_looked_for_around_the_task_not_among_the_newest(told, monkeypatch):
    monkeypatch.setattr(family, "EXAMINED", 200)
    for number in range(3):
        keep(f"part{number}", group_id="g", root_id=f"part{number}", at=number)
    for number in range(250):
        keep(f"later{number}", at=100 + number)
    found = told("part1")
    assert drawn_rows(found["rows"]) == ["(g: 3/3, 0 failed)", "  part0", "  part1", "  part2"]
    assert not found["isComplete"]


def test_ids_with_slashes_and_hostile_ones_are_answered(told, admin_client):
    keep("a/b", parent_id="a/b", root_id="a/b", group_id="a/b")
    keep("loop1", parent_id="loop2", root_id="loop2", at=1)
    keep("loop2", parent_id="loop1", root_id="loop1", at=2)
    assert drawn_rows(told("a/b")["rows"]) == ["a/b"]
    assert drawn_rows(told("loop2")["rows"]) == ["loop1", "> loop2"]
    assert admin_client.get(f"{PAGE}family/%00%ff/").status_code == 404


def test_it_takes_the_permission_to_view_this_object(client, admin_client):
    keep("a")
    assert admin_client.post(f"{PAGE}family/a/").status_code == 405
    user = User.objects.create_user("staff", is_staff=True)
    client.force_login(user)
    assert client.get(f"{PAGE}family/a/").status_code == 403
    user.user_permissions.set(Permission.objects.filter(codename="view_order"))
    assert client.get(f"{PAGE}family/a/").status_code == 200
    assert client.get(PAGE.replace("1042", "7") + "family/a/").status_code == 404


def test_it_costs_three_round_trips_at_most(admin_client, tracker):
    keep("a", root_id="gone", parent_id="gone2")
    admin_client.get(f"{PAGE}list/")
    assert tracker.round_trips(lambda: admin_client.get(f"{PAGE}family/a/")) <= 3
