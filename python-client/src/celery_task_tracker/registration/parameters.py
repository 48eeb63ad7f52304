"""The parameters of a task, and which arguments of a call belong to them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeAlias

from .resolution import Call, Unresolvable

#: Reads one argument from a call.
Getter: TypeAlias = Callable[[Call], Any]

#: How many getters are cached. Calls of a task have few shapes, unless it has ``**kwargs``.
MOST_SHAPES = 256


class Parameters:
    """The parameters of a task's function, without the ``self`` of a bound task.

    Which argument belongs to which parameter depends only on the shape of the call: the number of
    positional arguments and the names of the others. It is worked out once for each shape.
    """

    def __init__(self, signature: inspect.Signature) -> None:
        self._signature = signature
        self._getters: dict[tuple[object, ...], Getter] = {}
        parameters = tuple(signature.parameters.values())
        self.names = tuple(signature.parameters)
        """The names in order, including those of ``*args`` and ``**kwargs``."""

        self.takes_any_name = any(each.kind is each.VAR_KEYWORD for each in parameters)
        """Whether the task has ``**kwargs``."""

        self.first = next((each for each in parameters if each.kind is not each.VAR_KEYWORD), None)
        """The parameter that takes the first argument; ``None`` if the task takes no arguments."""

        self._by_position = tuple(each.name for each in parameters if each.kind in _BY_POSITION)
        self._further = next(
            (each.name for each in parameters if each.kind is each.VAR_POSITIONAL), None
        )

    @classmethod
    def of(cls, task: Any) -> Parameters:
        """The parameters of a Celery task. Raises :class:`Unresolvable` if they cannot be read."""
        try:
            return cls(inspect.signature(task.run))
        except (TypeError, ValueError) as error:
            raise Unresolvable(f"the parameters of {task.name} cannot be read") from error

    def argument(self, name: str, call: Call) -> Any:
        """The value of the parameter ``name`` in ``call``, or else its default, or else ``None``.

        The value of ``*args`` is its first member. A name without a parameter is looked up in
        ``**kwargs``. Raises :class:`Unresolvable` for a call that the task would not accept.
        """
        shape = (name, len(call.args), *call.kwargs)
        getter = self._getters.get(shape)
        if getter is None:
            getter = self._getter(name, call)
            if len(self._getters) < MOST_SHAPES:
                self._getters[shape] = getter
        return getter(call)

    def names_by_position(self, count: int) -> tuple[str, ...]:
        """The names of the parameters of the first ``count`` positional arguments.

        Surplus arguments get the names of keyword-only parameters, for which they may be meant.
        """
        if self._further is None:
            return self.names[:count]
        return self._by_position[:count] + (self._further,) * (count - len(self._by_position))

    def _getter(self, name: str, call: Call) -> Getter:
        try:
            self._signature.bind_partial(*call.args, **call.kwargs)
        except TypeError as error:
            raise Unresolvable(str(error)) from error
        parameter = self._signature.parameters.get(name)
        if parameter is None or parameter.kind is parameter.VAR_KEYWORD:
            return lambda call: call.kwargs.get(name)
        index = len(call.args)
        if name in self._by_position:
            index = self._by_position.index(name)
        elif name == self._further:
            index = len(self._by_position)
        if index < len(call.args):
            return lambda call: call.args[index]
        if name in call.kwargs:
            return lambda call: call.kwargs[name]
        default = None if parameter.default is parameter.empty else parameter.default
        return lambda call: default


_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
