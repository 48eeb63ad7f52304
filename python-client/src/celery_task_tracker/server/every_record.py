"""All records of an object or a model, however many there are, a page at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ..registration.resolution import Ref
from .client import TrackerClient
from .query import Query

#: Records per round trip. Each may have several values of 64 KiB.
PAGE = 50


def every_record(
    client: TrackerClient, subject: Ref, query: Query, fields: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """The records that ``query`` is about, oldest first, each once, as the module's JSON has them.

    The page and the size of ``query`` do not count. A page begins at the creation of the last
    record before it, so records that come or go meanwhile move no other one.

    Raises :class:`~.errors.TrackerError` at any record.
    """
    query = replace(query, page=1, size=PAGE, order="OLDEST")
    last: set[str] = set()
    """The records that were given and were created at the beginning of this page."""
    while True:
        reply = json.loads(client.query_json(subject, query, fields))
        records = reply["tasks"]
        for record in records:
            if record["id"] not in last:
                yield record
        if len(records) < reply["size"]:
            return
        begin = records[-1].get("created_at", query.since)
        if begin == query.since:
            # More records than a page holds were created at one time.
            query = replace(query, page=query.page + 1)
            last |= {record["id"] for record in records}
        else:
            query = replace(query, since=begin, page=1)
            last = {each["id"] for each in records if each.get("created_at") == begin}
