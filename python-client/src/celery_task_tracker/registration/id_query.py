"""``id_query``: how the arguments of a task's call name the object that it is for.

Only a look-up by other fields than the primary key costs a query, once, when the task is sent. A
function may cost queries of its own.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from celery.exceptions import SoftTimeLimitExceeded
from django.core.exceptions import SynchronousOnlyOperation
from django.db import connections, router, transaction
from django.db.models import Model

from .launch import FromModel
from .models import model_of, root_of
from .parameters import Parameters
from .resolution import Call, OutOfReach, Unresolvable


class IdQuery(Protocol):
    """Finds the object's primary key among a task's arguments."""

    def find(self, model: str, parameters: Parameters, call: Call) -> Any:
        """The primary key in ``call``. Raises :class:`Unresolvable` if there is none."""

    def call_with(self, parameters: Parameters, instance: Model) -> Call:
        """The shortest call for ``instance``, which is what the admin launches by default."""

    def asks_database(self, model: str) -> bool:
        """Whether :meth:`find` costs a query."""

    def arguments(self) -> tuple[str, ...]:
        """The names of the arguments that the task must have."""


@dataclass(frozen=True)
class FirstParameter:
    """The task's first parameter is the primary key. It is passed by position or by keyword."""

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
    """The argument with this name is the primary key. It is passed by position or by keyword."""

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

    A look-up by the primary key alone needs no query. Any other costs one query, which must find
    exactly one object.
    """

    pairs: tuple[tuple[str, str], ...]
    """Pairs of a look-up, as ``filter()`` takes it, and the name of an argument."""

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


@dataclass(frozen=True)
class Function:
    """A function of the project is called with the task's arguments when the task is sent.

    It returns the primary key, the instance, or ``None`` if the call is for no object of the
    model.
    """

    function: Callable[..., Any]

    def find(self, model: str, parameters: Parameters, call: Call) -> Any:
        try:
            model_class = model_of(model)
            using = router.db_for_read(model_class)
            with transaction.atomic(using) if connections[using].in_atomic_block else nullcontext():
                found = self.function(*call.args, **call.kwargs)
        except SynchronousOnlyOperation as error:
            raise OutOfReach("the database cannot be queried from an event loop") from error
        except SoftTimeLimitExceeded:
            # Meant for the task that is running.
            raise
        except Exception as error:
            raise Unresolvable(f"its id_query raised {error!r}") from error
        if found is None:
            raise Unresolvable(f"its id_query names no {model}")
        if isinstance(found, Model) and root_of(type(found)) is not root_of(model_class):
            raise Unresolvable(f"its id_query names a {found._meta.label}, which is no {model}")
        return found

    def call_with(self, parameters: Parameters, instance: Model) -> Call:
        raise Unresolvable(
            "A task whose id_query is a function needs launch_args, launch_kwargs or launches "
            "with args."
        )

    def asks_database(self, model: str) -> bool:
        # It may cost a query, and it may be slow.
        return True

    def arguments(self) -> tuple[str, ...]:
        return ()


def parse_id_query(value: Any) -> IdQuery:
    """The rule for ``register(…, id_query=value)``, as ``task_tracker.register`` explains it.

    Raises ``TypeError`` for a value of another type.
    """
    if value is None:
        return FirstParameter()
    if isinstance(value, str):
        return NamedArgument(value)
    if callable(value):
        return Function(value)
    pairs: tuple[Any, ...] = ()
    if isinstance(value, Mapping):
        pairs = tuple(value.items())
    elif isinstance(value, tuple | list):
        pairs = tuple((name, name) for name in value)
    if pairs and all(isinstance(name, str) and name for pair in pairs for name in pair):
        return Lookup(pairs)
    raise TypeError(
        "id_query must be None, the name of an argument of the task, a tuple of field names, "
        f"a dict of look-ups and names of arguments, or a function, not {value!r}"
    )


def _only_match(model: str, values: Mapping[str, Any]) -> Any:
    """The primary key of the only object with these values."""
    names = ", ".join(values)
    if any(value is None for value in values.values()):
        raise Unresolvable(f"not all of {names} are given")
    try:
        model_class = model_of(model)
        # The default manager may hide objects. The savepoint protects a surrounding transaction
        # from a query that fails.
        objects = model_class._base_manager
        using = router.db_for_read(model_class)
        with transaction.atomic(using) if connections[using].in_atomic_block else nullcontext():
            found = list(objects.using(using).filter(**values).values_list("pk", flat=True)[:2])
    except SynchronousOnlyOperation as error:
        raise OutOfReach("the database cannot be queried from an event loop") from error
    except SoftTimeLimitExceeded:
        # Meant for the task that is running.
        raise
    except Exception as error:
        raise Unresolvable(f"no {model} can be looked up by {names}: {error}") from error
    if len(found) != 1:
        raise Unresolvable(f"{'more than one' if found else 'no'} {model} has these {names}")
    return found[0]


def _names_of_key(model: str) -> set[str]:
    """The names of the primary key in a look-up."""
    with suppress(LookupError):
        pk_field = model_of(model)._meta.pk
        if pk_field is not None:
            return {"pk", pk_field.name, pk_field.attname}
    return {"pk"}
