"""The tasks that the page offers to launch, and the arguments that each of them will get."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import Any

from django.db import connections, router, transaction
from django.db.models import Model

from ..recording.payload import arguments_json, text
from ..registration.launch import Launch
from ..registration.registry import Registration
from ..registration.resolution import Call, Unresolvable

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

    label: str
    """What its button says; empty for the task's name."""

    confirm: str
    """What the user is asked first; empty for nothing."""

    error: str
    """Why the arguments cannot be read from the object, or an empty text."""


def launchable(registrations: Iterable[Registration], obj: Model) -> list[Launchable]:
    """The tasks among ``registrations`` that may be launched for ``obj``. Never raises."""
    return [
        _launchable(each, launch, obj)
        for each in registrations
        if not each.hidden
        for launch in each.offers
    ]


def _launchable(registration: Registration, launch: Launch | None, obj: Model) -> Launchable:
    arguments = error = ""
    try:
        call = _call(registration, launch, obj)
    except Exception as reason:
        error = _cut(text(reason) or type(reason).__name__)
    else:
        arguments = _cut(_arguments(registration, call))
    return Launchable(
        registration.name,
        _description(registration.task),
        arguments,
        label=str(launch.label) if launch else "",
        confirm=str(launch.confirm) if launch else "",
        error=error,
    )


def _call(registration: Registration, launch: Launch | None, obj: Model) -> Call:
    """The arguments of a launch. A failing query does not break the surrounding transaction."""
    using = router.db_for_read(type(obj), instance=obj)
    with transaction.atomic(using) if connections[using].in_atomic_block else nullcontext():
        return registration.call_of(launch, obj)


def _arguments(registration: Registration, call: Call) -> str:
    names: tuple[str, ...] = ()
    with suppress(Unresolvable):
        names = registration.parameters.names_by_position(len(call.args))
    positional = [
        _argument(value, names[index : index + 1]) for index, value in enumerate(call.args)
    ]
    keywords = [f"{text(name)}={_argument(value, (name,))}" for name, value in call.kwargs.items()]
    return ", ".join(positional + keywords)


def _argument(value: Any, name: tuple[str, ...]) -> str:
    """``value`` as it is stored for the parameter ``name``, if it has one."""
    return arguments_json((value,), name)[1:-1]


def _cut(shown: str) -> str:
    return shown if len(shown) <= MAX_LENGTH else f"{shown[:MAX_LENGTH]}…"


def _description(task: Any) -> str:
    doc = getattr(task.run, "__doc__", None) or ""
    return doc.strip().partition("\n")[0]
