"""Links out of the page, to where the project keeps logs, errors or traces of a task."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

logger = logging.getLogger("celery_task_tracker")

#: The schemes that a link may have. One without a scheme leads to the project's own site.
SCHEMES = ("", "http", "https")


def links_of(rules: Mapping[str, Any], record: Mapping[str, Any]) -> list[dict[str, str]]:
    """``[{"label", "url"}]`` of the record. ``rules`` are as in the setting TASK_TRACKER_LINKS.

    A link is left out if the record lacks a field for it, or if its function returned none.
    """
    urls = ((label, _url(label, rule, record)) for label, rule in rules.items())
    return [{"label": str(label), "url": url} for label, url in urls if url]


def _url(label: str, rule: Any, record: Mapping[str, Any]) -> str | None:
    try:
        if callable(rule):
            url = rule(dict(record))
        elif rule is None:
            url = None
        else:
            values = {name: quote(str(value), safe="") for name, value in record.items()}
            url = rule.format(**{"task_id": values["id"], **values})
        if url is None or urlsplit(str(url)).scheme.lower() in SCHEMES:
            return None if url is None else str(url)
        logger.warning("The link %r has a scheme that is not allowed", label)
    except KeyError:
        # The record has no such field.
        pass
    except Exception:
        logger.warning("The link %r cannot be made", label, exc_info=True)
    return None
