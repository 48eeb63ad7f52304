"""The objects that the tasks of an overview are for, as far as a user may see them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.admin import ModelAdmin
from django.db.models import Model
from django.http import HttpRequest

from ..recording.headers import objects_in
from ..registration.primary_key import key_text, key_value
from ..registration.resolution import ObjectRef, OverviewRef, Ref
from ..results import value_of
from ..server.client import ROW_FIELDS, get_client
from .address import page_url


def objects_of(overview: OverviewRef, record: Mapping[str, Any]) -> tuple[ObjectRef, ...]:
    """The objects of the overview's model that the task of ``record`` is tracked for.

    Those of other models are left out: this user may not be allowed to see them.
    """
    told = record.get("objects")
    pairs = value_of(told) if isinstance(told, str) else told
    return tuple(ref for ref in objects_in(pairs) or () if ref.model == overview.model)


def visible(
    request: HttpRequest, model_admin: ModelAdmin[Any], refs: Iterable[ObjectRef]
) -> dict[ObjectRef, Model]:
    """Those of ``refs`` that exist and that this user may view. Costs one query."""
    model = model_admin.model
    names: dict[str, ObjectRef] = {}
    keys = []
    for ref in dict.fromkeys(refs):
        try:
            keys.append(key_value(model, ref.pk))
        except Exception:  # noqa: S112 - a field raises what it likes for what is no key
            continue
        names[ref.pk] = ref
    if not keys:
        return {}
    queryset = model_admin.get_queryset(request)
    related: Any = model_admin.get_list_select_related(request)
    if related:
        # True stands for every relation.
        queryset = queryset.select_related(*(related if related is not True else ()))
    by_key = {key_text(model, obj): obj for obj in queryset.in_bulk(keys).values()}
    return {
        ref: by_key[pk]
        for pk, ref in names.items()
        if pk in by_key and model_admin.has_view_permission(request, by_key[pk])
    }


def holders(
    request: HttpRequest,
    model_admin: ModelAdmin[Any],
    overview: OverviewRef,
    record: Mapping[str, Any],
) -> list[tuple[Model, ObjectRef]]:
    """The objects that have the task of ``record``, a record of the overview, and that this user
    may view. Costs one query, and a round trip for each if there are several."""
    found = visible(request, model_admin, objects_of(overview, record))
    return [
        (obj, ref)
        for ref, obj in found.items()
        if len(found) == 1 or get_client().get(ref, record["id"])
    ]


def row_fields(ref: Ref) -> tuple[str, ...]:
    """The fields of a row of the page."""
    return ROW_FIELDS if isinstance(ref, ObjectRef) else (*ROW_FIELDS, "objects")


def described(model_admin: ModelAdmin[Any], obj: Model) -> dict[str, Any]:
    """``{"name", "url"}``: the object, and the address of its own page."""
    return {"name": str(obj), "url": page_url(model_admin, None, obj)}
