"""Which objects of a model have tasks of some kind, by the records of the model's overview."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..registration.resolution import OverviewRef
from ..server.client import get_client
from ..server.query import Query


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
    fields: Iterable[str] = (),
) -> Concerned:
    """The objects of the newest ``limit`` records in any of ``states`` that ``is_wanted``, which
    reads these ``fields``.

    Costs a round trip for the first 200 records, and one for each further 1,000.
    """
    page = get_client().newest(overview, Query(states=tuple(states)), ("objects", *fields), limit)
    keys = {
        key
        for record in page["tasks"]
        if is_wanted(record)
        for key in _keys(record.get("objects"), overview.model)
    }
    return Concerned(frozenset(keys), page["total"] > limit)


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
