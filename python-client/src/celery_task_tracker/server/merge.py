"""The answers of an overview's parts as one answer, as if the overview had a single part.

Each part lists its own records in the order that was asked for. They are merged as far as the page
goes, and no part is read much further than that. So a page costs more the deeper it is, and there
are none beyond what :func:`deepest` says. A page of a period reaches any record.
"""

from __future__ import annotations

import heapq
import json
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, TypeAlias

from ..registration.resolution import Place
from .query import Query

#: How many records a part is asked for in one command, and all parts in one packet: between two
#: packets the server answers others.
PAGE = 200
PACKET = 1000

#: How many records the pages of several parts reach, in the order that was asked for. A search is
#: made anew for each command that reads on, so its pages end earlier.
DEEPEST = 5_000
DEEPEST_MATCH = 1_000

#: The fields by which records are put in order.
ORDER_FIELDS = ("created_at", "id")

#: Asks for pages of places in one round trip. Raises the error of any of them.
Ask: TypeAlias = Callable[[Sequence[tuple[Place, Query]]], list[bytes]]


def first_query(query: Query, parts: int) -> Query:
    """What each of so many parts is asked first for the page that ``query`` asks for.

    A hash deals the records out, so each part has about the same share of a page.
    """
    # A page that is too deep has the counts alone.
    wanted = query.page * query.size if is_reached(query) else 1
    return replace(query, page=1, size=min(PAGE, wanted, 2 * -(-wanted // parts) + 10))


def deepest(query: Query) -> int:
    """How many records the pages of ``query`` reach."""
    return DEEPEST_MATCH if query.match else DEEPEST


def is_reached(query: Query) -> bool:
    """Whether the page that ``query`` asks for is not too deep. A first page of any size is not."""
    return query.page == 1 or query.page * query.size <= deepest(query)


class Merge:
    """The records at several places, in one order."""

    def __init__(
        self, query: Query, places: Sequence[Place], replies: Sequence[bytes], ask: Ask
    ) -> None:
        """``replies``: those of ``places`` to :func:`first_query`."""
        self._query = query
        self._asked = first_query(query, len(places))
        self._ask = ask
        self._first = [json.loads(reply) for reply in replies]
        self._parts = [_Part(place, page) for place, page in zip(places, self._first, strict=True)]

    def page(self, fields: Sequence[str]) -> dict[str, Any]:
        """The page in the form of the module's JSON. Its rows have these fields.

        Costs a round trip for each :data:`PACKET` records that were not in the first replies.
        Raises :class:`~.errors.TrackerError`.
        """
        query = self._query
        total = sum(each["total"] for each in self._first)
        end = query.page * query.size
        records = self._records() if is_reached(query) else ()
        rows = islice(records, end - query.size, end)
        unwanted = set(ORDER_FIELDS) - set(fields)
        page = {
            "total": total,
            "page": query.page,
            "size": query.size,
            "pages": min(-(-total // query.size), max(1, deepest(query) // query.size)),
            "tasks": [{name: row[name] for name in row if name not in unwanted} for row in rows],
            "states": added(each["states"] for each in self._first),
        }
        return {**page, **self._search()} if query.match else page

    def _search(self) -> dict[str, Any]:
        """How far the parts were searched. What is later than ``until`` was examined in all."""
        rests = [each["until"] for each in self._first if not each["complete"]]
        return {
            "examined": sum(each["examined"] for each in self._first),
            "complete": not rests,
            # All times of the module have one form, so they sort as text.
            "until": max(rests, default=None),
        }

    def _records(self) -> Iterator[dict[str, Any]]:
        is_newest_first = self._query.order != "OLDEST"
        of_each = [self._records_of(part) for part in self._parts]
        known: set[str] = set()
        for row in heapq.merge(*of_each, key=_place_in_order, reverse=is_newest_first):
            task_id = row.get("id")
            # A record that came meanwhile moves the others to the next page of its part. Nothing
            # can be done with one whose id another program has removed.
            if task_id and task_id not in known:
                known.add(task_id)
                yield row

    def _records_of(self, part: _Part) -> Iterator[dict[str, Any]]:
        while part.waiting or not part.is_read:
            if not part.waiting:
                self._read_on()
            while part.waiting:
                yield part.waiting.popleft()

    def _read_on(self) -> None:
        """Reads what comes next in every part that is soon needed again."""
        size = self._asked.size
        short = [part for part in self._parts if len(part.waiting) < size and not part.is_read]
        pages = max(1, PACKET // size // len(short))
        asked = [(part, page) for part in short for page in part.next_pages(pages)]
        replies = self._ask([(part.place, replace(self._asked, page=page)) for part, page in asked])
        for (part, _page), reply in zip(asked, replies, strict=True):
            part.waiting.extend(json.loads(reply)["tasks"])


class _Part:
    """How far the records at one place were read."""

    def __init__(self, place: Place, first: dict[str, Any]) -> None:
        self.place = place
        self.waiting: deque[dict[str, Any]] = deque(first["tasks"])
        self._pages = first["pages"]
        self._read = 1

    @property
    def is_read(self) -> bool:
        return bool(self._read >= self._pages)

    def next_pages(self, count: int) -> range:
        """The numbers of the next pages, which are read now."""
        first = self._read + 1
        self._read = min(self._read + count, self._pages)
        return range(first, self._read + 1)


def merged_stats(replies: Sequence[bytes]) -> bytes:
    """The counts of all parts in the buckets of one span, in the form of the module's JSON."""
    stats = [json.loads(reply) for reply in replies]
    buckets = [
        {**of_each[0], "states": added(each["states"] for each in of_each)}
        for of_each in zip(*(each["buckets"] for each in stats), strict=True)
    ]
    return json.dumps({"buckets": buckets}).encode()


def added(counts: Iterator[dict[str, int]]) -> dict[str, int]:
    """The sum of each count."""
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(total)


def _place_in_order(row: dict[str, Any]) -> tuple[str, str]:
    # Another program may have removed these.
    return row.get("created_at", ""), row.get("id", "")
