"""Which tasks are tracked for which models.

The ``register`` decorator fills the registry while modules are imported. Every signal handler asks
it first, so that an unregistered task costs one dictionary look-up.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from celery import Task
from celery.local import Proxy
from django.db.models import Model

from ..config import config
from .id_query import IdQuery, parse_id_query
from .launch import Launch, check_launch_arguments, launch_value
from .models import model_labels, model_of, root_of, tracked_name
from .namespace import WrongNamespace, depends_on_caller
from .parameters import Parameters
from .resolution import Call, ObjectRef, OutOfReach, Unresolvable, object_ref

logger = logging.getLogger("celery_task_tracker")

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Registration:
    """One task that is tracked for one model."""

    task: Any
    """The Celery task, or the proxy for it that ``@shared_task`` and ``@app.task`` return."""

    model: str
    """The label of the model that it was registered for, ``shop.order``."""

    id_query: IdQuery
    launch_args: tuple[Any, ...] | None = None
    launch_kwargs: Mapping[str, Any] | None = None
    hidden: bool = False
    rerun: bool = True
    launches: tuple[Launch, ...] = ()
    overview: bool | None = None
    """Whether the model's overview shows the task; ``None``: what the setting says."""

    @property
    def is_in_overview(self) -> bool:
        """Whether the model's overview shows the task."""
        return bool(config.TASK_TRACKER_OVERVIEW if self.overview is None else self.overview)

    @cached_property
    def name(self) -> str:
        """The task's name in Celery, ``shop.tasks.process_payment``."""
        return str(self.task.name)

    @cached_property
    def max_retries(self) -> int | None:
        """How often the task may be retried; ``None`` for any number."""
        # Cached because attributes of a proxy are slow.
        most: int | None = self.task.max_retries
        return most

    @cached_property
    def parameters(self) -> Parameters:
        """The task's parameters. Raises :class:`Unresolvable` if they cannot be read."""
        return Parameters.of(self.task)

    @cached_property
    def tracked_name(self) -> str | None:
        """The :attr:`ObjectRef.label` of its objects; ``None`` if there is no such model."""
        try:
            return tracked_name(model_of(self.model))
        except LookupError:
            return None

    def is_offered_for(self, model: type[Model]) -> bool:
        """Whether an instance of ``model`` is one of the model that this is registered for."""
        try:
            registered = model_of(self.model)
        except LookupError:
            return False
        return issubclass(model, registered) and root_of(model) is root_of(registered)

    def object_of(self, call: Call) -> ObjectRef:
        """The object that this call is for.

        Raises :class:`Unresolvable` if the arguments do not name one, and :class:`WrongNamespace`.
        """
        return object_ref(self.model, self.id_query.find(self.model, self.parameters, call))

    @property
    def offers(self) -> tuple[Launch | None, ...]:
        """The buttons of the task; ``None`` stands for the one without a label of its own."""
        is_plain = not self.launches or (self.launch_args, self.launch_kwargs) != (None, None)
        return (*((None,) if is_plain else ()), *self.launches)

    def call_of(self, launch: Launch | None, instance: Model) -> Call:
        """The arguments that one of :attr:`offers` launches this task with for ``instance``."""
        if launch is None:
            return self.launch_call(instance)
        if launch.args is None:
            args, named = self.id_query.call_with(self.parameters, instance)
        else:
            args, named = tuple(launch.args), {}
        kwargs = {**named, **(launch.kwargs or {})}
        return Call(
            tuple(launch_value(value, instance) for value in args),
            {key: launch_value(value, instance) for key, value in kwargs.items()},
        )

    def launch_call(self, instance: Model) -> Call:
        """The arguments to launch this task with for ``instance``."""
        if self.launch_args is None and self.launch_kwargs is None:
            return self.id_query.call_with(self.parameters, instance)
        return Call(
            tuple(launch_value(value, instance) for value in self.launch_args or ()),
            {
                key: launch_value(value, instance)
                for key, value in (self.launch_kwargs or {}).items()
            },
        )


class Registry:
    """All registrations of this process. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._unnamed: list[Registration] = []
        self._by_task: dict[str, tuple[Registration, ...]] = {}
        self._logged: set[tuple[int, str]] = set()
        self._tracked_names: frozenset[str] | None = None

    def register(
        self,
        model_class: type[Model] | str | Sequence[type[Model] | str],
        id_query: str | Sequence[str] | Mapping[str, str] | Callable[..., Any] | None = None,
        launch_args: Sequence[Any] | None = None,
        launch_kwargs: Mapping[str, Any] | None = None,
        hidden: bool = False,
        rerun: bool = True,
        launches: Sequence[Launch] = (),
        overview: bool | None = None,
    ) -> Callable[[T], T]:
        """The decorator that ``task_tracker.register()`` returns."""
        models = model_labels(model_class)
        query = parse_id_query(id_query)
        check_launch_arguments("launch_args", launch_args, "launch_kwargs", launch_kwargs)
        if not all(isinstance(each, Launch) for each in launches):
            raise TypeError(f"launches must be a list of Launch, not {launches!r}")
        if len({str(each.label) for each in launches}) < len(launches):
            raise TypeError("launches must have different labels")
        if overview not in (True, False, None):
            raise TypeError(f"overview must be True, False or None, not {overview!r}")
        args = None if launch_args is None else tuple(launch_args)

        def decorate(task: T) -> T:
            # isinstance() would make a proxy look for its task too early.
            if not issubclass(type(task), (Proxy, Task)):
                raise TypeError(
                    "@task_tracker.register(…) must stand above @shared_task or @app.task, "
                    f"but decorates {task!r}"
                )
            with self._lock:
                self._unnamed += [
                    Registration(
                        *(task, model, query, args, launch_kwargs, hidden, rerun),
                        launches=tuple(launches),
                        overview=overview,
                    )
                    for model in models
                ]
            return task

        return decorate

    def for_task(self, name: str) -> tuple[Registration, ...]:
        """The registrations that calls of the task ``name`` are tracked by.

        None for an unregistered task, and none at all while tracking is switched off.
        """
        return self.registrations(name) if config.is_enabled else ()

    def registrations(self, name: str) -> tuple[Registration, ...]:
        """The registrations of the task ``name``, also while tracking is switched off."""
        return self._named().get(name, ())

    def for_model(self, model: type[Model] | str) -> tuple[Registration, ...]:
        """The tasks that can be launched for an instance of ``model``, one registration of each.

        Those are the tasks registered for ``model`` itself and for the models that it is a proxy or
        a multi-table child of, not those for its own proxies and children. They are ordered by
        name. Of a task that is registered by several arguments, the registration that can be
        launched comes first, and among those the one written topmost.
        """
        try:
            model = model_of(model) if isinstance(model, str) else model
        except LookupError:
            return ()
        return self._one_per_task(each for each in self.all() if each.is_offered_for(model))

    def for_rows_of(self, model: type[Model]) -> tuple[Registration, ...]:
        """The tasks that the histories of ``model``'s rows may show, one registration of each.

        These are the tasks for all models of the same rows, including those that :meth:`for_model`
        leaves out. The order and the choice are those of :meth:`for_model`.
        """
        name = tracked_name(model)
        return self._one_per_task(each for each in self.all() if each.tracked_name == name)

    @staticmethod
    def _one_per_task(registrations: Iterable[Registration]) -> tuple[Registration, ...]:
        chosen: dict[str, Registration] = {}
        for registration in registrations:
            known = chosen.get(registration.name)
            if known is None or known.hidden or not registration.hidden:
                chosen[registration.name] = registration
        return tuple(sorted(chosen.values(), key=lambda registration: registration.name))

    def tracks(self, model: type[Model] | str) -> bool:
        """Whether rows of ``model`` have a history: tasks are registered for a model of these rows.

        ``model``: a model class, or the label of an :class:`ObjectRef`.
        """
        name = model if isinstance(model, str) else tracked_name(model)
        return name in self._names_of_models()

    def has_overview(self, label: str) -> bool:
        """Whether the model with this :attr:`ObjectRef.label` has an overview."""
        return any(each.tracked_name == label and each.is_in_overview for each in self.all())

    def all(self) -> tuple[Registration, ...]:
        """Every registration."""
        return tuple(each for of_task in tuple(self._named().values()) for each in of_task)

    def needs_caller(self, name: str) -> bool:
        """Whether only the process that sends or runs the task ``name`` can resolve its objects.

        That is so if a look-up costs a query, or if the namespace depends on who asks.
        """
        registrations = self.for_task(name)
        return bool(registrations) and (
            depends_on_caller()
            or any(each.id_query.asks_database(each.model) for each in registrations)
        )

    def objects_at_hand(self, name: str, call: Call) -> tuple[ObjectRef, ...]:
        """As :meth:`objects_of`, but no objects where :meth:`needs_caller` is true."""
        return () if self.needs_caller(name) else self.objects_of(name, call)

    def objects_of(self, name: str, call: Call) -> tuple[ObjectRef, ...]:
        """Every object that this call of the task ``name`` is for, each once.

        What cannot be resolved is left out, and logged once per task at level DEBUG, or WARNING
        where the namespace is the reason. Raises :class:`OutOfReach` if the database would have
        to be asked and cannot be.
        """
        objects = []
        for registration in self.for_task(name):
            try:
                objects.append(registration.object_of(call))
            except OutOfReach:
                raise
            except Unresolvable as reason:
                self._log_once(logging.DEBUG, name, reason)
            except WrongNamespace as reason:
                self._log_once(logging.WARNING, name, reason)
        return tuple(dict.fromkeys(objects))

    def _log_once(self, level: int, name: str, reason: Exception) -> None:
        if (level, name) not in self._logged:
            self._logged.add((level, name))
            logger.log(level, "A call of %s is not tracked: %s.", name, reason)

    def _names_of_models(self) -> frozenset[str]:
        self._named()
        if self._tracked_names is None:
            names = {registration.tracked_name for registration in self.all()}
            self._tracked_names = frozenset(name for name in names if name is not None)
        return self._tracked_names

    def _named(self) -> dict[str, tuple[Registration, ...]]:
        # A proxy has no name before its Celery app is there, so names are read on first use.
        if self._unnamed:
            with self._lock:
                while self._unnamed:
                    new = self._unnamed[0]
                    known = self._by_task.get(new.name, ())
                    # A later registration for the same takes the place of an earlier one.
                    by_query = {(each.model, each.id_query): each for each in (*known, new)}
                    self._by_task[new.name] = tuple(by_query.values())
                    self._tracked_names = None
                    del self._unnamed[0]
        return self._by_task


registry = Registry()
