"""Whether each registration can work: its model, its arguments, and the names that Redis gets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from django.core import checks
from django.core.exceptions import FieldError
from django.db.models import Model, OuterRef

from ..registration.id_query import FirstParameter, Lookup
from ..registration.models import model_of, root_of, tracked_name
from ..registration.namespace import longest_prefix
from ..registration.registry import Registration, registry
from ..registration.resolution import Unresolvable

#: The longest name of a model or a task, in bytes, and the longest primary key that the module
#: accepts.
MAX_NAME = 255
MAX_KEY = 512


def check_registrations(app_configs: Any = None, **_: Any) -> list[checks.CheckMessage]:
    """An error for each registration, model or task that cannot be tracked."""
    registrations = registry.all()
    return [
        *(message for each in registrations for message in _registration_errors(each)),
        *_model_errors(registrations),
        *_task_errors(registrations),
    ]


def _registration_errors(registration: Registration) -> Iterable[checks.CheckMessage]:
    try:
        model = model_of(registration.model)
    except LookupError:
        model = None
        yield checks.Error(
            f"Task {registration.name} is registered for {registration.model!r}, "
            "but there is no such model.",
            hint='Give @task_tracker.register() a model class or a label such as "shop.Order".',
            id="celery_task_tracker.E020",
        )
    try:
        parameters = registration.parameters
    except Unresolvable:
        return
    query = registration.id_query
    for name in query.arguments():
        if name not in parameters.names and not parameters.takes_any_name:
            yield checks.Error(
                f"Task {registration.name} has no argument {name!r}, which its registration "
                f"for {registration.model!r} finds the object by.",
                hint=f"The task takes: {', '.join(parameters.names) or 'nothing'}.",
                id="celery_task_tracker.E021",
            )
    if isinstance(query, FirstParameter) and parameters.first is None:
        yield checks.Error(
            f"Task {registration.name} is registered for {registration.model!r}, but takes no "
            "argument that could name an object.",
            hint="Give the task the primary key as its first argument.",
            id="celery_task_tracker.E022",
        )
    if isinstance(query, Lookup) and model is not None:
        try:
            model._base_manager.filter(**{lookup: OuterRef("pk") for lookup, _ in query.pairs})
        except FieldError as error:
            yield checks.Error(
                f"Task {registration.name} cannot look up {registration.model!r} by its "
                f"id_query: {error}",
                hint="Give names of the model's fields, or a dict of look-ups and argument names.",
                id="celery_task_tracker.E023",
            )


def _model_errors(registrations: Sequence[Registration]) -> Iterable[checks.CheckMessage]:
    roots: defaultdict[str, set[type[Model]]] = defaultdict(set)
    for registration in registrations:
        with suppress(LookupError):
            root = root_of(model_of(registration.model))
            roots[tracked_name(root)].add(root)
    room = MAX_NAME - longest_prefix()
    for name, models in sorted(roots.items()):
        labels = sorted(model._meta.label for model in models)
        if len(models) > 1:
            yield checks.Error(
                f"{' and '.join(labels)} have the same name in the tracker, {name!r}, so "
                "their objects share one history.",
                hint="Change the label of one of the apps. The tracker ignores case.",
                id="celery_task_tracker.E024",
            )
        if not name.isascii() or len(name) > room:
            yield checks.Error(
                f"The tracker cannot store tasks of {labels[0]}: a model's name, with its "
                f"namespace, must be ASCII and at most {MAX_NAME} characters long.",
                hint="Rename the model or its app.",
                id="celery_task_tracker.E025",
            )
        for model in models:
            yield from _key_errors(model)


def _key_errors(model: type[Model]) -> Iterable[checks.CheckMessage]:
    pk: Any = model._meta.pk
    longest = getattr(getattr(pk, "target_field", pk), "max_length", None) or 0
    if longest > MAX_KEY:
        yield checks.Error(
            f"Primary keys of {model._meta.label} may have {longest} characters, but the tracker "
            f"refuses those of more than {MAX_KEY} bytes.",
            hint=f"Lower max_length to {MAX_KEY}, or silence this check if no key is so long.",
            id="celery_task_tracker.E026",
        )


def _task_errors(registrations: Sequence[Registration]) -> Iterable[checks.CheckMessage]:
    for task in sorted({registration.name for registration in registrations}):
        if len(task.encode(errors="replace")) > MAX_NAME:
            yield checks.Error(
                f"The tracker cannot store the task {task[:60]!r}…: a task's name must have at "
                f"most {MAX_NAME} bytes in UTF-8.",
                hint="Give the task a shorter name: @shared_task(name=…).",
                id="celery_task_tracker.E027",
            )
