"""Where a row holds the text that was searched for, if that is in a field that rows do not show."""

from __future__ import annotations

import json
from typing import Any

#: Fields that a search looks into and the page's rows leave out.
HIDDEN_FIELDS = ("args", "kwargs", "result")

#: How many characters are shown before and after what was found.
BEFORE, AFTER = 30, 60


def with_excerpts(reply: bytes, match: str) -> bytes:
    """``reply``, the module's JSON with :data:`HIDDEN_FIELDS`, with excerpts in their place.

    A row that holds ``match`` in one of them gets ``found``, ``{"field": "args", "text": "…"}``.
    """
    page = json.loads(reply)
    for row in page["tasks"]:
        hidden = {name: row.pop(name) for name in HIDDEN_FIELDS if name in row}
        for name, value in hidden.items():
            row.pop(f"{name}_bytes", None)
            excerpt = _excerpt(_as_stored(value), match)
            if excerpt and "found" not in row:
                row["found"] = {"field": name, "text": excerpt}
    return json.dumps(page, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _as_stored(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _excerpt(text: str, match: str) -> str:
    place = text.lower().find(match.lower())
    if place < 0:
        return ""
    begin, end = max(0, place - BEFORE), place + len(match) + AFTER
    return f"{'…' if begin else ''}{text[begin:end]}{'…' if end < len(text) else ''}"
