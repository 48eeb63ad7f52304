"""The filters of a request: states, tasks, a period, a text to find."""

from __future__ import annotations

from http import HTTPStatus

from django.http import QueryDict
from django.utils.translation import gettext as _

from ..config import config
from ..server.client import MOST_FILTERS
from ..server.query import Query
from ..states import STATES
from .endpoint import Refusal

#: The most tasks. All states fit beside them.
MOST_TASKS = MOST_FILTERS - len(STATES)

#: The longest text to search for, in bytes, as the module takes it.
LONGEST_MATCH = 255


def query_of(given: QueryDict) -> Query:
    """The query for ``state``, ``task``, ``since``, ``until``, ``match``, ``page``, ``page_size``.

    ``state`` and ``task`` may be repeated. ``since`` and ``until`` take unix milliseconds or RFC
    3339. ``filter=state|task&value=…`` is the first version's form of one filter. A page size above
    the setting's maximum is the maximum. Raises :class:`Refusal` for any other value.
    """
    states = tuple(dict.fromkeys(state.upper() for state in _all(given, "state")))
    for state in states:
        if state not in STATES:
            raise Refusal(
                HTTPStatus.BAD_REQUEST,
                "bad-state",
                _("state must be one of %(states)s.") % {"states": ", ".join(STATES)},
            )
    names = tuple(dict.fromkeys(_all(given, "task")))
    if len(names) > MOST_TASKS:
        raise Refusal(
            HTTPStatus.BAD_REQUEST,
            "too-many-tasks",
            _("Choose at most %(limit)d tasks.") % {"limit": MOST_TASKS},
        )
    match = given.get("match", "").strip()
    if len(match.encode(errors="replace")) > LONGEST_MATCH:
        raise Refusal(
            HTTPStatus.BAD_REQUEST,
            "bad-match",
            _("match must have at most %(bytes)s bytes.") % {"bytes": LONGEST_MATCH},
        )
    return Query(
        states=states,
        names=names,
        since=given.get("since", ""),
        until=given.get("until", ""),
        match=match,
        page=_count(given, "page", 1),
        size=min(
            _count(given, "page_size", config.TASK_TRACKER_PAGE_SIZE),
            config.TASK_TRACKER_MAX_PAGE_SIZE,
        ),
    )


def _all(given: QueryDict, name: str) -> list[str]:
    """Every value that is given for the filter ``name``, empty ones left out."""
    values = given.getlist(name)
    old = given.get("filter")
    if old not in (None, "", "state", "task"):
        raise Refusal(HTTPStatus.BAD_REQUEST, "bad-filter", _("filter must be state or task."))
    if old == name:
        values = [*values, given.get("value", "")]
    return [value for value in values if value]


def _count(given: QueryDict, name: str, default: int) -> int:
    value = given.get(name)
    if value is None:
        return default
    # isdecimal() accepts the digits of every script.
    if not (value.isascii() and value.isdecimal() and len(value) < 10 and int(value) > 0):
        raise Refusal(
            HTTPStatus.BAD_REQUEST,
            "bad-number",
            _("%(name)s must be a whole number above 0.") % {"name": name},
        )
    return int(value)
