"""From a task's arguments to the object that it runs for, and from an object to arguments.

Nothing here asks the database: what is resolved on the way of a message must cost nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from django.apps import apps
from django.db.models import Model


class ObjectRef(NamedTuple):
    """One model instance, as the tracker knows it: ``("shop.order", "1042")``."""

    model: str
    """The model's label in lower case."""

    pk: str
    """The primary key as text, as the admin's own address shows it before quoting."""


class Call(NamedTuple):
    """The arguments of one call of a task."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


class Unresolvable(Exception):
    """The arguments of this call do not say which object it is for."""


class IdQuery(Protocol):
    """A rule that finds the object's primary key among a task's arguments."""

    def find(self, signature: inspect.Signature, call: Call) -> Any:
        """The primary key that ``call`` names. Raises :class:`Unresolvable` if there is none."""

    def call_with(self, signature: inspect.Signature, pk: Any) -> Call:
        """The shortest call that names the object ``pk``: what the admin launches by default."""


@dataclass(frozen=True)
class FirstParameter:
    """The task's first parameter is the primary key, passed by position or by keyword."""

    def find(self, signature: inspect.Signature, call: Call) -> Any:
        parameter = self._parameter(signature)
        value = _bind(signature, call).get(parameter.name)
        if parameter.kind is parameter.VAR_POSITIONAL:
            return value[0] if value else None
        return value

    def call_with(self, signature: inspect.Signature, pk: Any) -> Call:
        parameter = self._parameter(signature)
        if parameter.kind is parameter.KEYWORD_ONLY:
            return Call((), {parameter.name: pk})
        return Call((pk,), {})

    @staticmethod
    def _parameter(signature: inspect.Signature) -> inspect.Parameter:
        for parameter in signature.parameters.values():
            if parameter.kind is not parameter.VAR_KEYWORD:
                return parameter
        raise Unresolvable("the task takes no argument that could name an object")


@dataclass(frozen=True)
class NamedArgument:
    """The argument of this name is the primary key, passed by position or by keyword."""

    name: str

    def find(self, signature: inspect.Signature, call: Call) -> Any:
        arguments = _bind(signature, call)
        if self.name in signature.parameters:
            return arguments.get(self.name)
        # A task that takes **kwargs may be called with names that its signature does not show.
        return call.kwargs.get(self.name)

    def call_with(self, signature: inspect.Signature, pk: Any) -> Call:
        return Call((), {self.name: pk})


def parse_id_query(value: Any) -> IdQuery:
    """The rule that ``register(…, id_query=value)`` means.

    ``None`` is the task's first parameter, a string the argument of that name. Anything else
    raises ``TypeError``.
    """
    if value is None:
        return FirstParameter()
    if isinstance(value, str):
        return NamedArgument(value)
    if isinstance(value, tuple | list | Mapping):
        raise TypeError(
            "id_query as a tuple, list or dict (a look-up by several fields) is not supported yet: "
            "give the name of the argument that holds the primary key, or None for the first one"
        )
    raise TypeError(f"id_query must be None or the name of an argument of the task, not {value!r}")


def object_ref(model: str, value: Any) -> ObjectRef:
    """``value``, an argument that holds a primary key, as the reference of that object.

    The value goes through the primary key's own field, so that ``1042`` and ``"1042"``, or the
    spellings of one UUID, are the same object. Raises :class:`Unresolvable` for ``None`` and for
    what the field does not accept.
    """
    if isinstance(value, Model):
        value = value.pk
    if value is None or value == "":
        raise Unresolvable("the argument that names the object is empty")
    pk_field = apps.get_model(model)._meta.pk
    try:
        pk = str(value if pk_field is None else pk_field.to_python(value))
    except Exception as error:
        raise Unresolvable(f"{value!r} is not a primary key of {model}") from error
    return ObjectRef(model, pk)


@dataclass(frozen=True)
class FromModel:
    """A launch argument that is read from the model instance when the task is launched.

    ``FromModel("customer.email")`` follows the foreign key and takes the e-mail address. A
    ``None`` on the way makes the argument ``None``; what can be called without arguments is
    called. An unknown name raises ``AttributeError`` at launching, which the admin shows.
    """

    path: str

    def resolve(self, instance: Any) -> Any:
        """The value that ``instance`` has at :attr:`path`. May cost a query per relation."""
        value = instance
        for name in self.path.split("."):
            if value is None:
                return None
            value = getattr(value, name)
            if inspect.isroutine(value):
                value = value()
        return value


def launch_value(value: Any, instance: Any) -> Any:
    """``value`` of ``launch_args`` or ``launch_kwargs`` for this instance."""
    return value.resolve(instance) if isinstance(value, FromModel) else value


def _bind(signature: inspect.Signature, call: Call) -> dict[str, Any]:
    try:
        bound = signature.bind_partial(*call.args, **call.kwargs)
    except TypeError as error:
        raise Unresolvable(str(error)) from error
    bound.apply_defaults()
    return bound.arguments
