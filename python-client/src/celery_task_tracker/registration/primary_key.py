"""Primary keys as text: one text for all spellings of a key."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Field, Model
from django.utils.timezone import make_aware


def key_text(model: type[Model], value: Any) -> str:
    """The primary key ``value`` of a ``model`` as text.

    The key's own field converts the value, so that ``1042`` and ``"1042"``, ``1.5`` and ``"1.50"``,
    ``(1, 8)`` and ``[1, 8]``, all spellings of a UUID, and one moment in several time zones give
    the same text. An instance stands for its primary key. Raises ``ValueError`` for an empty key,
    and whatever the field raises for a value that it does not accept.
    """
    return _text(model._meta.pk, value)


def key_value(model: type[Model], text: str) -> Any:
    """The primary key of a ``model`` that :func:`key_text` gave as ``text``.

    Raises whatever the key's field raises for a text that is not such a key.
    """
    return _value(model._meta.pk, text)


def _value(field: Any, text: str) -> Any:
    members = _members_of_composite(field)
    if members:
        pairs = zip(members, json.loads(text), strict=True)
        return tuple(_value(member, each) for member, each in pairs)
    return field.to_python(text)


def _text(field: Any, value: Any) -> str:
    if isinstance(value, Model):
        value = value.pk
    if value is None or value == "":
        raise ValueError("the primary key is empty")
    members = _members_of_composite(field)
    if members:
        return _composite_text(members, field.to_python(value))
    return _canonical(value if field is None else field.to_python(value))


def _members_of_composite(field: Any) -> tuple[Field[Any, Any], ...]:
    """The fields of a composite primary key, which Django has from 5.2; none for any other."""
    return tuple(getattr(field, "fields", ()))


def _composite_text(members: tuple[Field[Any, Any], ...], values: Any) -> str:
    if not isinstance(values, tuple | list):
        raise ValueError("a composite primary key is a tuple or list")
    texts = [_text(field, value) for field, value in zip(members, values, strict=True)]
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":"))


def _canonical(value: Any) -> str:
    if isinstance(value, str):
        # str() of a member of an Enum would be its name.
        return str.__str__(value)
    if isinstance(value, Decimal):
        text = format(value, "f")
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return "0" if text == "-0" else text
    if isinstance(value, datetime):
        if value.tzinfo is None and settings.USE_TZ:
            value = make_aware(value)
        return str(value if value.tzinfo is None else value.astimezone(timezone.utc))
    return str(value)
