"""Deleting an instance deletes its history, because databases reuse primary keys."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import Model
from django.db.models.signals import post_delete

from ..config import config
from ..registration.models import model_of, root_of
from ..registration.resolution import object_of
from ..server.removals import Deletion
from . import process
from .guard import harmless
from .overview import overview_with

#: Labels of registered models that are not watched yet.
_waiting: set[str] = set()


def watch(label: str) -> None:
    """Purges the history of each deleted row of the model with this label.

    Before all models are loaded it waits for :func:`watch_waiting`. A label of no model is ignored;
    ``manage.py check`` reports it.
    """
    _waiting.add(label)
    if apps.models_ready:
        watch_waiting()


def watch_waiting() -> None:
    """Watches the models that were registered before all models were loaded.

    Django sends post_delete for each row, whichever child or proxy it is deleted by, with the root
    model of the row or a proxy of that as sender. Only those are watched: with a listener to every
    deletion Django could not delete any model's rows in one query. When a child is deleted with
    ``keep_parents=True``, the root's row stays, and so does its history.
    """
    while _waiting:
        try:
            root = root_of(model_of(_waiting.pop()))
        except LookupError:
            continue
        for model in apps.get_models(include_auto_created=True):
            if model._meta.concrete_model is root:
                post_delete.connect(purge, sender=model, dispatch_uid="celery_task_tracker.purge")


@harmless
def purge(instance: Model, using: str, **_: Any) -> None:
    """post_delete: deletes the history of ``instance`` once its transaction is committed.

    ``using``: the alias of the database that the row was deleted from.
    """
    if config.TASK_TRACKER_PURGE_ON_DELETE:
        delete_history(instance, using)


def delete_history(instance: Model, using: str | None = None) -> None:
    """Deletes the history of ``instance`` once the transaction is committed.

    ``using``: the alias of the database of its row; by default the one that it was read from.
    Raises ``ValueError`` or ``ValidationError`` for an instance without a key.
    """
    if config.is_enabled:
        ref = object_of(instance, using)
        deletion = Deletion(ref, overview_with(ref))
        transaction.on_commit(partial(harmless(process.record), deletion), using=using)
