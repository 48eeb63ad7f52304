"""Launch arguments that are read from the model instance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


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


def launch_value(value: Any, instance: Any) -> Any:
    """The value of one of the ``launch_args`` or ``launch_kwargs`` for this instance."""
    return value.resolve(instance) if isinstance(value, FromModel) else value
