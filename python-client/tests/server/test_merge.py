"""An overview in several parts answers as one in a single part does."""

import json
import random
import time
import uuid
from collections import Counter
from dataclasses import replace
from itertools import islice

import pytest

from celery_task_tracker.registration.resolution import ObjectRef, OverviewRef
from celery_task_tracker.server import merge
from celery_task_tracker.server.client import TrackerClient
from celery_task_tracker.server.errors import TrackerError
from celery_task_tracker.server.query import Query, Span
from celery_task_tracker.server.writes import Event
from celery_task_tracker.states import STATES

ALL = OverviewRef("shop.order")
FIELDS = ("id", "name", "state", "error", "objects")
NAMES = ("shop.pack", "shop.ship", "shop.bill")


@pytest.fixture
def client(tracker):
    return TrackerClient(tracker.url, 10, 10)


@pytest.fixture
def begin():
    """An hour ago, in unix milliseconds."""
    return time.time_ns() // 1_000_000 - 3_600_000


def event(number, *pks, at, state="SUCCESS", name=NAMES[0], **fields):
    refs = tuple(ObjectRef("shop.order", str(pk)) for pk in pks)
    fields = {"objects": json.dumps(refs), **fields}
    return Event(refs, f"t{number}", name, state, 0, at, fields, overviews=(ALL,))


def any_events(dice, count, begin):
    """Events of tasks for one or more of 20 orders, some of them created at the same time."""
    return [
        event(
            number,
            *dice.sample(range(20), dice.choice((1, 1, 1, 2, 3))),
            at=begin + dice.randrange(count),
            state=dice.choice(STATES),
            name=dice.choice(NAMES),
            error=dice.choice(("no stock", "Timeout of é", "")),
        )
        for number in range(count)
    ]


def keep(client, events):
    for first in range(0, len(events), 500):
        assert client.write(events[first : first + 500]) == []


class TestOneAndFourParts:
    @pytest.fixture
    def both(self, settings, client):
        """``both(ask)``: what ``ask()`` answers where the overview has one part, and four."""

        def answers(ask):
            found = []
            for parts in (1, 4):
                settings.TASK_TRACKER_OVERVIEW_PARTS = parts
                found.append(ask())
            return found

        return answers

    @pytest.mark.parametrize("seed", range(4))
    def test_show_the_same_pages_and_counts(self, client, both, begin, seed):
        dice = random.Random(seed)
        count = dice.choice((3, 60, 450))
        events = any_events(dice, count, begin)
        both(lambda: keep(client, events))
        for _ in range(40):
            size = dice.choice((1, 3, 10, 25, 200))
            query = Query(
                states=tuple(dice.sample(STATES, dice.choice((0, 0, 1, 3)))),
                names=tuple(dice.sample(NAMES, dice.choice((0, 0, 1, 2)))),
                since=dice.choice(("", str(begin + dice.randrange(count)))),
                until=dice.choice(("", str(begin + dice.randrange(count)))),
                match=dice.choice(("", "", "TIMEOUT", "É", "nowhere")),
                order=dice.choice(("", "NEWEST", "OLDEST")),
                page=dice.randint(1, max(1, count // size)),
                size=size,
            )
            one, four = both(lambda: json.loads(client.query_json(ALL, query, FIELDS)))  # noqa: B023
            assert one == four, query
            limit = dice.choice((1, 150, 2000))
            one, four = both(lambda: client.newest(ALL, query, FIELDS, limit))  # noqa: B023
            assert one == four, query
        spans = [Span(begin, begin + count - 1, 7), Span(begin, begin)]
        one, four = (
            [[each["states"] for each in json.loads(reply)["buckets"]] for reply in replies]
            for replies in both(lambda: client.stats_within(ALL, spans))
        )
        assert one == four
        assert sum(Counter(map(str, one[0])).values()) == 7

    def test_have_the_same_records(self, client, both, begin):
        events = [event(0, 1, at=begin), event(1, 2, 3, at=begin), event(2, 5, at=begin)]
        both(lambda: keep(client, events))
        ids = ["t1", "none", "t2", "t0"]
        one, four = both(lambda: client.get_each(ALL, ids, ("id", "state", "created_at")))
        assert one == four
        assert [record and record["id"] for record in one] == ["t1", None, "t2", "t0"]
        one, four = both(lambda: client.get(ALL, "t1"))
        assert one == four != None  # noqa: E711
        assert both(lambda: client.get(ALL, "none")) == [None, None]

    def test_give_only_the_fields_that_were_asked_for(self, client, both, begin):
        both(lambda: keep(client, [event(0, 1, at=begin)]))
        for fields in (("state",), ("created_at", "state"), ("id",)):
            one, four = both(lambda: json.loads(client.query_json(ALL, Query(), fields)))  # noqa: B023
            assert one == four
            assert one["tasks"][0].keys() == set(fields)


class TestParts:
    @pytest.fixture(autouse=True)
    def four(self, settings):
        settings.TASK_TRACKER_OVERVIEW_PARTS = 4

    def numbers(self, part, count):
        """The first so many numbers of tasks that have their rows in the part of this number."""
        in_it = (n for n in range(100 * count) if ALL.place_of(f"t{n}") == ALL.places[part])
        return list(islice(in_it, count))

    def test_are_named_by_their_numbers(self, settings):
        assert [part.id for part in ALL.places] == ["%all-0", "%all-1", "%all-2", "%all-3"]
        settings.TASK_TRACKER_OVERVIEW_PARTS = 1
        assert [part.id for part in ALL.places] == ["%all"]

    @pytest.mark.parametrize("parts", [2, 3, 4, 16, 64])
    def test_get_about_the_same_number_of_tasks_each(self, settings, parts):
        settings.TASK_TRACKER_OVERVIEW_PARTS = parts
        dice = random.Random(1)
        uuids = [str(uuid.UUID(int=dice.getrandbits(128), version=4)) for _ in range(10_000)]
        for ids in ([f"nightly-{number}" for number in range(10_000)], uuids):
            counts = Counter(map(ALL.place_of, ids))
            assert counts.keys() == set(ALL.places)
            assert max(counts.values()) < 1.3 * 10_000 / parts

    def test_are_chosen_by_any_text(self):
        assert ALL.place_of("é\ud800") in ALL.places

    def test_cost_one_round_trip_and_few_rows_for_a_usual_page(self, tracker, client, begin):
        keep(client, [event(number, number, at=begin + number) for number in range(300)])
        with tracker.asked() as asked:
            page = json.loads(client.query_json(ALL, Query(size=50), FIELDS))
        assert asked == ["TRACKER.QUERY"] * 4
        assert [row["id"] for row in page["tasks"]] == [f"t{299 - row}" for row in range(50)]
        assert merge.first_query(Query(size=200), 64).size < 20

    def test_are_read_on_where_one_has_all_that_is_new(self, tracker, client, begin):
        numbers = self.numbers(0, 700)
        rest = [event(f"-{number}", number, at=begin) for number in range(100)]
        keep(client, rest)
        keep(client, [event(n, n, at=begin + 1 + at) for at, n in enumerate(numbers)])
        expected = [f"t{number}" for number in reversed(numbers)]
        with tracker.asked() as asked:
            page = client.newest(ALL, Query(), FIELDS, 700)
        assert [row["id"] for row in page["tasks"]] == expected
        assert page["total"] == 800
        assert len(asked) <= 4 + 700 / merge.PAGE + merge.PACKET / merge.PAGE
        for number in (1, 5, 14):
            page = json.loads(client.query_json(ALL, Query(page=number, size=50), FIELDS))
            assert [row["id"] for row in page["tasks"]] == expected[50 * number - 50 : 50 * number]

    def test_give_no_page_beyond_the_deepest(self, tracker, client, begin, monkeypatch):
        monkeypatch.setattr(merge, "DEEPEST", 30)
        keep(client, [event(number, number, at=begin + number) for number in range(50)])
        pages = [
            json.loads(client.query_json(ALL, Query(page=number, size=10), FIELDS))
            for number in (1, 3, 4, 5)
        ]
        assert [len(page["tasks"]) for page in pages] == [10, 10, 0, 0]
        assert {(page["total"], page["pages"]) for page in pages} == {(50, 3)}
        monkeypatch.setattr(merge, "DEEPEST_MATCH", 20)
        query = Query(page=2, match="shop.order")
        assert len(json.loads(client.query_json(ALL, query, FIELDS))["tasks"]) == 10
        page = json.loads(client.query_json(ALL, replace(query, page=3), FIELDS))
        assert (page["total"], page["pages"], page["tasks"]) == (50, 2, [])
        assert len(client.newest(ALL, Query(), FIELDS, 40)["tasks"]) == 40
        older = Query(until=str(begin + 19), page=2)
        page = json.loads(client.query_json(ALL, older, FIELDS))
        assert [row["id"] for row in page["tasks"]] == [f"t{9 - row}" for row in range(10)]

    def test_are_not_read_for_a_page_that_is_too_deep(self, tracker, client, begin):
        keep(client, [event(number, number, at=begin + number) for number in range(1000)])
        for query in (Query(page=10**6), Query(page=10**6, match="shop")):
            with tracker.asked() as asked:
                page = json.loads(client.query_json(ALL, query, FIELDS))
            assert (page["total"], page["tasks"]) == (1000, [])
            assert asked == ["TRACKER.QUERY"] * 4

    def test_show_a_record_once_that_others_moved_on_meanwhile(self, client, begin, monkeypatch):
        *numbers, new = self.numbers(0, 451)
        keep(client, [event(n, n, at=begin + at) for at, n in enumerate(numbers)])
        execute, asked = client._execute_each, []

        def and_a_new_one(commands):
            asked.append(len(commands))
            if len(asked) == 2:
                keep(client, [event(new, new, at=begin + 1000)])
            return execute(commands)

        monkeypatch.setattr(client, "_execute_each", and_a_new_one)
        page = client.newest(ALL, Query(), FIELDS, 2000)
        assert [row["id"] for row in page["tasks"]] == [f"t{n}" for n in reversed(numbers)]

    def test_pass_over_a_record_whose_id_is_gone(self, tracker, client, begin):
        keep(client, [event(0, 1, at=begin), event(1, 1, at=begin + 1)])
        with tracker.client() as plain:
            plain.hdel(f"shop.order:{{{ALL.place_of('t0').id}}}:record:t0", "id", "created_at")
        page = client.newest(ALL, Query(), FIELDS, 10)
        assert [row["id"] for row in page["tasks"]] == ["t1"]

    def test_are_searched_each_for_itself_and_on_from_where_all_were(self, client, begin):
        hot, cold = self.numbers(0, 2100), self.numbers(1, 4)
        text = {"error": "needle"}
        texts = [text if at % 500 == 0 else {} for at in range(2100)]
        of_hot = [event(n, n, at=begin + at, **texts[at]) for at, n in enumerate(hot)]
        of_cold = [event(n, n, at=begin + 700 * at, **text) for at, n in enumerate(cold)]
        keep(client, [*of_hot, *of_cold])
        query = Query(match="NEEDLE", size=3)
        page = json.loads(client.query_json(ALL, query, FIELDS))
        assert not page["complete"]
        assert page["examined"] == 2000 + 4
        assert (page["total"], page["pages"]) == (4 + 4, 3)
        found = [int(row["id"][1:]) for row in page["tasks"]]
        assert found == [cold[3], hot[2000], hot[1500]]
        on = json.loads(client.query_json(ALL, replace(query, until=page["until"]), FIELDS))
        assert on["complete"]
        assert on["until"] is None
        assert {int(row["id"][1:]) for row in on["tasks"]} == {cold[0], hot[0]}

    def test_answer_with_the_error_of_any_of_them(self, tracker, client, begin):
        keep(client, [event(0, 1, at=begin)])
        with tracker.client() as plain:
            plain.set("shop.order:{%all-3}:tasks", "another program's")
        with pytest.raises(TrackerError):
            client.query_json(ALL, Query(), FIELDS)
        one, other = client.query_each([ALL, OverviewRef("shop.shelf")], Query(), FIELDS)
        assert isinstance(one, TrackerError)
        assert json.loads(other)["total"] == 0

    def test_begin_anew_where_there_was_one(self, settings, client, begin):
        settings.TASK_TRACKER_OVERVIEW_PARTS = 1
        keep(client, [event(0, 1, at=begin)])
        settings.TASK_TRACKER_OVERVIEW_PARTS = 4
        assert json.loads(client.query_json(ALL, Query(), FIELDS))["total"] == 0
        keep(client, [event(1, 1, at=begin)])
        assert json.loads(client.query_json(ALL, Query(), FIELDS))["total"] == 1
        settings.TASK_TRACKER_OVERVIEW_PARTS = 1
        (row,) = json.loads(client.query_json(ALL, Query(), FIELDS))["tasks"]
        assert row["id"] == "t0"
        assert client.get(ObjectRef("shop.order", "1"), "t1")
