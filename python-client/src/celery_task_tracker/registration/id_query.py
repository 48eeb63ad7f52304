"""The rules by which the arguments of a task's call name the object that it runs for.

Only a look-up by other fields than the primary key asks the database, once, where the task is sent.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from django.core.exceptions import SynchronousOnlyOperation
from django.db import connections, router, transaction
from django.db.models import Model

from .models import model_of
from .parameters import Parameters
from .resolution import Call, FromModel, OutOfReach, Unresolvable


class IdQuery(Protocol):
    """A rule that finds the object's primary key among a task's arguments."""

    def find(self, model: str, parameters: Parameters, call: Call) -> Any:
        """The primary key that ``call`` names. Raises :class:`Unresolvable` if there is none."""

    def call_with(self, parameters: Parameters, instance: Model) -> Call:
        """The shortest call that names ``instance``: what the admin launches by default."""

    def asks_database(self, model: str) -> bool:
        """Whether :meth:`find` costs a query."""

    def arguments(self) -> tuple[str, ...]:
        """The names of the arguments that the task has to have."""


@dataclass(frozen=True)
class FirstParameter:
    """The task's first parameter is the primary key, passed by position or by keyword."""

    def find(self, model: str, parameters: Parameters, call: Call) -> Any:
        return parameters.argument(self._parameter(parameters).name, call)

    def call_with(self, parameters: Parameters, instance: Model) -> Call:
        parameter = self._parameter(parameters)
        if parameter.kind is parameter.KEYWORD_ONLY:
            return Call((), {parameter.name: instance.pk})
        return Call((instance.pk,), {})

    def asks_database(self, model: str) -> bool:
        return False

    def arguments(self) -> tuple[str, ...]:
        return ()

    @staticmethod
    def _parameter(parameters: Parameters) -> inspect.Parameter:
        if parameters.first is None:
            raise Unresolvable("the task takes no argument that could name an object")
        return parameters.first


@dataclass(frozen=True)
class NamedArgument:
    """The argument of this name is the primary key, passed by position or by keyword."""

    name: str

    def find(self, model: str, parameters: Parameters, call: Call) -> Any:
        return parameters.argument(self.name, call)

    def call_with(self, parameters: Parameters, instance: Model) -> Call:
        return Call((), {self.name: instance.pk})

    def asks_database(self, model: str) -> bool:
        return False

    def arguments(self) -> tuple[str, ...]:
        return (self.name,)


@dataclass(frozen=True)
class Lookup:
    """The object is the one whose fields have the values of these arguments.

    A look-up of nothing but the primary key is answered by the argument itself. Any other costs
    one query, which must find one object and no more.
    """

    pairs: tuple[tuple[str, str], ...]
    """Each a look-up of the model, as ``filter()`` takes it, and the name of an argument."""

    def find(self, model: str, parameters: Parameters, call: Call) -> Any:
        values = {lookup: parameters.argument(argument, call) for lookup, argument in self.pairs}
        return _only_match(model, values) if self.asks_database(model) else values.popitem()[1]

    def call_with(self, parameters: Parameters, instance: Model) -> Call:
        return Call(
            (),
            {
                argument: FromModel(lookup.replace("__", ".")).resolve(instance)
                for lookup, argument in self.pairs
            },
        )

    def asks_database(self, model: str) -> bool:
        return len(self.pairs) > 1 or self.pairs[0][0] not in _names_of_key(model)

    def arguments(self) -> tuple[str, ...]:
        return tuple(argument for _, argument in self.pairs)


def parse_id_query(value: Any) -> IdQuery:
    """The rule that ``register(…, id_query=value)`` means.

    ``None`` is the task's first parameter, a string the argument of that name, a tuple or list of
    names the fields to look the object up by, which are the arguments' names too, and a dict
    maps look-ups to names of arguments. Anything else raises ``TypeError``.
    """
    if value is None:
        return FirstParameter()
    if isinstance(value, str):
        return NamedArgument(value)
    pairs: tuple[Any, ...] = ()
    if isinstance(value, Mapping):
        pairs = tuple(value.items())
    elif isinstance(value, tuple | list):
        pairs = tuple((name, name) for name in value)
    if pairs and all(isinstance(name, str) and name for pair in pairs for name in pair):
        return Lookup(pairs)
    raise TypeError(
        "id_query must be None, the name of an argument of the task, a tuple of field names or "
        f"a dict of look-ups and names of arguments, not {value!r}"
    )


def _only_match(model: str, values: Mapping[str, Any]) -> Any:
    """The primary key of the one object that has these values."""
    names = ", ".join(values)
    if any(value is None for value in values.values()):
        raise Unresolvable(f"not all of {names} are given")
    try:
        model_class = model_of(model)
        # Not the default manager, which may hide objects. A savepoint, because a query that fails
        # would break the transaction around it.
        objects = model_class._base_manager
        using = router.db_for_read(model_class)
        with transaction.atomic(using) if connections[using].in_atomic_block else nullcontext():
            found = list(objects.using(using).filter(**values).values_list("pk", flat=True)[:2])
    except SynchronousOnlyOperation as error:
        raise OutOfReach("an event loop cannot ask the database") from error
    except Exception as error:
        raise Unresolvable(f"no {model} can be looked up by {names}: {error}") from error
    if len(found) != 1:
        raise Unresolvable(f"{'more than one' if found else 'no'} {model} has these {names}")
    return found[0]


def _names_of_key(model: str) -> set[str]:
    """What a look-up may call the primary key."""
    with suppress(LookupError):
        pk_field = model_of(model)._meta.pk
        if pk_field is not None:
            return {"pk", pk_field.name, pk_field.attname}
    return {"pk"}
