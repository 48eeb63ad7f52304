"""Which of the selected tasks a user may act on, and for which objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin import ModelAdmin
from django.http import HttpRequest

from ..registration.resolution import ObjectRef, OverviewRef
from ..server.client import get_client
from .endpoint import Refusal, forbidden, no_object, no_task
from .objects import objects_of, visible
from .selection import RecordsOf


@dataclass(frozen=True)
class Reach:
    """Records by their objects, and others that this user may not act on."""

    chosen: Sequence[RecordsOf]
    refused: Sequence[tuple[Mapping[str, Any], Refusal]] = ()


def reach_of(
    request: HttpRequest,
    model_admin: ModelAdmin[Any],
    overview: OverviewRef,
    rows: Sequence[Mapping[str, Any]],
    fields: Sequence[str],
) -> Reach:
    """The records of the tasks that ``rows`` of the overview are about, with these ``fields``.

    Each comes from an object that has it and that the user may change, so it does not matter what
    a row says. Costs one query and one round trip.
    """
    refs = [objects_of(overview, row) for row in rows]
    seen = visible(request, model_admin, (ref for each in refs for ref in each))
    changeable = {
        ref for ref, obj in seen.items() if model_admin.has_change_permission(request, obj)
    }
    asked: list[tuple[Mapping[str, Any], ObjectRef]] = []
    refused: list[tuple[Mapping[str, Any], Refusal]] = []
    for row, its_refs in zip(rows, refs, strict=True):
        allowed = [ref for ref in its_refs if ref in changeable]
        asked += [(row, ref) for ref in allowed]
        if not allowed:
            is_seen = any(ref in seen for ref in its_refs)
            refused.append((row, forbidden() if is_seen else no_object()))
    found = get_client().get_of_each(
        [(ref, row["id"]) for row, ref in asked], ("name", "state", *fields)
    )
    records: dict[ObjectRef, list[dict[str, Any]]] = {}
    there: set[str] = set()
    for (row, ref), record in zip(asked, found, strict=True):
        if record is not None and row["id"] not in there:
            there.add(row["id"])
            # Another program may have removed these.
            whole = {"name": "", "state": "", **record, "id": row["id"]}
            records.setdefault(ref, []).append(whole)
    missing = {row["id"]: row for row, _ref in asked if row["id"] not in there}
    return Reach(
        [(seen[ref], ref, each) for ref, each in records.items()],
        [*refused, *((row, no_task()) for row in missing.values())],
    )
