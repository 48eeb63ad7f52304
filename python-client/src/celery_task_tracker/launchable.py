"""What the page offers to launch for an object, and the arguments that each task will get."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from django.db import connections, router, transaction
from django.db.models import Model

from .parameters import Parameters
from .payload import arguments_json, text, value_json
from .registry import Registration
from .resolution import Call

#: The longest text of arguments that the page shows, in characters.
MAX_LENGTH = 1000


@dataclass(frozen=True)
class Launchable:
    """One task of the launch panel."""

    name: str
    description: str
    """The first line of the task's docstring."""

    arguments: str
    """The arguments as JSON with the names of keyword arguments, secrets redacted:
    ``1042, to="ada@mail.example"``."""

    error: str
    """Why the arguments cannot be read from the object, or an empty text."""


def launchable(registrations: Iterable[Registration], obj: Model) -> list[Launchable]:
    """The tasks among ``registrations`` that may be launched for ``obj``. Never raises."""
    return [_launchable(each, obj) for each in registrations if not each.hidden]


def _launchable(registration: Registration, obj: Model) -> Launchable:
    arguments = error = ""
    try:
        using = router.db_for_read(type(obj), instance=obj)
        # A query that fails would break the transaction around it.
        with transaction.atomic(using) if connections[using].in_atomic_block else nullcontext():
            call = registration.launch_call(obj)
        arguments = _cut(_arguments(registration.parameters, call))
    except Exception as reason:
        error = _cut(text(reason) or type(reason).__name__)
    return Launchable(registration.name, _description(registration.task), arguments, error)


def _arguments(parameters: Parameters, call: Call) -> str:
    names = parameters.names_by_position(len(call.args))
    positional = arguments_json(call.args, names)[1:-1]
    keywords = [
        # The value as it is stored: the name beside it decides whether it is secret.
        f"{name}={json.dumps(json.loads(value_json({name: value}))[name], ensure_ascii=False)}"
        for name, value in call.kwargs.items()
    ]
    return ", ".join(filter(None, [positional, *keywords]))


def _cut(shown: str) -> str:
    return shown if len(shown) <= MAX_LENGTH else f"{shown[:MAX_LENGTH]}…"


def _description(task: Any) -> str:
    doc = getattr(task.run, "__doc__", None) or ""
    return doc.strip().partition("\n")[0]
