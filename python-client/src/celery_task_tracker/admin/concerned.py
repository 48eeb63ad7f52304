"""Which objects of a model have tasks of some kind, by the records of the model's overview."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..registration.resolution import OverviewRef
from ..server.client import Query, get_client

#: The most records that are looked at, the newest ones: as many as an overview has by default.
LIMIT = 10_000

#: How many the module is asked for in one command, and their fields.
PAGE = 200
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
    states: Iterable[str] = (),
    is_wanted: Callable[[Mapping[str, Any]], bool] = lambda record: True,
) -> Concerned:
    """The objects of the newest :data:`LIMIT` records in any of ``states`` that ``is_wanted``.

    Costs one round trip for the first :data:`PAGE` records, and one for all others.
    """
    client = get_client()
    query = Query(states=tuple(states), size=PAGE)
    page = json.loads(client.query_json(overview, query, FIELDS))
    records = page["tasks"]
    last = min(page["pages"], LIMIT // page["size"])
    rest = [replace(query, page=number) for number in range(2, last + 1)]
    for reply in client.queries_json(overview, rest, FIELDS):
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
