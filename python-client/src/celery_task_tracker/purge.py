"""Deleting an instance deletes what the tracker keeps of it, because databases reuse keys."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.db.models.signals import post_delete

from . import availability
from .config import config
from .event import Deletion
from .guard import harmless
from .resolution import ObjectRef


def watch(model: type[Model] | str) -> None:
    """Purges the records of each deleted instance of ``model``, which may be a label.

    Only models that tasks are registered for are watched: a listener to every deletion would keep
    Django from deleting other models' rows in one query.
    """
    post_delete.connect(purge, sender=model, dispatch_uid="celery_task_tracker.purge")


@harmless
def purge(
    sender: type[Model] | None = None, instance: Any = None, using: str | None = None, **_: Any
) -> None:
    """post_delete: its records go when the transaction that deletes the instance is committed."""
    if config.TASK_TRACKER_PURGE_ON_DELETE and sender is not None and instance.pk is not None:
        deletion = Deletion(ObjectRef(sender._meta.label_lower, str(instance.pk)))
        transaction.on_commit(partial(harmless(availability.record), deletion), using=using)
