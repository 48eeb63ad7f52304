"""Turns the values of tasks into text to store: JSON where possible, redacted, without failing.

A task's arguments and result are the project's own objects. Turning them into text must not query
the database (a model instance's ``repr`` may), must not show what is secret, and must not raise.
"""

from __future__ import annotations

import inspect
import json
import math
from collections import UserList, deque
from collections.abc import Callable, ItemsView, KeysView, Mapping, Sequence, Sized, ValuesView
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from itertools import islice
from types import FunctionType, SimpleNamespace
from typing import Any
from uuid import UUID

from celery.exceptions import SoftTimeLimitExceeded
from django.db.models import Manager, Model, QuerySet
from django.utils.functional import LazyObject, Promise

from ..config import config
from .called import names_of_arguments
from .secrets import REDACTED, is_secret, without_secrets

#: How deep collections may be nested, and how many members one may have, to be stored whole.
MAX_DEPTH = 16
MAX_MEMBERS = 1000

#: The longest text that is sent for one value, in characters. The module's own `max-value-bytes`
#: is lower.
MAX_TEXT = 1024 * 1024

#: Characters that are counted for each member of a collection, beside its own text.
MEMBER_LENGTH = 16

#: The longest number that is stored in decimals. Python may refuse to print a longer one.
MAX_BITS = 2000


def arguments_json(args: Sequence[Any], names: Sequence[str]) -> str:
    """Positional arguments as a JSON array. The parameters' names decide what is redacted.

    ``names`` are the parameters' names, in order; arguments past the last name have none.
    """
    return json_text(Plain().arguments(args, names, 0))


def is_verbatim(plain: Any, value: Any) -> bool:
    """Whether ``plain``, what :class:`Plain` made of ``value``, is exactly ``value``.

    Nothing is redacted, cut or converted then. No method of the project's objects is called.
    """
    if type(value) is list:
        if type(plain) is not list or len(plain) != len(value):
            return False
        return all(map(is_verbatim, plain, value))
    if type(value) is dict:
        if type(plain) is not dict or len(plain) != len(value):
            return False
        return all(
            type(key) is str and key in plain and is_verbatim(plain[key], member)
            for key, member in value.items()
        )
    # A scalar that may stay as it is stays the same object.
    return plain is value


def value_json(value: Any) -> str:
    """``value`` as JSON, with secret keys redacted at any depth; as its ``repr`` if JSON cannot."""
    return json_text(Plain().of(value, 0))


def result_text(value: Any) -> str:
    """A task's result: JSON if it is made of what JSON has, otherwise its ``repr``."""
    plain = Plain().of(value, 0)
    if isinstance(plain, str) and not issubclass(type(value), _TEXT_TYPES):
        return plain[:MAX_TEXT]
    return json_text(plain)


def text(value: Any) -> str:
    """``str(value)`` without passwords of URLs; a placeholder if ``str`` fails.

    At most ``MAX_TEXT`` characters.
    """
    try:
        return without_secrets((value if type(value) is str else str(value))[:MAX_TEXT])
    except SoftTimeLimitExceeded:
        # Meant for the task that is running. The same below.
        raise
    except Exception:
        return _placeholder(value)


def json_text(plain: Any) -> str:
    """``plain``, which is made of JSON's own types, as JSON without spaces."""
    return _encode(plain)[:MAX_TEXT]


class Plain:
    """Turns one value, and what is in it, into JSON's own types.

    It stops once it has as much text as is stored: objects that refer to each other would have no
    end.
    """

    def __init__(self) -> None:
        self._room = MAX_TEXT

    def of(self, value: Any, depth: int) -> Any:
        """``value``, which is inside ``depth`` collections, in JSON's own types."""
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
            if type(value) is list or type(value) is tuple:
                return self._collection(value, depth)
            return self._unusual(value, depth)
        except SoftTimeLimitExceeded:
            raise
        except Exception:
            return _placeholder(value)

    def arguments(self, args: Sequence[Any], names: Sequence[str], depth: int) -> list[Any]:
        """Positional arguments, redacted by the names of their parameters."""
        named = [self.named(name, value, depth) for name, value in zip(names, args, strict=False)]
        return named + [self.of(value, depth) for value in args[len(names) :]]

    def named(self, name: Any, value: Any, depth: int) -> Any:
        """``value`` after the setting TASK_TRACKER_REDACT was applied to its name."""
        name = name if type(name) is str else text(name)
        rule = config.TASK_TRACKER_REDACT
        if not callable(rule):
            return REDACTED if is_secret(name) else self.of(value, depth)
        try:
            return self.of(rule(name, value), depth)
        except SoftTimeLimitExceeded:
            raise
        except Exception:
            # The rule failed, so the value counts as secret.
            return REDACTED

    def _unusual(self, value: Any, depth: int) -> Any:
        """``value`` of a type that JSON does not have."""
        cls = type(value)
        # Asking a lazy object for its class would evaluate it, which may query the database.
        if issubclass(cls, LazyObject):
            return f"<{cls.__name__}>"
        if issubclass(cls, Enum):
            return self.of(value.value, depth + 1)
        if issubclass(cls, _SCALARS) and _has_own_repr(cls):
            return self._text(repr(value))
        for number in (int, float):
            if issubclass(cls, number):
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
            if _has_own_repr(cls):
                return self._text(repr(value))
            self._room -= MEMBER_LENGTH * len(value)
            named = zip(value._fields, value, strict=True)
            return [self.named(name, member, depth + 1) for name, member in named]
        if isinstance(value, _COLLECTIONS):
            return self._collection(value, depth)
        return self._text(repr(value))

    def _collection(self, value: Any, depth: int) -> list[Any]:
        if isinstance(value, list | tuple) and len(value) == 2 and isinstance(value[0], str):
            # A pair of a name and a value, such as a header.
            name, member = value
            self._room -= MEMBER_LENGTH * 2
            return [self._text(str(name)), self.named(name, member, depth + 1)]
        shown = self._how_many(value)
        members = [self.of(member, depth + 1) for member in islice(value, shown)]
        return members + ([_more(value)] if len(value) > shown else [])

    def _members(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        if "subtask_type" in value and value.keys() >= _SIGNATURE_KEYS:
            return self._signature(value, depth)
        shown = self._how_many(value)
        members = {
            self._text(key if type(key) is str else text(key)): self.named(key, member, depth + 1)
            for key, member in islice(value.items(), shown)
        }
        if "value" in members:
            described = next((value[key] for key in _NAMES_OF_NAMES if key in value), None)
            if isinstance(described, str):
                members["value"] = self.named(described, value["value"], depth + 1)
        return members | ({"…": _more(value)} if len(value) > shown else {})

    def _signature(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        """A signature of Celery's: the task that it calls, and the arguments that it has for it."""
        task, args, kwargs = text(value["task"]), value["args"] or (), value["kwargs"] or {}
        names = names_of_arguments(task, args)
        shown = [REDACTED] * len(args) if names is None else self.arguments(args, names, depth + 1)
        plain = {"task": task, "args": shown, "kwargs": self.of(kwargs, depth + 1)}
        return {key: member for key, member in plain.items() if member}

    def _how_many(self, collection: Sized) -> int:
        shown = min(len(collection), MAX_MEMBERS)
        self._room -= MEMBER_LENGTH * shown
        return shown

    def _text(self, value: str) -> str:
        self._room -= len(value)
        if self._room < 0:
            value = value[: max(0, len(value) + self._room)]
        return without_secrets(value) if "://" in value else value


def _attributes(value: Any) -> Mapping[Any, Any] | None:
    """What the generated ``repr`` of ``value`` shows; ``None`` if its class has none of the kind.

    A class with its own ``repr`` decides itself what to hide.
    """
    cls = type(value)
    if issubclass(cls, SimpleNamespace):
        return None if _has_own_repr(cls) else vars(value)
    if is_dataclass(cls) and _file_of_repr(cls) == "<string>":
        return {each.name: getattr(value, each.name) for each in fields(cls) if each.repr}
    if hasattr(cls, "__attrs_attrs__") and _file_of_repr(cls).startswith("<attrs generated"):
        # Each may have a function here instead of True.
        shown = {each: getattr(value, each.name) for each in cls.__attrs_attrs__ if each.repr}
        return {
            each.name: member if each.repr is True else each.repr(member)
            for each, member in shown.items()
        }
    if hasattr(cls, "__repr_args__") and _is_defined_by(cls.__repr__, "pydantic"):
        return dict(value.__repr_args__())
    return None


def _file_of_repr(cls: type) -> str:
    """The file of the code of the ``repr`` of ``cls``; empty if it is not written in Python."""
    code = getattr(inspect.unwrap(cls.__repr__), "__code__", None)
    return code.co_filename if code else ""


def _has_own_repr(cls: type) -> bool:
    """Whether a class of the project, or of a library, has written the ``repr`` of ``cls``."""
    written = inspect.unwrap(cls.__repr__)
    if not isinstance(written, FunctionType):
        return False
    return not any(_is_defined_by(written, each) for each in ("collections", "enum", "django"))


def _is_defined_by(function: Any, package: str) -> bool:
    return bool(getattr(function, "__module__", "").partition(".")[0] == package)


def _more(collection: Sized) -> str:
    return f"… {len(collection) - MAX_MEMBERS} more"


def _placeholder(value: Any) -> str:
    return f"<{type(value).__module__}.{type(value).__qualname__} without a representation>"


def _model(instance: Model) -> str:
    return f"<{instance._meta.label} {instance.pk}>"


def _encoder() -> Callable[[Any], str]:
    """A function that encodes what is made of JSON's own types, without spaces."""
    encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
    quoted = json.encoder.encode_basestring
    try:
        # `encode` does this for each call, which takes most of the time of a short text.
        encode = json.encoder.c_make_encoder(  # type: ignore[attr-defined]
            *(None, encoder.default, quoted, None, ":", ",", False, False, True)
        )
        encode([], 0)
    except (AttributeError, TypeError):
        # This Python has none, or makes it in another way.
        return encoder.encode
    return lambda plain: "".join(encode(plain, 0))


_encode = _encoder()

_SCALARS = (str, int, float)

#: Types whose values are text in JSON. A result that is one of them is stored as a JSON string.
_TEXT_TYPES = (str, datetime, date, time, timedelta, Decimal, UUID, Enum)

#: Collections whose members have no names.
_COLLECTIONS = (list, tuple, set, frozenset, deque, UserList, KeysView, ValuesView)

#: The keys of a Celery signature, which is a ``dict`` and stays one in a message.
_SIGNATURE_KEYS = {"task", "args", "kwargs", "options", "subtask_type"}

#: The keys beside ``value`` that name it, as in a list of headers.
_NAMES_OF_NAMES = ("name", "key", "header")

_CONVERSIONS: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    ((str, Promise), lambda value: str(value)[:MAX_TEXT]),
    ((datetime, date, time), lambda value: value.isoformat()),
    ((timedelta, Decimal, UUID), str),
    ((bytes, bytearray), lambda value: repr(value[:MAX_MEMBERS])),
    # Their own representations would query the database.
    (Model, _model),
    (QuerySet, lambda value: f"<{type(value).__name__} of {value.model._meta.label}>"),
    (Manager, lambda value: f"<{type(value).__name__} of {value.model._meta.label}>"),
)
