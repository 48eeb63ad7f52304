"""What travels with a task in the headers of its message, from the publisher to the workers.

Anybody who may publish to the broker can write these headers, so their content is checked. What is
not as expected is left out, and the log says so once for each kind.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..registration.registry import registry
from ..registration.resolution import ObjectRef

logger = logging.getLogger("celery_task_tracker")

#: The objects that the task is tracked for: ``[["shop.order", "1042"], …]``.
OBJECTS = "task_tracker_objects"

#: When the task was first published, in milliseconds since 1970. A retry and a second delivery of
#: the message have the same; a task that is sent once more under the same id has another.
RUN = "task_tracker_run"

#: How many attempts the task had before it was replaced by this one under its id.
ATTEMPT = "task_tracker_attempt"

#: What the caller wants to be shown instead of the arguments: ``{"args": "…", "kwargs": "…"}``.
SHOWN = "task_tracker_shown"

#: Who launched the task in the admin, and which task it runs again: ``{"launched_by": "…"}``.
ORIGIN = "task_tracker_origin"

#: The longest text in it, in characters.
LONGEST_ORIGIN = 255

#: The most objects that one task is tracked for.
MOST_OBJECTS = 16

#: The longest primary key that the module takes, in bytes.
LONGEST_KEY = 512

#: The end of the year 9999, in milliseconds since 1970.
LAST_MOMENT = 253_402_300_799_999

#: How much of a refused value the log shows, in characters.
SHOWN_LENGTH = 100

#: The types of a list after JSON and after pickle.
_LISTS = (list, tuple)

#: A header with more attempts than this is ignored.
MOST_ATTEMPTS = 1_000_000

_refused: set[str] = set()


def objects_in(header: Any) -> tuple[ObjectRef, ...] | None:
    """The objects that a message names; ``None`` if it names none.

    Of the first ``MOST_OBJECTS`` those that are pairs of two strings, of models that have
    registered tasks.
    """
    if header is None:
        return None
    if type(header) not in _LISTS:
        _refuse("is no list of objects", header)
        return None
    if len(header) > MOST_OBJECTS:
        _refuse(f"names more than {MOST_OBJECTS} objects", header)
    objects = [ref for pair in header[:MOST_OBJECTS] if (ref := _object_in(pair))]
    return tuple(dict.fromkeys(objects))


def fitting(objects: Iterable[ObjectRef]) -> tuple[ObjectRef, ...]:
    """Those of ``objects`` that a message may name, as :func:`objects_in` reads them from it."""
    first = tuple(dict.fromkeys(objects))[:MOST_OBJECTS]
    return tuple(ref for ref in first if not _is_too_long(ref.pk))


def run_in(header: Any) -> int | None:
    """When the task was first published; ``None`` for a message that does not say."""
    return header if type(header) is int and 0 < header <= LAST_MOMENT else None


def count_in(header: Any) -> int:
    """A number of attempts or replacements; 0 for a message that does not say."""
    return header if type(header) is int and 0 < header <= MOST_ATTEMPTS else 0


def attempt_of(get: Callable[[str], Any]) -> int:
    """The attempt that a message is about; ``get`` looks a name up in it."""
    return count_in(get("retries")) + count_in(get(ATTEMPT))


def shown_in(header: Any) -> dict[str, str]:
    """What to show instead of ``args`` and ``kwargs``, if the caller said so."""
    if not isinstance(header, Mapping):
        return {}
    return {key: header[key] for key in ("args", "kwargs") if isinstance(header.get(key), str)}


def origin_in(header: Any) -> dict[str, str]:
    """Who launched the task, and which one it runs again, as far as the message says."""
    if not isinstance(header, Mapping):
        return {}
    names = ("launched_by", "rerun_of")
    given = {name: header[name] for name in names if isinstance(header.get(name), str)}
    return {name: value[:LONGEST_ORIGIN] for name, value in given.items()}


def _object_in(pair: Any) -> ObjectRef | None:
    if type(pair) not in _LISTS or len(pair) != 2 or not type(pair[0]) is type(pair[1]) is str:
        _refuse("names an object that is no pair of two strings", pair)
    elif _is_too_long(pair[1]):
        return None
    elif not registry.tracks((ref := ObjectRef(*pair)).label):
        _refuse("names an object of a model that no task is registered for", pair)
    else:
        return ref
    return None


def _is_too_long(key: str) -> bool:
    if len(key) <= LONGEST_KEY:
        return False
    _refuse("names an object whose key is too long", key)
    return True


def _refuse(reason: str, value: Any) -> None:
    if reason not in _refused:
        _refused.add(reason)
        shown = repr(value)[:SHOWN_LENGTH]
        logger.warning("The header of a message %s, which is left out: %s", reason, shown)
