"""The numbers of the picture, against a naive count over the same records."""

import random
import time
from collections import Counter
from datetime import datetime, timezone

import pytest
from django.core.management import CommandError, call_command

from celery_task_tracker import task_tracker
from celery_task_tracker.admin.picture import Frame
from celery_task_tracker.recording import marks, process
from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.query import Span
from celery_task_tracker.server.writes import Event
from shop.models import Order

pytestmark = pytest.mark.django_db

URL = "/admin/shop/order/1042/task-tracker/picture/"
MINUTE = 60_000


@pytest.fixture(autouse=True)
def order(tracker):
    return Order.objects.create(pk=1042)


def keep(*tasks):
    """Keeps tasks of order 1042, ``(state, at)``."""
    ref = ObjectRef("shop.order", "1042")
    get_client().write(
        [
            Event((ref,), f"t{number}", "shop.tasks.succeed", state, 0, at)
            for number, (state, at) in enumerate(tasks)
        ]
    )


def now():
    return time.time_ns() // 1_000_000


def drawn(client, since, length, buckets):
    return client.get(URL, {"since": since, "length": length, "buckets": buckets}).json()


@pytest.mark.parametrize("age", [0, MINUTE // 2, 3 * MINUTE, 30 * MINUTE, 600 * MINUTE])
def test_the_buckets_are_those_of_a_naive_count(admin_client, age):
    """Whether the frame goes on after now, ends now, or ended long ago."""
    begin = (now() - 59 * MINUTE - age) // MINUTE * MINUTE
    chance = random.Random(7)
    states = ("SUCCESS", "FAILURE", "STARTED", "PENDING", "REVOKED")
    tasks = [
        (chance.choice(states), min(now(), begin + chance.randrange(-5 * MINUTE, 62 * MINUTE)))
        for _ in range(400)
    ]
    # On the very edges of buckets, too.
    tasks += [("SUCCESS", begin), ("SUCCESS", begin + MINUTE), ("FAILURE", begin + MINUTE - 1)]
    keep(*tasks)
    naive = [Counter() for _ in range(60)]
    for state, at in tasks:
        if begin <= at < begin + 60 * MINUTE:
            naive[(at - begin) // MINUTE][state] += 1
    assert drawn(admin_client, begin, MINUTE, 60)["buckets"] == naive


def test_a_picture_of_the_future_is_empty(admin_client):
    keep(("SUCCESS", now()))
    assert drawn(admin_client, now() + 5000, 1000, 3) == {"buckets": [{}, {}, {}], "marks": []}


def test_no_bucket_that_may_not_have_ended_sets_the_others():
    frame = Frame(since=0, length=10, buckets=6)
    assert list(frame.spans(now=45)) == [Span(0, 29, 3), Span(30, 39), Span(40, 49)]
    assert list(frame.spans(now=5)) == [Span(0, 9)]
    assert list(frame.spans(now=61)) == [Span(0, 39, 4), Span(40, 49), Span(50, 59)]
    assert list(frame.spans(now=80)) == [Span(0, 59, 6)]
    assert list(frame.spans(now=-1)) == []


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"since": "x", "length": "1", "buckets": "1"},
        {"since": "-1", "length": "1", "buckets": "1"},
        {"since": "1" * 15, "length": "1", "buckets": "1"},
        {"since": "٣", "length": "1", "buckets": "1"},
        {"since": "0", "length": "0", "buckets": "1"},
        {"since": "0", "length": "1", "buckets": "0"},
        {"since": "0", "length": "1", "buckets": "201"},
    ],
)
def test_other_frames_are_refused(admin_client, given):
    response = admin_client.get(URL, given)
    assert response.status_code == 400
    assert response.json()["error"]["message"]


def test_the_longest_frame_can_be_asked_for(admin_client):
    most = int("9" * 14)
    assert len(drawn(admin_client, 0, most, 200)["buckets"]) == 200


def test_who_may_not_view_the_object_is_told_nothing(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("nobody", is_staff=True))
    response = client.get(URL, {"since": 0, "length": 1, "buckets": 1})
    assert response.status_code == 403


class TestMarks:
    def test_the_picture_of_every_object_has_them(self, admin_client):
        Order.objects.create(pk=7)
        before = now()
        task_tracker.mark(" v2.3\n")
        process.settle()
        call_command("tracker_mark", "v2.4", verbosity=0)
        for pk in ("1042", "7"):
            answer = admin_client.get(
                URL.replace("1042", pk), {"since": before - 1000, "length": 60_000, "buckets": 2}
            ).json()
            assert [mark["text"] for mark in answer["marks"]] == ["v2.3", "v2.4"]
            assert answer["buckets"] == [{}, {}]

    def test_a_mark_is_where_it_is_put(self, admin_client, settings):
        at = datetime(2023, 11, 14, 22, 13, 20, tzinfo=timezone.utc)
        task_tracker.mark("v1", at=at)
        process.settle()
        begin = int(at.timestamp() * 1000)
        (mark,) = drawn(admin_client, begin, 1000, 1)["marks"]
        assert mark == {"at": "2023-11-14T22:13:20.000Z", "text": "v1"}
        assert drawn(admin_client, begin + 1, 1000, 1)["marks"] == []
        assert drawn(admin_client, begin - 1000, 1000, 1)["marks"] == []

    @pytest.mark.parametrize("text", ["", "  \n", "v" * 101])
    def test_another_text_is_refused(self, text):
        with pytest.raises(ValueError, match="1 to 100 characters"):
            task_tracker.mark(text)
        with pytest.raises(CommandError, match="1 to 100 characters"):
            call_command("tracker_mark", text)

    @pytest.mark.parametrize(
        ("window", "expected"),
        [
            (3600, 3600),
            ({"SUCCESS": 60, "FAILURE": 7200}, 7200),
            ({"default": 600, "SUCCESS": None}, 600),
        ],
    )
    def test_it_is_kept_for_as_long_as_the_tasks(self, settings, tracker, window, expected):
        settings.TASK_TRACKER_RETENTION_WINDOW = window
        task_tracker.mark("v1")
        process.settle()
        with tracker.client() as client:
            (key,) = client.scan_iter("celery-marks:{all}:record:*")
            assert expected - 30 <= client.ttl(key) <= expected

    def test_nothing_is_marked_while_tracking_is_off(self, settings, tracker):
        settings.TASK_TRACKER_ENABLED = False
        task_tracker.mark("v1")
        process.settle()
        with tracker.client() as client:
            assert client.dbsize() == 0

    def test_each_namespace_has_its_own(self, settings):
        task_tracker.mark("theirs")
        process.settle()
        settings.TASK_TRACKER_NAMESPACE = "acme"
        task_tracker.mark("ours")
        process.settle()
        assert [mark.text for mark in marks.read(0, now())] == ["ours"]

    def test_the_command_fails_where_redis_is_away(self, settings):
        settings.CELERY_TASKTRACKER_REDIS_URL = "redis://127.0.0.1:1"
        with pytest.raises(CommandError, match="not stored"):
            call_command("tracker_mark", "v1")

    def test_the_command_fails_where_redis_refuses(self, settings, tracker):
        with tracker.client() as client:
            client.execute_command(
                "ACL SETUSER web on >word ~shop.* +tracker.upsert +tracker.query +tracker.stats"
            )
            try:
                settings.CELERY_TASKTRACKER_REDIS_URL = tracker.url.replace("//", "//web:word@")
                with pytest.raises(CommandError, match="not stored"):
                    call_command("tracker_mark", "v1")
                # A picture without its marks is still a picture.
                assert marks.read(0, now()) == []
            finally:
                client.execute_command("ACL DELUSER web")
