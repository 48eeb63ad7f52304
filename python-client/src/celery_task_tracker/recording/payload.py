"""Values of tasks as text to store: JSON where it can be, redacted, and never failing.

A task's arguments and result are the user's own objects. Turning them into text must not ask the
database (a model instance's ``repr`` may), must not leak what is secret, and must not raise.
"""

from __future__ import annotations

import json
import math
import re
from collections import UserList, deque
from collections.abc import Callable, ItemsView, KeysView, Mapping, Sequence, Sized, ValuesView
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache, lru_cache
from itertools import islice
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.db.models import Manager, Model, QuerySet

from ..config import config

REDACTED = "[redacted]"

#: How deep, and how many members of one collection, a stored value may show.
MAX_DEPTH = 16
MAX_MEMBERS = 1000

#: The longest text that is sent for one value. The module's own `max-value-bytes` is lower.
MAX_TEXT = 1024 * 1024

#: How much of that a member of a collection takes beside its own text, about.
MEMBER_LENGTH = 16

#: The longest number that is shown in decimals. Of longer ones Python may refuse to.
MAX_BITS = 2000


def arguments_json(args: Sequence[Any], names: Sequence[str]) -> str:
    """Positional arguments as a JSON array, those whose parameter is secret redacted.

    ``names`` are those of the parameters that they are for; arguments past them have none.
    """
    plain = Plain()
    named = [plain.named(name, value, 0) for name, value in zip(names, args, strict=False)]
    return json_text(named + [plain.of(value, 0) for value in args[len(names) :]])


def value_json(value: Any) -> str:
    """``value`` as JSON, secret keys redacted at any depth; what is no JSON as its ``repr``."""
    return json_text(Plain().of(value, 0))


def result_text(value: Any) -> str:
    """A task's result: JSON where it is made of what JSON has, otherwise its ``repr``."""
    plain = Plain().of(value, 0)
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


class Plain:
    """Turns one value, and what is in it, into what JSON knows.

    No more of it than is stored in the end: objects that refer to each other would have no end.
    """

    def __init__(self) -> None:
        self._room = MAX_TEXT

    def of(self, value: Any, depth: int) -> Any:
        """``value``, which is ``depth`` collections deep, as what JSON knows."""
        if value is None or type(value) is bool:
            return value
        if type(value) is int:
            return value if value.bit_length() <= MAX_BITS else hex(value)[:MAX_TEXT]
        if type(value) is str:
            return self._text(value)
        if type(value) is float:
            return value if math.isfinite(value) else repr(value)
        if depth >= MAX_DEPTH or self._room <= 0:
            return "…"
        try:
            if type(value) is dict:
                return self._members(value, depth)
            return self._unusual(value, depth)
        except Exception:
            return _stand_in(value)

    def named(self, name: Any, value: Any, depth: int) -> Any:
        """``value``, which has a name, as the setting TASK_TRACKER_REDACT wants it stored."""
        rule = config.TASK_TRACKER_REDACT
        if not callable(rule):
            return REDACTED if is_secret(name) else self.of(value, depth)
        try:
            return self.of(rule(text(name), value), depth)
        except Exception:
            # A rule that fails has not said that the value may be shown.
            return REDACTED

    def _unusual(self, value: Any, depth: int) -> Any:
        """``value``, which is none of JSON's own types but a list, as what JSON knows."""
        if isinstance(value, Enum):
            return self.of(value.value, depth + 1)
        for number in (int, float):
            if isinstance(value, number):
                return self.of(number(value), depth)
        for types, convert in _CONVERSIONS:
            if isinstance(value, types):
                return self._text(convert(value))
        if isinstance(value, Mapping):
            return self._members(value, depth)
        if isinstance(value, ItemsView):
            return self._members(dict(value), depth)
        attributes = _attributes(value)
        if attributes is not None:
            return self._members(attributes, depth)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            self._room -= MEMBER_LENGTH * len(value)
            named = zip(value._fields, value, strict=True)
            return [self.named(name, member, depth + 1) for name, member in named]
        if isinstance(value, _COLLECTIONS):
            shown = self._how_many(value)
            members = [self.of(member, depth + 1) for member in islice(value, shown)]
            return members + ([_more(value)] if len(value) > shown else [])
        return self._text(repr(value))

    def _members(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        shown = self._how_many(value)
        members = {
            self._text(text(key)): self.named(key, member, depth + 1)
            for key, member in islice(value.items(), shown)
        }
        return members | ({"…": _more(value)} if len(value) > shown else {})

    def _how_many(self, collection: Sized) -> int:
        shown = min(len(collection), MAX_MEMBERS)
        self._room -= MEMBER_LENGTH * shown
        return shown

    def _text(self, value: str) -> str:
        self._room -= len(value)
        return value if self._room >= 0 else value[: max(0, len(value) + self._room)]


def _attributes(value: Any) -> Mapping[Any, Any] | None:
    """What the ``repr`` of ``value`` is made of, where its class tells that; otherwise ``None``."""
    cls = type(value)
    if is_dataclass(cls):
        return {each.name: getattr(value, each.name) for each in fields(cls) if each.repr}
    if isinstance(value, SimpleNamespace):
        return vars(value)
    if hasattr(cls, "__attrs_attrs__"):
        # Each may have a function for it in the place of True.
        shown = {each: getattr(value, each.name) for each in cls.__attrs_attrs__ if each.repr}
        return {
            each.name: member if each.repr is True else each.repr(member)
            for each, member in shown.items()
        }
    if hasattr(cls, "__repr_args__"):
        # A model of pydantic's.
        return dict(value.__repr_args__())
    return None


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

#: What has members without names.
_COLLECTIONS = (list, tuple, set, frozenset, deque, UserList, KeysView, ValuesView)

_CONVERSIONS: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (str, lambda value: str(value[:MAX_TEXT])),
    ((datetime, date, time), lambda value: value.isoformat()),
    ((timedelta, Decimal, UUID), str),
    ((bytes, bytearray), lambda value: repr(value[:MAX_MEMBERS])),
    # Their own representations would ask the database.
    (Model, _model),
    (QuerySet, lambda value: f"<{type(value).__name__} of {value.model._meta.label}>"),
    (Manager, lambda value: f"<{type(value).__name__} of {value.model._meta.label}>"),
)
