"""Keeps what happened in earlier attempts of a task that was retried."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from .delivery import Delivery
from .failure import Failure

#: How many earlier attempts a record keeps.
MOST_ATTEMPTS = 20

#: How many surplus attempts are removed when a later one begins.
REMOVED_AT_ONCE = 5

#: The longest JSON that is stored of one attempt, in bytes.
MAX_BYTES = 2048

#: The longest name of an exception, in bytes of JSON.
MAX_EXCEPTION_BYTES = 200

#: The longest error message, in bytes of JSON.
MAX_ERROR_BYTES = 800


def ended_attempt(
    delivery: Delivery, failure: Failure, begin: int | None, end: int
) -> dict[str, str]:
    """The field ``attempt_<n>`` of an attempt that failed and is retried.

    Its value is JSON of at most :data:`MAX_BYTES` bytes: ``begin`` and ``end`` in milliseconds
    since 1970, ``worker``, ``exception``, ``error``, and the last lines of the ``traceback``.
    """
    told: dict[str, Any] = {
        "begin": begin,
        "end": end,
        "worker": delivery.details.get("worker"),
        "exception": _beginning(failure.exception, MAX_EXCEPTION_BYTES),
        "error": _beginning(failure.error, MAX_ERROR_BYTES),
    }
    told = {name: value for name, value in told.items() if value}
    room = MAX_BYTES - _size({**told, "traceback": ""})
    traceback = _last_lines(failure.traceback, room)
    if traceback:
        told["traceback"] = traceback
    return {f"attempt_{delivery.attempt}": _json(told)}


def outdated_attempts(delivery: Delivery) -> dict[str, str]:
    """Removes surplus attempts when the attempt of ``delivery`` begins.

    Several, because an event that a later attempt overtook removes nothing.
    """
    last = delivery.attempt - MOST_ATTEMPTS
    return {f"attempt_{n}": "" for n in range(max(0, last - REMOVED_AT_ONCE), last)}


def _beginning(text: str, room: int) -> str:
    text = text[:room]
    while (size := _size(text)) > room:
        text = text[: len(text) * room // size]
    return text


def _last_lines(text: str, room: int) -> str:
    kept: list[str] = []
    for line in _reversed_lines(text):
        room -= _size(line)
        if room < 0:
            break
        kept.append(line)
    return "".join(reversed(kept))


def _reversed_lines(text: str) -> Iterable[str]:
    # Only the end of the traceback can fit.
    return reversed(text[-MAX_BYTES:].splitlines(keepends=True))


def _size(value: Any) -> int:
    return len(_json(value).encode(errors="replace"))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
