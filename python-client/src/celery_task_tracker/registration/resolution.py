"""What the tracker calls an object, and the arguments of a task that are read from one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

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


class OutOfReach(Unresolvable):
    """The database knows which object the call is for, and cannot be asked from here."""


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
            # A related manager is one of those that Django's own templates do not call either.
            if callable(value) and not getattr(value, "do_not_call_in_templates", False):
                value = value()
        return value


def launch_value(value: Any, instance: Any) -> Any:
    """``value`` of ``launch_args`` or ``launch_kwargs`` for this instance."""
    return value.resolve(instance) if isinstance(value, FromModel) else value


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
    try:
        pk_field = apps.get_model(model)._meta.pk
        pk = str(value if pk_field is None else pk_field.to_python(value))
    except Exception as error:
        raise Unresolvable(f"{value!r} is not a primary key of {model}") from error
    return ObjectRef(model, pk)
