"""The fields of a record as the page's scripts take them: as in the module's own JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ..results import value_of

#: Fields of a record that hold JSON. The others hold text; ``result`` may be either.
JSON_FIELDS = ("objects", "args", "kwargs", "progress", "log")
#: The field of an earlier attempt, which holds JSON too.
ATTEMPT_FIELD = re.compile(r"attempt_[0-9]+")

TIME_FIELDS = (
    "created_at",
    "updated_at",
    "published_at",
    "received_at",
    "started_at",
    "finished_at",
)


def presentable(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record of :meth:`TrackerClient.get`. Another program may have written any value."""
    return {name: _presentable(name, value) for name, value in record.items()}


def _presentable(name: str, value: Any) -> Any:
    if name in TIME_FIELDS and isinstance(value, int):
        try:
            moment = datetime.fromtimestamp(value / 1000, tz=timezone.utc)
        except (OverflowError, ValueError, OSError):
            return value
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, str) and (name in JSON_FIELDS or ATTEMPT_FIELD.fullmatch(name)):
        return value_of(value)
    return value
