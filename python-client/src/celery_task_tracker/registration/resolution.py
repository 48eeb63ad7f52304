"""The name of an object in the tracker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple, TypeAlias
from zlib import crc32

from celery.exceptions import SoftTimeLimitExceeded
from django.db import router
from django.db.models import Model

from ..config import config
from .models import model_of, root_of, tracked_name
from .namespace import namespace_of
from .primary_key import key_text


class ObjectRef(NamedTuple):
    """The name of one model instance in the tracker: ``("acme.shop.order", "1042")``."""

    model: str
    """The root model's label in lower case, after the namespace and a dot if there is one."""

    pk: str
    """The primary key as text, not quoted for the admin or escaped for the module."""

    @property
    def label(self) -> str:
        """The root model's label in lower case, ``shop.order``, without the namespace."""
        return label_in(self.model)

    @property
    def id(self) -> str:
        """The primary key as the module takes it, without the braces that mark a cluster's hash
        tag. No key gives the id of an overview: every ``%`` is escaped."""
        return self.pk.replace("%", "%25").replace("{", "%7B").replace("}", "%7D")

    @property
    def places(self) -> tuple[ObjectRef]:
        """Where its records are: an object has one place."""
        return (self,)

    def place_of(self, task_id: str) -> ObjectRef:
        """Where the record of this task is."""
        return self


class OverviewPart(NamedTuple):
    """One of the parts that the overview of a model is cut into. Its records are in one slot of a
    cluster, as those of an object are."""

    model: str
    """As an :class:`ObjectRef` has it."""

    id: str
    """What stands in the place of an object's id in the module's commands."""


class OverviewRef(NamedTuple):
    """The name of the overview of a model, which has the tasks of all its objects."""

    model: str
    """As an :class:`ObjectRef` has it."""

    @property
    def label(self) -> str:
        """As an :class:`ObjectRef` has it."""
        return label_in(self.model)

    @property
    def places(self) -> tuple[OverviewPart, ...]:
        """Where its records are: in as many parts as TASK_TRACKER_OVERVIEW_PARTS says."""
        parts = config.TASK_TRACKER_OVERVIEW_PARTS
        return tuple(self._part(number, parts) for number in range(parts))

    def place_of(self, task_id: str) -> OverviewPart:
        """The part that has the row of this task.

        A hash of the task's id chooses it. The id never changes, unlike the objects: a task that
        replaces itself may add some.
        """
        parts = config.TASK_TRACKER_OVERVIEW_PARTS
        number = 0 if parts == 1 else crc32(task_id.encode(errors="replace")) % parts
        return self._part(number, parts)

    def _part(self, number: int, parts: int) -> OverviewPart:
        return OverviewPart(self.model, OVERVIEW_ID if parts == 1 else f"{OVERVIEW_ID}-{number}")


#: The id of an overview in one part, and how those of several parts begin. The ``%`` keeps it apart
#: from the ids of objects.
OVERVIEW_ID = "%all"

#: What has records: an object, or a model as a whole.
Ref: TypeAlias = ObjectRef | OverviewRef

#: What a command of the module is about.
Place: TypeAlias = ObjectRef | OverviewPart


class Call(NamedTuple):
    """The arguments of one call of a task."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


class Unresolvable(Exception):
    """The arguments of this call do not name an object."""


class OutOfReach(Unresolvable):
    """Finding the object takes a database query, which is not possible here."""


def object_ref(label: str, value: Any) -> ObjectRef:
    """The object that ``value``, an argument of a task, names.

    ``label``: the label of its model. ``value``: its primary key, in any spelling, or the instance
    itself. The namespace is that of the database where Django would write the instance, or a row
    of the model where only the key is given.

    Raises :class:`Unresolvable` for an empty value and for one that the primary key's field does
    not accept, and :class:`~.namespace.WrongNamespace`.
    """
    if value is None or value == "":
        raise Unresolvable("the argument that should name the object is empty")
    try:
        model = model_of(label)
        pk = key_text(model, value)
    except SoftTimeLimitExceeded:
        # Meant for the task that is running.
        raise
    except Exception as error:
        raise Unresolvable(f"{value!r} is not a primary key of {label}") from error
    known = value if isinstance(value, Model) else _sent_for.get()
    if known is not None and _is_row(known, model, pk):
        return object_of(known)
    return ObjectRef(_stored_name(model, router.db_for_write(model)), pk)


def object_of(instance: Model, using: str | None = None) -> ObjectRef:
    """The name of ``instance`` in the tracker.

    ``using``: the alias of the database that holds its row; by default the one that Django would
    write it to. Raises ``ValueError`` for an instance without a primary key, and
    :class:`~.namespace.WrongNamespace`.
    """
    model = type(instance)
    pk = key_text(model, instance)
    using = using or router.db_for_write(model, instance=instance)
    return ObjectRef(_stored_name(model, using), pk)


def overview_of(model: type[Model]) -> OverviewRef:
    """The overview of ``model``, in the database where Django would write its rows.

    Raises :class:`~.namespace.WrongNamespace`.
    """
    return OverviewRef(_stored_name(model, router.db_for_write(model)))


def label_in(name: str) -> str:
    """The root model's label in the name by which the tracker has a model: ``shop.order``."""
    # Neither a namespace, nor an app's label, nor a model's name holds a dot.
    _, _, rest = name.partition(".")
    return rest if "." in rest else name


@contextmanager
def sending_for(instance: Model) -> Iterator[None]:
    """Within this context a task that is sent with the primary key of ``instance`` is for it.

    Without it, a primary key alone does not say which database the row is in.
    """
    token = _sent_for.set(instance)
    try:
        yield
    finally:
        _sent_for.reset(token)


def _is_row(instance: Model, model: type[Model], pk: str) -> bool:
    return root_of(type(instance)) is root_of(model) and key_text(model, instance) == pk


def _stored_name(model: type[Model], using: str) -> str:
    namespace = namespace_of(root_of(model), using)
    name = tracked_name(model)
    return f"{namespace}.{name}" if namespace else name


_sent_for: ContextVar[Model | None] = ContextVar("celery_task_tracker_sent_for", default=None)
