"""The overview of a model: the tasks of all its objects, kept in step with the objects' own."""

import json
import time
from dataclasses import replace

import pytest
from celery import states

from celery_task_tracker import task_tracker
from celery_task_tracker.recording import process
from celery_task_tracker.recording.delivery import Delivery
from celery_task_tracker.recording.overview import overview_with, overviews_of
from celery_task_tracker.registration.registry import registry
from celery_task_tracker.registration.resolution import ObjectRef, OverviewRef, overview_of
from celery_task_tracker.server.client import TrackerClient, get_client
from celery_task_tracker.server.query import Query
from celery_task_tracker.server.removals import AT_ONCE, Deletion, RecordRemoval
from celery_task_tracker.server.writes import Annotation, Event, SignOfLife
from servers import wait_for
from shop import tasks
from shop.models import FastVan, Order, RushOrder

pytestmark = pytest.mark.django_db(transaction=True)

ALL = OverviewRef("shop.order")
ONE, TWO, SHELF = (
    ObjectRef("shop.order", "1"),
    ObjectRef("shop.order", "2"),
    ObjectRef("shop.shelf", "A1"),
)

KEYS = ("1", "4", "6", "9", "10", "40", "60", "99")


@pytest.fixture(params=[1, 4], ids=lambda parts: f"{parts}-parts")
def parts(request, settings):
    """How many parts the overviews are cut into."""
    settings.TASK_TRACKER_OVERVIEW_PARTS = request.param
    return request.param


@pytest.fixture
def rows(tracker):
    """``rows()``: the rows of an overview by their task ids, after what was recorded is stored."""
    client = TrackerClient(tracker.url, 10, 10)

    def read(overview=ALL):
        process.flush_at_end()
        fields = ("id", "state", "name", "objects", "args", "result", "traceback", "error", "log")
        page = json.loads(client.query_json(overview, Query(size=200), fields))
        return {row["id"]: row for row in page["tasks"]}

    return read


def event(task_id="t1", *objects, state="SUCCESS", run=None, **more):
    objects = objects or (ONE,)
    overviews = tuple(dict.fromkeys(OverviewRef(ref.model) for ref in objects))
    fields = {"objects": json.dumps(objects), **more}
    at = time.time_ns() // 1_000_000
    return Event(objects, task_id, "shop.t", state, 0, at, fields, run, overviews=overviews)


class TestRecording:
    def test_each_event_of_a_task_is_in_the_overview_without_what_is_long(
        self, worker, ended, rows
    ):
        good, bad = tasks.succeed.delay(1, "a note"), tasks.fail.delay(2)
        ended(1, good.id, states.SUCCESS)
        ended(2, bad.id, states.FAILURE)
        wait_for(lambda: {row["state"] for row in rows().values()} == {"SUCCESS", "FAILURE"}, "it")
        found = rows()
        assert found[good.id]["objects"] == [["shop.order", "1"]]
        assert "order 2 is" in found[bad.id]["error"]
        assert not {"args", "result", "traceback", "log"} & {*found[good.id], *found[bad.id]}
        row, own = get_client().get(ALL, bad.id), get_client().get(TWO, bad.id)
        assert row
        assert own
        assert {name: own[name] for name in row} == row
        assert {*own} - {*row} == {
            *("args", "kwargs", "replayable", "traceback", "root_id", "priority"),
        } & {*own}

    def test_it_goes_in_the_same_packet_as_the_objects_own(self, tracker, rows):
        assert tracker.round_trips(lambda: get_client().write([event()])) == 1
        assert rows().keys() == {"t1"}

    def test_a_task_for_several_objects_is_one_row_of_each_model(self, rows, parts):
        get_client().write([event("t1", ONE, TWO, SHELF), event("t1", SHELF, TWO, ONE)])
        page = json.loads(get_client().query_json(ALL, Query()))
        assert (page["total"], page["states"]) == (1, {"SUCCESS": 1})
        assert rows().keys() == rows(OverviewRef("shop.shelf")).keys() == {"t1"}

    @pytest.mark.usefixtures("parts")
    def test_progress_signs_of_life_and_notes_are_there_too(self, rows):
        get_client().write([event(state="STARTED")])
        get_client().write([SignOfLife((ONE,), "t1", None, 0, {"alive_at": "now"}, (ALL,))])
        get_client().write(
            [Annotation(ONE, ("t1", "t2"), {"revoke_requested": "now", "revoked_by": "ada"}, ALL)]
        )
        row = get_client().get(ALL, "t1")
        assert (row["alive_at"], row["revoke_requested"]) == ("now", "now")
        assert "revoked_by" not in row
        assert rows().keys() == {"t1"}
        tasks.advance.apply((1, 1))
        (progress,) = [
            record["progress"]
            for task_id in rows()
            if "progress" in (record := get_client().get(ALL, task_id))
        ]
        assert json.loads(progress)["current"] == 1

    def test_text_of_any_kind_is_the_same_in_both(self, rows):
        get_client().write([event(error="é\ud800", args="[1]"), event("ü", args="ä")])
        assert rows()["t1"]["error"] == "é?"
        assert get_client().get(ONE, "t1")["error"] == "é?"
        assert get_client().get(ONE, "ü")["args"] == "ä"

    def test_no_object_has_the_id_of_an_overview(self, rows):
        get_client().write([event("t1", ObjectRef("shop.order", "%all"))])
        get_client().write([event("t2", ONE)])
        assert rows().keys() == {"t1", "t2"}
        assert get_client().get(ObjectRef("shop.order", "%all"), "t2") is None


@pytest.mark.usefixtures("parts")
class TestATaskHasOneRow:
    def test_also_when_it_replaces_itself_by_a_task_of_another_object(self, rows):
        # The other object's key comes before and after these, in the order of text or numbers.
        other, firsts = ObjectRef("shop.order", "5"), [ObjectRef("shop.order", pk) for pk in KEYS]
        of_each = {f"t{ref.pk}": (ref, other) for ref in firsts}
        now = time.time_ns() // 1_000_000
        for task_id, (first, _other) in of_each.items():
            get_client().write([event(task_id, first, state="STARTED", run=now)])
            final = event(task_id, *of_each[task_id], run=now)
            get_client().write([replace(final, attempt=1)])
        found = rows()
        assert found.keys() == of_each.keys()
        assert {row["state"] for row in found.values()} == {"SUCCESS"}
        page = json.loads(get_client().query_json(ALL, Query()))
        assert (page["total"], page["states"]) == (len(KEYS), {"SUCCESS": len(KEYS)})
        read = get_client().get_each(ALL, tuple(of_each), ("state", "attempt"))
        assert read == [{"state": "SUCCESS", "attempt": 1}] * len(KEYS)
        for task_id, (first, _other) in of_each.items():
            get_client().write([RecordRemoval(first, {task_id: of_each[task_id]}, ALL)])
        assert rows().keys() == of_each.keys()
        get_client().write([RecordRemoval(other, of_each, ALL)])
        assert rows() == {}

    def test_also_when_its_id_is_used_again_for_another_object(self, rows):
        other, ids = ObjectRef("shop.order", "5"), [f"t{pk}" for pk in KEYS]
        for pk, task_id in zip(KEYS, ids, strict=True):
            get_client().write([event(task_id, ObjectRef("shop.order", pk), run=1)])
            get_client().write([event(task_id, other, state="STARTED", run=2)])
        assert {row["id"]: (row["state"], row["objects"]) for row in rows().values()} == {
            task_id: ("STARTED", [["shop.order", "5"]]) for task_id in ids
        }
        page = json.loads(get_client().query_json(ALL, Query()))
        assert (page["total"], page["states"]) == (len(KEYS), {"STARTED": len(KEYS)})
        assert get_client().get(ALL, ids[0])["state"] == "STARTED"
        get_client().write([Deletion(other, ALL)])
        assert rows() == {}

    def test_also_when_one_of_its_two_objects_is_deleted(self, rows):
        other, firsts = ObjectRef("shop.order", "5"), [ObjectRef("shop.order", pk) for pk in KEYS]
        for ref in firsts:
            get_client().write([event(f"t{ref.pk}", ref, other, state="STARTED", run=1)])
            get_client().write([Deletion(ref, ALL)])
            get_client().write([event(f"t{ref.pk}", ref, other, run=1)])
        assert {row["state"] for row in rows().values()} == {"SUCCESS"}
        page = json.loads(get_client().query_json(ALL, Query()))
        assert (page["total"], page["states"]) == (len(KEYS), {"SUCCESS": len(KEYS)})
        get_client().write([Deletion(other, ALL)])
        assert rows() == {}
        get_client().write([event(f"t{ref.pk}", ref, other, run=1) for ref in firsts])
        assert rows() == {}

    def test_and_costs_one_command_to_note_something_or_to_read(self, tracker, rows):
        ids = tuple(f"t{number}" for number in range(20))
        get_client().write([event(task_id) for task_id in ids])
        with tracker.asked() as asked:
            get_client().write([Annotation(ONE, ids, {"revoke_requested": "now"}, ALL)])
            read = get_client().get_each(ALL, ids, ("revoke_requested",))
        assert read == [{"revoke_requested": "now"}] * 20
        # One for the object and one for the overview.
        assert asked == [*["TRACKER.UPSERT"] * 40, *["TRACKER.GET"] * 20]


class TestSettings:
    def test_it_can_be_switched_off_for_all_or_for_one_task(self, tracker, rows, settings):
        assert overviews_of("shop.tasks.succeed", (ONE, TWO)) == (ALL,)
        settings.TASK_TRACKER_OVERVIEW = False
        assert overviews_of("shop.tasks.succeed", (ONE,)) == ()
        assert overview_with(ONE) is None
        tasks.succeed.apply((1,))
        assert rows() == {}
        assert tracker.commands()["tracker.upsert"] == 2

    def test_a_registration_has_the_last_word(self, rows, settings, monkeypatch):
        monkeypatch.setattr(registry, "_by_task", dict(registry._by_task))
        registered = task_tracker.register("shop.Order", overview=False)(tasks.succeed)
        try:
            registered.apply((1,))
            tasks.ignore.apply((1,))
            assert {row["name"] for row in rows().values()} == {"shop.tasks.ignore"}
            settings.TASK_TRACKER_OVERVIEW = False
            task_tracker.register("shop.Order", overview=True)(tasks.succeed)
            assert overviews_of("shop.tasks.succeed", (ONE,)) == (ALL,)
            assert overview_with(ONE) == ALL
        finally:
            task_tracker.register("shop.Order")(tasks.succeed)
        with pytest.raises(TypeError, match="overview must be True, False or None"):
            task_tracker.register("shop.Order", overview="no")

    def test_it_has_a_retention_of_its_own(self, tracker, settings):
        settings.TASK_TRACKER_RETENTION_WINDOW = 1000
        settings.TASK_TRACKER_OVERVIEW_RETENTION = {"SUCCESS": 100}
        get_client().write([event("t1"), event("t2", state="FAILURE")])
        with tracker.client() as plain:
            lives = [
                plain.ttl(f"shop.order:{{{subject}}}:record:{task_id}")
                for subject in ("1", "%all")
                for task_id in ("t1", "t2")
            ]
        assert [round(life, -2) for life in lives] == [1000, 1000, 100, 1000]


class TestOneNameForAllRows:
    def test_proxies_and_children_share_the_overview_of_their_root(self):
        assert overviews_of("shop.tasks.hurry", (ONE,)) == (ALL,)
        for name in ("wash", "load", "race"):
            van = ObjectRef("shop.vehicle", "1")
            assert overviews_of(f"shop.tasks.{name}", (van,)) == (OverviewRef("shop.vehicle"),)
        for model in (RushOrder, FastVan):
            label = overview_of(model).label
            assert label in ("shop.order", "shop.vehicle")
            assert registry.has_overview(label)

    def test_namespaces_have_an_overview_each(self, rows, settings):
        settings.TASK_TRACKER_NAMESPACE = "acme"
        tasks.succeed.apply((1,))
        assert len(rows(OverviewRef("acme.shop.order"))) == 1
        assert rows() == {}
        assert OverviewRef("acme.shop.order").label == "shop.order"


class TestDeletedObjects:
    @pytest.fixture
    def order(self, tracker):
        return Order.objects.create()

    @pytest.mark.usefixtures("parts")
    def test_take_their_rows_with_them(self, order, rows):
        mine = tasks.succeed.apply((order.pk,)).id
        others = tasks.succeed.apply((order.pk + 1,)).id
        assert rows().keys() == {mine, others}
        order.delete()
        assert rows().keys() == {others}

    def test_whatever_their_tasks_tell_later(self, worker, tracker, order, rows, ended):
        sent = tasks.sleep.delay(order.pk, 1)
        ended(order.pk, sent.id, states.STARTED)
        with tracker.client() as client:
            gone = client.info("tracker")["tracker_gone"]
            order.delete()
            assert rows() == {}
            wait_for(lambda: client.info("tracker")["tracker_gone"] > gone, "the end of the task")
            wait_for(lambda: rows() == {}, "the row to go")

    def test_however_many_rows_there_are_by_commands_of_a_bounded_size(self, tracker, rows, parts):
        count = AT_ONCE * 2 + 50
        for first in range(0, count, 50):
            get_client().write([event(f"t{first + n}") for n in range(50)])
        get_client().write([event("other", TWO)])
        with tracker.asked() as asked:
            get_client().write([Deletion(ONE, ALL)])
        assert rows().keys() == {"other"}
        # The first page, then all three, then what was added since, the records and their rows.
        # Each of four parts has fewer rows than one command removes.
        assert asked == [*["TRACKER.QUERY"] * 5, *["TRACKER.DEL"] * (1 + max(3, parts))]

    @pytest.mark.usefixtures("parts")
    def test_a_task_of_another_object_too_stays_until_both_are_deleted(self, rows):
        get_client().write([event("t1", ONE, TWO), event("t2", ONE)])
        get_client().write([Deletion(ONE, ALL)])
        assert rows().keys() == {"t1"}
        get_client().write([event("t1", ONE, TWO, state="FAILURE", run=1)])
        assert rows().keys() == {"t1"}
        get_client().write([Deletion(TWO, ALL)])
        assert rows() == {}
        get_client().write([event("t1", ONE, TWO)])
        get_client().write([Deletion(ONE, ALL), Deletion(TWO, ALL)])
        assert rows() == {}
        get_client().write([event("t1", ONE, TWO, run=1), event("t2", TWO, run=1)])
        assert rows() == {}

    def test_a_repeated_deletion_remembers_what_it_read(self, rows):
        """The first attempt may break off after the records and before the rows are deleted."""
        get_client().write([event()])
        deletion = Deletion(ONE, ALL)
        deletion.after([get_client()._execute(*map(bytes.decode, deletion.commands()[0].words()))])
        get_client()._execute("TRACKER.DEL", "shop.order", "1")
        assert rows().keys() == {"t1"}
        get_client().write([deletion])
        assert rows() == {}

    def test_a_new_object_with_the_same_key_keeps_its_rows(self, rows):
        process.record(event("old", run=1))
        process.record(Deletion(ONE, ALL))
        process.record(event("new", run=time.time_ns() // 1_000_000 + 60_000))
        assert rows().keys() == {"new"}
        assert get_client().get(ONE, "new")

    def test_are_deleted_where_reading_is_not_allowed(self, tracker, rows, settings):
        get_client().write([event()])
        with tracker.client() as admin:
            user = ("few", "on", ">word", "~shop.*", "-@all", "+tracker.upsert", "+tracker.del")
            admin.execute_command("ACL", "SETUSER", *user)
            client = TrackerClient(tracker.url.replace("//", "//few:word@"), 10, 10)
            ((_deletion, why), *_) = client.write([Deletion(ONE, ALL)])
            admin.execute_command("ACL", "DELUSER", "few")
        assert "tracker.query" in str(why).lower()
        assert get_client().get(ONE, "t1") is None


@pytest.mark.usefixtures("parts")
def test_a_removed_record_takes_its_row_with_it(rows):
    get_client().write([event("t1", ONE, TWO), event("t2"), event("t3")])
    removal = RecordRemoval(ONE, {"t1": (ONE, TWO), "t2": (ONE,)}, ALL)
    assert get_client().write([removal]) == []
    assert rows().keys() == {"t1", "t3"}
    get_client().write([RecordRemoval(TWO, {"t1": (ONE, TWO)}, ALL)])
    assert rows().keys() == {"t3"}


def test_a_delivery_knows_its_overviews(settings):
    body = ((1,), {}, {})
    head = {"id": "t1", "task": "shop.tasks.succeed"}
    delivery = Delivery.of_message("shop.tasks.succeed", head, body, None)
    assert delivery.overviews == delivery.next_attempt().overviews == (ALL,)
