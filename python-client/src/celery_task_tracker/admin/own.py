"""What a ModelAdmin's own methods add to the rows of the page: links and columns."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from django.contrib.admin import ModelAdmin
from django.http import HttpRequest

from ..config import config
from .hooks import is_overridden
from .links import links_of

logger = logging.getLogger("celery_task_tracker")


def own_links(
    request: HttpRequest, model_admin: ModelAdmin[Any], record: Mapping[str, Any]
) -> list[dict[str, str]]:
    """``[{"label", "url"}]``: what ``get_task_tracker_links`` says of the record.

    None where it raises, which is logged.
    """
    asked: Any = model_admin
    try:
        rules = dict(asked.get_task_tracker_links(request, dict(record)))
    except Exception:
        logger.warning("get_task_tracker_links: the links cannot be made", exc_info=True)
        return []
    return links_of(rules, record)


def own_columns(request: HttpRequest, model_admin: ModelAdmin[Any]) -> dict[str, Any]:
    """``get_task_tracker_columns``: a field of the record, or a function of it, by its heading.

    None where it raises, which is logged.
    """
    asked: Any = model_admin
    try:
        columns = dict(asked.get_task_tracker_columns(request))
    except Exception:
        logger.warning("get_task_tracker_columns: there are no columns", exc_info=True)
        return {}
    return {str(heading): column for heading, column in columns.items()}


def with_own(request: HttpRequest, model_admin: ModelAdmin[Any], reply: bytes) -> bytes:
    """``reply``, a page of rows in the module's JSON, with the first link of each row and the cells
    of the ModelAdmin's own columns."""
    columns = own_columns(request, model_admin)
    has_links = config.TASK_TRACKER_LINKS or is_overridden(model_admin, "get_task_tracker_links")
    if not has_links and not columns:
        return reply
    page = json.loads(reply)
    for record in page["tasks"]:
        cells = [_cell(column, record) for column in columns.values()]
        if has_links:
            record["links"] = own_links(request, model_admin, record)[:1]
        if columns:
            record["cells"] = cells
    return json.dumps(page).encode()


def _cell(column: Any, record: Mapping[str, Any]) -> str:
    """The text of a cell. Empty where the column's function raises, which is logged."""
    try:
        value = column(dict(record)) if callable(column) else record.get(column)
        return "" if value is None else str(value)
    except Exception:
        logger.warning("get_task_tracker_columns: a cell cannot be made", exc_info=True)
        return ""
