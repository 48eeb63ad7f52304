"""Launch arguments that are read from the model instance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise


@dataclass(frozen=True)
class FromModel:
    """A launch argument that is read from the model instance when the task is launched.

    ``FromModel("customer.email")`` follows the foreign key and takes the e-mail address. The
    argument is ``None`` if any part of the path is ``None``. Callables are called without
    arguments. An unknown name raises ``AttributeError`` at the launch, which the admin shows.
    """

    path: str

    def resolve(self, instance: Any) -> Any:
        """The value of ``instance`` at :attr:`path`. May cost one query per relation."""
        value = instance
        for name in self.path.split("."):
            if value is None:
                return None
            value = getattr(value, name)
            # Related managers have this attribute, and are not called by Django's templates either.
            if callable(value) and not getattr(value, "do_not_call_in_templates", False):
                value = value()
        return value


@dataclass(frozen=True)
class Launch:
    """One button of the admin's launch panel, for a task that has several.

    >>> Launch("Import", kwargs={"dry_run": False}, confirm="This changes 1,000 rows. Go on?")
    """

    label: str
    """The text of the button. One task has each label once."""

    args: Sequence[Any] | None = None
    """The arguments to launch with, :class:`FromModel` among them; ``None`` as for ``kwargs``."""

    kwargs: Mapping[str, Any] | None = None
    """Keyword arguments. If ``args`` is ``None`` they are added to those that name the
    object."""

    confirm: str = ""
    """What the user is asked before the launch; empty for nothing."""

    def __post_init__(self) -> None:
        for name in ("label", "confirm"):
            if not isinstance(getattr(self, name), str | Promise):
                raise TypeError(f"{name} of a Launch must be a text, not {getattr(self, name)!r}")
        check_launch_arguments("args", self.args, "kwargs", self.kwargs)


def check_launch_arguments(args_name: str, args: Any, kwargs_name: str, kwargs: Any) -> None:
    """Raises ``TypeError`` if ``args`` is no tuple or list, or ``kwargs`` no mapping."""
    if args is not None and not isinstance(args, tuple | list):
        raise TypeError(f"{args_name} must be a tuple or list, not {args!r}")
    if kwargs is not None and not isinstance(kwargs, Mapping):
        raise TypeError(f"{kwargs_name} must be a dict, not {kwargs!r}")


def launch_value(value: Any, instance: Any) -> Any:
    """The value of one of the ``launch_args`` or ``launch_kwargs`` for this instance."""
    return value.resolve(instance) if isinstance(value, FromModel) else value
