"""Values of tasks as text to store: JSON where it can be, redacted, and never failing.

A task's arguments and result are the user's own objects. Turning them into text must not ask the
database (a model instance's ``repr`` may), must not leak what is secret, and must not raise.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache, lru_cache
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import Manager, Model, QuerySet

from .config import config

REDACTED = "[redacted]"

#: How deep, and how many members of one collection, a stored value may show.
MAX_DEPTH = 16
MAX_MEMBERS = 1000

#: The longest text that is sent for one value. The module's own `max-value-bytes` is lower.
MAX_TEXT = 1024 * 1024


def arguments_json(args: Sequence[Any], names: Sequence[str]) -> str:
    """Positional arguments as a JSON array, those whose parameter is secret redacted.

    ``names`` are those of the parameters that they are for; arguments past them have none.
    """
    named = [_named(name, value, 0) for name, value in zip(names, args, strict=False)]
    return json_text(named + [_plain(value, 0) for value in args[len(names) :]])


def value_json(value: Any) -> str:
    """``value`` as JSON, secret keys redacted at any depth; what is no JSON as its ``repr``."""
    return json_text(_plain(value, 0))


def result_text(value: Any) -> str:
    """A task's result: JSON where it is made of what JSON has, otherwise its ``repr``."""
    plain = _plain(value, 0)
    if isinstance(plain, str) and not isinstance(value, _TEXT_TYPES):
        return plain[:MAX_TEXT]
    return json_text(plain)


def text(value: Any) -> str:
    """``str(value)``, or a stand-in for an object that cannot say what it is."""
    try:
        return value[:MAX_TEXT] if type(value) is str else str(value)[:MAX_TEXT]
    except Exception:
        return _stand_in(value)


def is_secret(name: Any) -> bool:
    """Whether a pattern of the setting TASK_TRACKER_REDACT matches this argument or key."""
    return _matches_any(tuple(config.TASK_TRACKER_REDACT), str(name))


@lru_cache(maxsize=4096)
def _matches_any(patterns: tuple[str, ...], name: str) -> bool:
    pattern = _any_of(patterns)
    return pattern is not None and pattern.search(re.sub(r"[\s-]", "_", name)) is not None


@cache
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str] | None:
    joined = "|".join(f"(?:{pattern})" for pattern in patterns)
    return re.compile(joined, re.IGNORECASE) if patterns else None


def _named(name: Any, value: Any, depth: int) -> Any:
    """What is stored of a value that has a name, as the setting TASK_TRACKER_REDACT wants it."""
    rule = config.TASK_TRACKER_REDACT
    if not callable(rule):
        return REDACTED if is_secret(name) else _plain(value, depth)
    try:
        return _plain(rule(text(name), value), depth)
    except Exception:
        # A rule that fails has not said that the value may be shown.
        return REDACTED


def _plain(value: Any, depth: int) -> Any:
    """``value`` as what JSON knows."""
    if value is None or type(value) in (int, bool):
        return value
    if type(value) is str:
        return value[:MAX_TEXT]
    if type(value) is float:
        return value if math.isfinite(value) else repr(value)
    if depth >= MAX_DEPTH:
        return "…"
    try:
        if type(value) is dict:
            return _members(value, depth)
        return _unusual(value, depth)
    except Exception:
        return _stand_in(value)


def _unusual(value: Any, depth: int) -> Any:
    """``value``, which is none of JSON's own types but a list, as what JSON knows."""
    for types, convert in _CONVERSIONS:
        if isinstance(value, types):
            return convert(value)
    if isinstance(value, Mapping):
        return _members(value, depth)
    if is_dataclass(value) and not isinstance(value, type):
        shown = [each.name for each in fields(value) if each.repr]
        return _members({name: getattr(value, name) for name in shown}, depth)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        named = zip(value._fields, value, strict=True)
        return [_named(name, member, depth + 1) for name, member in named]
    if isinstance(value, list | tuple | set | frozenset):
        members = [_plain(member, depth + 1) for member in islice(value, MAX_MEMBERS)]
        return members + ([_more(value)] if len(value) > MAX_MEMBERS else [])
    return repr(value)[:MAX_TEXT]


def _members(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    members = {
        text(key): _named(key, member, depth + 1)
        for key, member in islice(value.items(), MAX_MEMBERS)
    }
    return members | ({"…": _more(value)} if len(value) > MAX_MEMBERS else {})


def _more(collection: Sized) -> str:
    return f"… {len(collection) - MAX_MEMBERS} more"


def json_text(plain: Any) -> str:
    """What JSON knows as JSON, without blanks."""
    return _encode(plain)[:MAX_TEXT]


def _stand_in(value: Any) -> str:
    return f"<{type(value).__module__}.{type(value).__qualname__} without a representation>"


def _model(instance: Model) -> str:
    return f"<{instance._meta.label} {instance.pk}>"


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

#: Values that text stands for, so that a result made of them is a JSON string.
_TEXT_TYPES = (str, datetime, date, time, timedelta, Decimal, UUID, Enum)

_CONVERSIONS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (Enum, lambda value: _plain(value.value, 0)),
    (int, int),
    (str, lambda value: str(value[:MAX_TEXT])),
    (float, lambda value: _plain(float(value), 0)),
    ((datetime, date, time), lambda value: value.isoformat()),
    ((timedelta, Decimal, UUID), str),
    (bytes, lambda value: repr(value[:MAX_MEMBERS])),
    # Their own representations would ask the database.
    (Model, _model),
    (QuerySet, lambda value: f"<{type(value).__name__} of {value.model._meta.label}>"),
    (Manager, lambda value: f"<{type(value).__name__} of {value.model._meta.label}>"),
)
