"""Links out of the page, to where the project keeps logs, errors or traces of a task."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from ..config import config

logger = logging.getLogger("celery_task_tracker")

#: The schemes that a link may have. One without a scheme leads to the project's own site.
SCHEMES = ("", "http", "https")


def links_of(record: Mapping[str, Any]) -> list[dict[str, str]]:
    """``[{"label", "url"}]`` of the setting TASK_TRACKER_LINKS for this record.

    A link is left out if the record lacks a field for it, or if its function returned none.
    """
    found = []
    for label, rule in config.TASK_TRACKER_LINKS.items():
        url = _url(label, rule, record)
        if url:
            found.append({"label": str(label), "url": url})
    return found


def with_links(reply: bytes) -> bytes:
    """A page of rows in the module's JSON, with the first link of each row."""
    if not config.TASK_TRACKER_LINKS:
        return reply
    page = json.loads(reply)
    for record in page["tasks"]:
        record["links"] = links_of(record)[:1]
    return json.dumps(page).encode()


def _url(label: str, rule: Any, record: Mapping[str, Any]) -> str | None:
    try:
        if callable(rule):
            url = rule(dict(record))
        else:
            values = {name: quote(str(value), safe="") for name, value in record.items()}
            url = rule.format(**{"task_id": values["id"], **values})
        if url is None or urlsplit(str(url)).scheme.lower() in SCHEMES:
            return None if url is None else str(url)
        logger.warning("TASK_TRACKER_LINKS: the link %r has a scheme that is not allowed", label)
    except KeyError:
        # The record has no such field.
        pass
    except Exception:
        logger.warning("TASK_TRACKER_LINKS: the link %r cannot be made", label, exc_info=True)
    return None
