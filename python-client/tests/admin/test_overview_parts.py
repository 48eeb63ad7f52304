"""An overview in several parts: every page, list and act is as with a single part."""

import json
import random
import time
from datetime import datetime, timezone
from io import StringIO

import pytest
from django.core.management import call_command

from celery_task_tracker.registration.resolution import ObjectRef, OverviewRef
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.writes import Event
from celery_task_tracker.states import STATES
from shop.models import Order

pytestmark = pytest.mark.django_db

SITE = "/backstage/"
CHANGELIST = f"{SITE}shop/order/"
PAGE = f"{CHANGELIST}task-tracker/"
NAMES = ("shop.tasks.succeed", "shop.tasks.fail")
ERRORS = ("no stock of 5", "no stock of 7", "Timeout after 30 s", "disk full")


@pytest.fixture(autouse=True)
def orders(tracker, settings):
    settings.TASK_TRACKER_INDEX = True
    # What is alive at the beginning of a test is so at its end.
    settings.TASK_TRACKER_HEARTBEAT = 3600
    settings.TASK_TRACKER_CHANGELIST_COLUMN = True
    return [Order.objects.create(pk=pk, reference=f"r{pk}") for pk in range(1, 13)]


@pytest.fixture(params=[1, 4], ids=lambda parts: f"{parts}-parts")
def parts(request, settings):
    settings.TASK_TRACKER_OVERVIEW_PARTS = request.param


def event(task_id, *pks, at=None, state="SUCCESS", name=NAMES[0], **fields):
    refs = tuple(ObjectRef("shop.order", str(pk)) for pk in pks)
    fields = {"objects": json.dumps(refs), **fields}
    at = at or time.time_ns() // 1_000_000
    return Event(refs, task_id, name, state, 0, at, fields, overviews=(OverviewRef("shop.order"),))


def keep(*events):
    assert get_client().write(events) == []


def any_events(count):
    dice = random.Random(5)
    now = time.time_ns() // 1_000_000
    alive = datetime.fromtimestamp(now / 1000, timezone.utc).isoformat()
    for number in range(count):
        # Nothing runs or fails for the last orders.
        state = dice.choice(STATES)
        active_or_failed = state in ("STARTED", "FAILURE", "PENDING", "RECEIVED", "RETRY")
        fields = {"worker": dice.choice(("a@h", "b@h"))}
        if state == "FAILURE":
            fields |= {"error": dice.choice(ERRORS), "exception": "ValueError"}
        if state == "STARTED":
            fields["alive_at"] = dice.choice(("2020-01-01T00:00:00+00:00", alive))
        yield event(
            f"t{number}",
            *dice.sample(range(1, 7 if active_or_failed else 10), dice.choice((1, 1, 2))),
            at=now - 1_800_000 + number * 1000,
            state=state,
            name=dice.choice(NAMES),
            **fields,
        )


def test_every_view_shows_what_it_shows_of_one_part(admin_client, settings):
    events = list(any_events(250))
    begin, end = events[0].at, events[-1].at
    queries = {
        "list/": (
            *("", "page=7", "page_size=200&page=2", "state=FAILURE", "state=STARTED&state=RETRY"),
            *(f"task={NAMES[1]}&state=FAILURE", "match=TIMEOUT", "match=r5", "silent=1"),
            *(f"since={begin + 50_000}&until={begin + 90_000}", "page=99"),
        ),
        "causes/": ("", f"task={NAMES[0]}", "match=stock"),
        "usual/": ("", f"task={NAMES[1]}"),
        "picture/": (f"since={begin}&length={(end - begin) // 7}&buckets=9",),
        "tasks/": ("t0/", "t100/", "t249/"),
    }

    def rows(url):
        return admin_client.get(url).json()

    def seen():
        cause = rows(f"{PAGE}causes/")["causes"][0]["key"]
        filters = {"act": "rerun", "cause": cause}
        front_page = admin_client.get(SITE).context["task_tracker_lines"]
        export = StringIO()
        call_command("tracker_export", "shop.Order", stdout=export, stderr=StringIO())
        return {
            **{
                f"{view}{query}": rows(f"{PAGE}{view}{'' if view == 'tasks/' else '?'}{query}")
                for view, of_view in queries.items()
                for query in of_view
            },
            "cause": rows(f"{PAGE}list/?cause={cause}&page_size=5&page=2"),
            "plan": admin_client.post(f"{PAGE}several/plan/", filters).json(),
            "revoke": admin_client.post(f"{PAGE}several/plan/", {"act": "revoke"}).json(),
            "front page": front_page,
            "export": export.getvalue().splitlines(),
            **{
                choice: [
                    obj.pk
                    for obj in admin_client.get(CHANGELIST, {"task_tracker": choice})
                    .context["cl"]
                    .result_list
                ]
                for choice in ("failing", "running", "waiting", "silent", "none")
            },
        }

    answers = []
    for parts in (1, 4):
        settings.TASK_TRACKER_OVERVIEW_PARTS = parts
        keep(*events)
        answers.append(seen())
    one, four = answers
    for what, answer in one.items():
        assert four[what] == answer, what
    assert one["list/"]["total"] == 250
    assert len(one["list/page_size=200&page=2"]["tasks"]) == 50
    assert one["plan"]["refused"] or one["plan"]["ids"]
    assert one["export"]
    assert one["failing"]
    assert {10, 11, 12} <= set(one["none"])


@pytest.mark.usefixtures("parts")
class TestActs:
    @pytest.fixture
    def states(self, admin_client):
        def read():
            return {
                row["id"]: row["state"] for row in admin_client.get(f"{PAGE}list/").json()["tasks"]
            }

        return read

    def test_a_silent_task_is_marked_as_lost(self, admin_client, states):
        keep(event("t1", 5, 2, state="STARTED", alive_at="2020-01-01T00:00:00+00:00"))
        assert admin_client.post(f"{PAGE}lost/", {"task_id": "t1"}).status_code == 202
        assert states() == {"t1": "FAILURE"}

    def test_a_revocation_is_shown(self, admin_client, broker):
        keep(event("t1", 5, 2, state="PENDING"), event("t2", 7, state="PENDING"))
        for task_id in ("t1", "t2"):
            assert admin_client.post(f"{PAGE}revoke/", {"task_id": task_id}).status_code == 202
        rows = admin_client.get(f"{PAGE}list/").json()["tasks"]
        assert len(rows) == 2
        assert all("revoke_requested" in row for row in rows)

    def test_records_are_removed_with_their_rows(self, admin_client, states):
        keep(event("t1", 5, 2), event("t2", 5), event("t3", 7))
        answer = admin_client.post(
            f"{PAGE}several/", {"act": "remove", "task_id": ["t2", "t3"]}
        ).json()
        assert len(answer["done"]) == 2
        assert states() == {"t1": "SUCCESS"}
