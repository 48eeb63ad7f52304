"""Deleting an instance deletes what the tracker keeps of it, because databases reuse keys."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import Model
from django.db.models.signals import post_delete

from ..config import config
from ..registration.resolution import ObjectRef
from ..server.writes import Deletion
from . import process
from .guard import harmless

#: Labels of tracked models, until all models are there.
_waiting: set[str] = set()

#: What Django may delete an instance as, and the labels that tasks may have been tracked under.
_labels: defaultdict[type[Model], set[str]] = defaultdict(set)


def watch(label: str) -> None:
    """Purges the records of each deleted instance of the model with this label.

    Only models that tasks are registered for are watched, and their proxies, by which the same rows
    may be deleted: a listener to every deletion would keep Django from deleting other models' rows
    in one query. A label of no model is ignored; ``manage.py check`` tells of it.
    """
    _waiting.add(label)
    if apps.models_ready:
        watch_waiting()


def watch_waiting() -> None:
    """Watches the models that were registered before all models were there."""
    while _waiting:
        label = _waiting.pop()
        try:
            concrete = apps.get_model(label)._meta.concrete_model
        except LookupError:
            continue
        for model in apps.get_models():
            if model._meta.concrete_model is concrete:
                _labels[model].add(label)
                post_delete.connect(purge, sender=model, dispatch_uid="celery_task_tracker.purge")


@harmless
def purge(
    sender: type[Model] | None = None, instance: Any = None, using: str | None = None, **_: Any
) -> None:
    """post_delete: its records go when the transaction that deletes the instance is committed."""
    if config.TASK_TRACKER_PURGE_ON_DELETE and sender is not None and instance.pk is not None:
        objects = tuple(ObjectRef(label, str(instance.pk)) for label in sorted(_labels[sender]))
        deletion = partial(harmless(process.record), Deletion(objects))
        transaction.on_commit(deletion, using=using)
