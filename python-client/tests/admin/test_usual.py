"""What is usual for each task, against a naive count over the same records."""

import random
import statistics

import pytest

from celery_task_tracker.admin.usual import percentile
from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.writes import Event
from shop.models import Order

pytestmark = pytest.mark.django_db

URL = "/admin/shop/order/1042/task-tracker/usual/"
EPOCH = 1_700_000_000_000
REF = ObjectRef("shop.order", "1042")


@pytest.fixture(autouse=True)
def order(tracker):
    return Order.objects.create(pk=1042)


def keep(task_id, *states, name="shop.tasks.succeed", is_tentative=False, **fields):
    """Keeps a task that was in these states, ``(state, milliseconds since EPOCH)``."""
    get_client().write(
        [
            Event((REF,), task_id, name, state, 0, EPOCH + at, fields, is_tentative=is_tentative)
            for state, at in states
        ]
    )


def usual(client, **filters):
    return client.get(URL, filters).json()


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([7], 50, 7),
        ([7], 95, 7),
        ([1, 2], 50, 1),
        ([3, 1, 2], 50, 2),
        (range(1, 101), 95, 95),
        (range(1, 21), 95, 19),
        (range(1, 20), 95, 19),
        ([5, 5, 5, 90], 95, 90),
    ],
)
def test_a_percentile_is_a_value_that_occurred(values, percent, expected):
    assert percentile(list(values), percent) == expected


def test_the_numbers_are_those_of_a_naive_count(admin_client):
    chance = random.Random(7)
    told = {}
    for number in range(150):
        name = chance.choice(["shop.tasks.succeed", "shop.tasks.fail"])
        state = chance.choice(["SUCCESS", "SUCCESS", "FAILURE"])
        waited, ran = chance.randrange(5000), chance.randrange(60_000)
        begin = number * 10
        keep(
            f"t{number}",
            ("PENDING", begin),
            ("STARTED", begin + waited),
            (state, begin + waited + ran),
            name=name,
        )
        told.setdefault(name, []).append((ran, waited, state, f"t{number}"))
    answer = usual(admin_client)
    assert answer["examined"] == 150
    assert [each["name"] for each in answer["tasks"]] == sorted(told, key=lambda n: -len(told[n]))
    for each in answer["tasks"]:
        known = told[each["name"]]
        assert each["count"] == len(known)
        assert each["failures"] == sum(state == "FAILURE" for _, _, state, _ in known)
        for what, values in (
            ("ran", sorted(ran for ran, *_ in known)),
            ("waited", sorted(waited for _, waited, *_ in known)),
        ):
            assert each[what]["count"] == len(values)
            assert each[what]["median"] == statistics.median_low(values)
            at_most = [
                value for value in values if sum(v <= value for v in values) >= 0.95 * len(values)
            ]
            assert each[what]["p95"] == min(at_most)
        assert each["slowest"] == {"id": max(known)[3], "ran": max(known)[0]}


def test_the_last_200_that_ended_count(admin_client):
    for number in range(205):
        keep(f"t{number}", ("STARTED", number), ("SUCCESS", number + (60_000 if number < 5 else 7)))
    keep("runs", ("STARTED", 900))
    (only,) = usual(admin_client)["tasks"]
    assert (only["count"], only["slowest"]["ran"]) == (200, 7)


def test_the_filters_of_the_page_choose_which_count(admin_client):
    keep("t1", ("STARTED", 0), ("SUCCESS", 10))
    keep("t2", ("STARTED", 5000), ("FAILURE", 5020), name="shop.tasks.fail")
    assert [each["name"] for each in usual(admin_client, task="shop.tasks.fail")["tasks"]] == [
        "shop.tasks.fail"
    ]
    keep("t3", ("STARTED", 6000), name="shop.tasks.fail")
    assert usual(admin_client, task="shop.tasks.fail")["examined"] == 1
    assert usual(admin_client, until=str(EPOCH + 4000))["examined"] == 1
    assert usual(admin_client, since=str(EPOCH + 6000)) == {"tasks": [], "examined": 0}


def test_what_says_nothing_of_a_run_is_left_out_of_its_time(admin_client):
    keep("waited", ("PENDING", 0), ("REVOKED", 9000))
    keep("ended by hand", ("STARTED", 0), ("REVOKED", 9000))
    keep("lost", ("STARTED", 0))
    keep("lost", ("FAILURE", 9000), is_tentative=True)
    (only,) = usual(admin_client)["tasks"]
    assert (only["count"], only["failures"]) == (3, 1)
    assert (only["ran"], only["slowest"]) == (None, None)


def test_a_task_that_was_to_run_later_waits_from_then_on(admin_client):
    keep("t1", ("PENDING", 0), ("STARTED", 61_000), ("SUCCESS", 62_000), eta="2023-11-14T22:14:20Z")
    (only,) = usual(admin_client)["tasks"]
    assert only["waited"]["median"] == 1000


def test_a_record_that_another_program_made_unreadable_affects_itself_alone(admin_client, tracker):
    keep("t1", ("STARTED", 0), ("SUCCESS", 10))
    keep("t2", ("STARTED", 1), ("SUCCESS", 12))
    with tracker.client() as client:
        client.hset("shop.order:{1042}:record:t2", mapping={"started_at": "?", "eta": "never"})
        client.hdel("shop.order:{1042}:record:t2", "name")
    assert {each["name"] for each in usual(admin_client)["tasks"]} == {"shop.tasks.succeed", ""}


def test_who_may_not_view_the_object_is_told_nothing(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("nobody", is_staff=True))
    assert client.get(URL).status_code == 403
