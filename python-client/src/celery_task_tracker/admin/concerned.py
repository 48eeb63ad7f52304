"""Which objects of a model have tasks of some kind, by the records of the model's overview."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..registration.resolution import OverviewRef
from ..server.client import Query, get_client

#: How many the module is asked for in one command, and in one packet: between two packets the
#: server answers others.
PAGE = 200
PACKET = 1000

FIELDS = ("objects", "state", "alive_at")


@dataclass(frozen=True)
class Concerned:
    """Objects with tasks of the kind that was asked for."""

    keys: frozenset[str]
    """Their primary keys, as the tracker has them."""

    is_cut: bool
    """Whether there are more records than were looked at, so that objects may be missing."""


def concerned(
    overview: OverviewRef,
    limit: int,
    states: Iterable[str] = (),
    is_wanted: Callable[[Mapping[str, Any]], bool] = lambda record: True,
) -> Concerned:
    """The objects of the newest ``limit`` records in any of ``states`` that ``is_wanted``.

    Costs a round trip for the first :data:`PAGE` records, and one for each further :data:`PACKET`.
    """
    client = get_client()
    query = Query(states=tuple(states), size=PAGE)
    page = json.loads(client.query_json(overview, query, FIELDS))
    records = page["tasks"]
    last = min(page["pages"], limit // page["size"])
    step = PACKET // PAGE
    for first in range(2, last + 1, step):
        numbers = range(first, min(first + step, last + 1))
        several = [replace(query, page=number) for number in numbers]
        for reply in client.queries_json(overview, several, FIELDS):
            records += json.loads(reply)["tasks"]
    keys = {
        key
        for record in records
        if is_wanted(record)
        for key in _keys(record.get("objects"), overview.model)
    }
    return Concerned(frozenset(keys), page["pages"] > last)


def _keys(objects: Any, model: str) -> list[str]:
    # Another program may have written anything.
    pairs = objects if isinstance(objects, list) else []
    return [
        pair[1]
        for pair in pairs
        if isinstance(pair, list)
        and len(pair) == 2
        and pair[0] == model
        and isinstance(pair[1], str)
    ]
