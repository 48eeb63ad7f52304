"""``task_tracker``: the interface for a project's own code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.timezone import get_default_timezone, make_aware

from .config import config
from .recording import alert, marks, process, purge
from .recording.progress import report
from .registration.launch import Launch
from .registration.models import model_labels
from .registration.registry import Registry, registry
from .registration.resolution import ObjectRef, object_of
from .results import TaskPage, TaskStats
from .server.client import ALL_FIELDS, MOST_FILTERS, get_client
from .server.errors import TrackerError
from .server.query import Query
from .states import STATES

T = TypeVar("T")


class TaskTracker:
    """Registers tasks for models, and answers what is known about an instance's tasks."""

    on_failure = alert.on_failure
    """A Django signal: a tracked task has failed for good, and is not retried.

    It is sent once for each failure, in the process that learned of it: the one that ran the task,
    or the parent process of a worker where that one was killed, ran out of time, or does not know
    the task. Receivers get:

    - ``sender``: the task as your code names it, what ``register()`` returned; ``None`` for a task
      that this process does not know.
    - ``task``, ``task_id``, ``attempt``: its full name, its id, and the number of earlier attempts.
    - ``objects``: what it was tracked for, each with ``label`` (``"shop.order"``) and ``pk``.
    - ``exception``: what was raised, or what stands for it after it has been pickled.
    - ``error``, ``traceback``: its message and its traceback, as they are recorded.
    - ``worker``, ``queue``: where it ran.
    - Whatever a later version adds: take ``**kwargs``.

    What a receiver raises is logged and harms nothing. The task's process waits for it, so it
    should hand slow work on, for example to a task.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

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
        """A decorator that tracks the task below it for instances of ``model_class``.

        It stands above ``@shared_task`` or ``@app.task`` and may be stacked, once per model::

            @task_tracker.register(Warehouse)
            @task_tracker.register(Product, id_query="product_id")
            @shared_task
            def restock_product(warehouse_id, product_id): ...

        ``model_class``: the model, or its label ``"shop.Order"`` where it cannot be imported.
        Or a list of several, each with the same options.

        ``id_query``: how the task's arguments name the object.

        - ``None``: the first parameter is the primary key.
        - A string: the argument with this name is the primary key.
        - A tuple or list of field names: the object is the one whose fields have the values of the
          arguments with the same names.
        - A dict: the same, from look-ups as ``filter()`` takes them to names of arguments.
          ``{"pk": …}`` alone costs no query.
        - A function: it is called with the task's arguments, where the task is sent, and returns
          the primary key, the instance, or ``None`` for no object of the model. An instance counts
          for its own model alone, so one function may serve several. The admin can launch the task
          only with ``launch_args``, ``launch_kwargs`` or a :class:`Launch` that has ``args``.

        ``launch_args``, ``launch_kwargs``: the arguments that the admin launches the task with.
        :class:`FromModel` stands for a value of the instance. Without both, the admin passes the
        primary key, or the instance's values of the look-ups.

        ``launches``: several buttons for one task, each a :class:`Launch` with its own arguments.
        ``launch_args`` and ``launch_kwargs`` have a button beside them where they are given.

        ``hidden``: the task is tracked, but the admin does not offer to launch it.

        ``rerun``: whether the admin offers to run a finished task again, with the arguments that it
        had or edited ones. It never does for a hidden task.

        ``overview``: whether the page of the whole model shows the task too; ``None``: what the
        setting TASK_TRACKER_OVERVIEW says.

        Registering a task again with the same model and ``id_query`` replaces the registration.
        Raises ``TypeError`` for arguments of the wrong type. ``manage.py check`` finds labels
        without a model and names without an argument.
        """
        decorate = self._registry.register(
            model_class,
            id_query,
            launch_args,
            launch_kwargs,
            hidden,
            rerun,
            launches,
            overview,
        )
        for label in model_labels(model_class):
            purge.watch(label)
        return decorate

    def tasks(
        self,
        instance: Model,
        *,
        state: str | Iterable[str] = (),
        task: str | Iterable[str] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        page: int = 1,
        page_size: int | None = None,
    ) -> TaskPage:
        """One page of the tasks that were sent for ``instance``, newest first.

        It shows whatever this process has recorded, too: what still waits is sent first.

        ``state``, ``task``: one or more states and full task names, at most 64 together; other
        tasks are left out.
        ``since``, ``until``: the earliest and the latest creation, as aware times, or naive ones in
        the zone TIME_ZONE where the project has ``USE_TZ = False``. ``page`` counts from 1.
        ``page_size``: TASK_TRACKER_PAGE_SIZE by default, at most TASK_TRACKER_MAX_PAGE_SIZE.

        Raises ``ValueError`` for values out of range and for an instance that is not saved, and
        :class:`TrackerError` when Redis does not answer. Costs one round trip.
        """
        states = tuple(dict.fromkeys(each.upper() for each in _several(state)))
        names = tuple(dict.fromkeys(_several(task)))
        unknown = [each for each in states if each not in STATES]
        if unknown:
            raise ValueError(f"state must be among {', '.join(STATES)}, not {unknown[0]!r}")
        if len(states) + len(names) > MOST_FILTERS:
            raise ValueError(f"state and task must be at most {MOST_FILTERS} values together")
        size = config.TASK_TRACKER_PAGE_SIZE if page_size is None else page_size
        if page < 1 or size < 1:
            raise ValueError(f"page and page_size must be above 0, not {page} and {size}")
        query = Query(
            states=states,
            names=names,
            page=page,
            size=min(size, config.TASK_TRACKER_MAX_PAGE_SIZE),
            since=_moment("since", since),
            until=_moment("until", until),
        )
        process.settle()
        reply = get_client().query_json(_ref(instance), query, ALL_FIELDS)
        try:
            return TaskPage.of(reply)
        except RecursionError as error:
            raise TrackerError("A record of this object nests too deep to be read") from error

    def stats(self, instance: Model) -> TaskStats:
        """How many tasks ``instance`` has, by state and by name, and which one is the latest.

        It counts whatever this process has recorded, too: what still waits is sent first.

        Raises ``ValueError`` for an instance that is not saved, and :class:`TrackerError` when
        Redis does not answer. Costs one round trip.
        """
        process.settle()
        return TaskStats.of(get_client().stats_json(_ref(instance)))

    def purge(self, instance: Model) -> None:
        """Deletes the history of an instance whose row is deleted without ``post_delete``.

        That is where the database deletes it (``DB_CASCADE``, ``TRUNCATE``, raw SQL). Elsewhere it
        happens by itself. An instance that was never read will do: ``purge(Order(pk=1042))``. It
        happens once the transaction is committed.

        Raises ``ValueError`` for an instance without a key. Does not wait for Redis.
        """
        _ref(instance)
        purge.delete_history(instance)

    def mark(self, text: str, at: datetime | None = None) -> None:
        """Marks a moment, such as a deploy, in the pictures of all models' pages.

        ``text``: 1 to 100 characters, such as ``"v2.3"``. ``at``: when it was, by default now, as
        in :meth:`tasks`. A mark is kept for as long as the tasks are. Raises ``ValueError`` for
        another text. Like an event of a task it is stored when Redis is back, if that is away, and
        not while tracking is off.
        """
        event = marks.event_of(text, int(_moment("at", at)) if at else None)
        if config.is_enabled:
            process.record(event)

    def progress(self, current: float, total: float | None = None, message: str = "") -> None:
        """Reports how far the running task is. To be called within the task.

        ``current`` of ``total``, in any unit, and a short ``message``. At most five reports a
        second are stored, and always the first one and the last one (``current`` equals ``total``).
        Does nothing outside a tracked task and never raises. A stored report costs as much as any
        other event of the task.
        """
        report(current, total, message)


def _several(given: str | Iterable[str]) -> Iterable[str]:
    return (given,) if isinstance(given, str) else given


def _moment(name: str, time: datetime | None) -> str:
    if time is None:
        return ""
    if time.tzinfo is None:
        if settings.USE_TZ:
            raise ValueError(f"{name} must be an aware datetime, not {time!r}")
        time = make_aware(time, get_default_timezone())
    return str(int(time.timestamp() * 1000))


def _ref(instance: Model) -> ObjectRef:
    try:
        return object_of(instance)
    except (ValueError, ValidationError) as error:
        raise ValueError(f"{instance!r} is not saved, so it has no tasks") from error


task_tracker = TaskTracker(registry)
