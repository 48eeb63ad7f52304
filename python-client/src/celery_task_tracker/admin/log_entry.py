"""Entries in the history of an object, as Django's admin keeps it."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Protocol

from django.contrib.admin import ModelAdmin
from django.contrib.admin.models import LogEntry
from django.db import router, transaction
from django.db.models import Model
from django.http import HttpRequest

logger = logging.getLogger("celery_task_tracker")


class Named(Protocol):
    """A task, as far as an entry names it."""

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...


def log_entry(request: HttpRequest, obj: Model, model_admin: ModelAdmin[Any], message: str) -> None:
    """Writes ``message`` into the object's history.

    The action that the message is about has already happened. If the entry cannot be written, the
    message goes to the log, and the action does not count as failed.
    """
    try:
        # A query that fails must not break the request's own transaction.
        with transaction.atomic(router.db_for_write(LogEntry)):
            model_admin.log_change(request, obj, message)
    except Exception:
        logger.exception(
            "The history of %s %s lacks this entry: %s", obj._meta.label, obj.pk, message
        )


def ids_by_name(tasks: Iterable[Named]) -> str:
    """``shop.tasks.greet (t3, t2); shop.tasks.succeed (t1)``."""
    ids = defaultdict(list)
    for task in tasks:
        ids[task.name].append(task.id)
    return "; ".join(f"{name} ({', '.join(its_ids)})" for name, its_ids in ids.items())
