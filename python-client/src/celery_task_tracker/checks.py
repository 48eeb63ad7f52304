"""System checks: settings and registrations that cannot work are found before they are needed."""

from __future__ import annotations

import math
import re
import signal
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from django.core import checks
from django.core.exceptions import FieldError
from django.db.models import Model, OuterRef

from .config import config
from .registration.id_query import FirstParameter, Lookup
from .registration.models import model_of, root_of, tracked_name
from .registration.namespace import EXPECTED, is_namespace, longest_prefix, takes_model_and_database
from .registration.registry import Registration, registry
from .registration.resolution import Unresolvable
from .server.client import get_client
from .server.errors import LOADMODULE, ModuleMissing, ModuleOutdated, TrackerUnavailable
from .server.url import without_password, wrong_with
from .states import STATES

#: The longest name of a model or a task, and the longest primary key, that the module takes.
MAX_NAME = 255
MAX_KEY = 512

#: The longest retention that the module takes, in seconds: a hundred years.
MAX_RETENTION = 100 * 365 * 86_400


def register() -> None:
    """Registers the checks with Django."""
    checks.register(check_settings, "celery_task_tracker")
    checks.register(check_registrations, "celery_task_tracker")
    checks.register(check_server, "celery_task_tracker", deploy=True)


def check_settings(app_configs: Any = None, **_: Any) -> list[checks.CheckMessage]:
    """Every setting of the package has a value it can have."""
    errors: list[checks.CheckMessage] = []

    def error(number: int, setting: str, expected: str) -> None:
        value = getattr(config, setting)
        shown = without_password(value) if isinstance(value, str) else value
        errors.append(
            checks.Error(
                f"{setting} must be {expected}, not {shown!r}.",
                hint=f"Correct {setting} in your settings, or remove it to have the default.",
                id=f"celery_task_tracker.E{number:03d}",
            )
        )

    wrong = wrong_with(config.CELERY_TASKTRACKER_REDIS_URL)
    if wrong:
        error(1, "CELERY_TASKTRACKER_REDIS_URL", f"a URL that {wrong}")
    if not _is_retention(config.TASK_TRACKER_RETENTION_WINDOW):
        error(
            2,
            "TASK_TRACKER_RETENTION_WINDOW",
            f"a whole number of seconds from 1 to {MAX_RETENTION}, or a dict of such by state "
            "or 'default'",
        )
    for number, setting in (
        (3, "TASK_TRACKER_PAGE_SIZE"),
        (4, "TASK_TRACKER_MAX_PAGE_SIZE"),
        (11, "TASK_TRACKER_SPOOL_SIZE"),
    ):
        if not _is_count(getattr(config, setting)):
            error(number, setting, "a whole number above 0")
    for number, setting in (
        (5, "TASK_TRACKER_CONNECT_TIMEOUT"),
        (6, "TASK_TRACKER_SOCKET_TIMEOUT"),
        (7, "TASK_TRACKER_RETRY_AFTER"),
        (8, "TASK_TRACKER_REFRESH_INTERVAL"),
    ):
        value = getattr(config, setting)
        if type(value) not in (int, float) or not 0 < value < math.inf:
            error(number, setting, "a number of seconds above 0")
    if not callable(config.TASK_TRACKER_REDACT) and not _are_patterns(config.TASK_TRACKER_REDACT):
        error(9, "TASK_TRACKER_REDACT", "regular expressions in a list or tuple, or a function")
    for number, setting in (
        (12, "TASK_TRACKER_STORE_ARGS"),
        (13, "TASK_TRACKER_STORE_RESULT"),
        (14, "TASK_TRACKER_TERMINATE"),
        (15, "TASK_TRACKER_PURGE_ON_DELETE"),
        (18, "TASK_TRACKER_CHANGELIST_COLUMN"),
        (41, "TASK_TRACKER_AUTODISCOVER"),
    ):
        if not isinstance(getattr(config, setting), bool):
            error(number, setting, "True or False")
    if config.TASK_TRACKER_ENABLED not in (None, True, False):
        error(40, "TASK_TRACKER_ENABLED", "True, False or None")
    namespace = config.TASK_TRACKER_NAMESPACE
    if callable(namespace):
        if not takes_model_and_database(namespace):
            error(19, "TASK_TRACKER_NAMESPACE", "a function that takes model= and using=")
    elif namespace not in (None, "") and not is_namespace(namespace):
        error(19, "TASK_TRACKER_NAMESPACE", f"{EXPECTED}, or a function")
    if not _is_signal(config.TASK_TRACKER_TERMINATE_SIGNAL):
        error(16, "TASK_TRACKER_TERMINATE_SIGNAL", 'the name of a signal, such as "SIGTERM"')
    permission = config.TASK_TRACKER_TERMINATE_PERMISSION
    if permission is not None and not (isinstance(permission, str) and "." in permission):
        error(17, "TASK_TRACKER_TERMINATE_PERMISSION", 'a permission, "app.codename", or None')
    if not errors and config.TASK_TRACKER_PAGE_SIZE > config.TASK_TRACKER_MAX_PAGE_SIZE:
        error(
            10,
            "TASK_TRACKER_PAGE_SIZE",
            f"at most TASK_TRACKER_MAX_PAGE_SIZE ({config.TASK_TRACKER_MAX_PAGE_SIZE})",
        )
    return errors


def check_registrations(app_configs: Any = None, **_: Any) -> list[checks.CheckMessage]:
    """Every registration names a model and an argument that exist, and names the module takes."""
    registrations = registry.all()
    return [
        *(message for each in registrations for message in _registration_errors(each)),
        *_name_errors(registrations),
    ]


def check_server(app_configs: Any = None, **_: Any) -> list[checks.CheckMessage]:
    """With ``check --deploy``: Redis answers, and has the tracker module in a fitting version."""
    try:
        get_client().ensure_compatible()
    except ModuleMissing:
        return [
            checks.Error(
                "The task tracker's Redis answers, and the tracker module is not loaded in it.",
                hint=f"Add this line to redis.conf and restart Redis: {LOADMODULE}",
                id="celery_task_tracker.E031",
            )
        ]
    except ModuleOutdated as error:
        return [
            checks.Error(
                f"{error}.",
                hint="Build libtracker.so anew, and restart Redis with it.",
                id="celery_task_tracker.E032",
            )
        ]
    except TrackerUnavailable as error:
        # Where a project is deployed from need not be where its Redis answers.
        return [
            checks.Warning(
                f"The task tracker's Redis does not answer: {error}",
                hint="Is it running, and is CELERY_TASKTRACKER_REDIS_URL its address?",
                id="celery_task_tracker.W030",
            )
        ]
    return []


def _registration_errors(registration: Registration) -> Iterable[checks.CheckMessage]:
    try:
        model = model_of(registration.model)
    except LookupError:
        model = None
        yield checks.Error(
            f"Task {registration.name} is registered for {registration.model!r}, "
            "and there is no such model.",
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
            f"Task {registration.name} has no first parameter, so it cannot be told for which "
            f"{registration.model!r} it runs.",
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
                hint="Name fields of the model, or give a dict of look-ups and names of arguments.",
                id="celery_task_tracker.E023",
            )


def _name_errors(registrations: Sequence[Registration]) -> Iterable[checks.CheckMessage]:
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
                f"{' and '.join(labels)} have one name in the tracker, {name!r}, so that their "
                "objects share their histories.",
                hint="Give one of the apps another label: the tracker knows no upper case.",
                id="celery_task_tracker.E024",
            )
        if not name.isascii() or len(name) > room:
            yield checks.Error(
                f"The tracker cannot keep anything for {labels[0]}: with its namespace, the name "
                f"of a model must be ASCII and at most {MAX_NAME} characters long.",
                hint="Rename the model or its app.",
                id="celery_task_tracker.E025",
            )
        for model in models:
            yield from _key_errors(model)
    for task in sorted({registration.name for registration in registrations}):
        if len(task.encode(errors="replace")) > MAX_NAME:
            yield checks.Error(
                f"The tracker cannot keep the task {task[:60]!r}…: the name of a task must be at "
                f"most {MAX_NAME} bytes of UTF-8 long.",
                hint="Give the task a shorter name: @shared_task(name=…).",
                id="celery_task_tracker.E027",
            )


def _key_errors(model: type[Model]) -> Iterable[checks.CheckMessage]:
    pk: Any = model._meta.pk
    longest = getattr(getattr(pk, "target_field", pk), "max_length", None) or 0
    if longest > MAX_KEY:
        yield checks.Error(
            f"Primary keys of {model._meta.label} may have {longest} characters, and the tracker "
            f"refuses those of more than {MAX_KEY} bytes.",
            hint=f"Lower max_length to {MAX_KEY} or less, or silence this if no key is so long.",
            id="celery_task_tracker.E026",
        )


def _is_retention(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(
            (state in STATES or state == "default") and _is_span(seconds)
            for state, seconds in value.items()
        )
    return value is None or _is_span(value)


def _is_span(value: Any) -> bool:
    return _is_count(value) and value <= MAX_RETENTION


def _is_signal(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("SIG") and hasattr(signal, value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _are_patterns(value: Any) -> bool:
    if not isinstance(value, list | tuple):
        return False
    try:
        for pattern in value:
            re.compile(pattern)
    except (TypeError, re.error):
        return False
    return True
