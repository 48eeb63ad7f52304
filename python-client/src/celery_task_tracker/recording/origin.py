"""Who launched a task in the admin, and which task it runs again.

Set around ``apply_async()`` in the process that sends the task. From there it travels in the
message's headers, so that retries and redeliveries have it too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """Where the task ``task_id`` comes from. Empty texts mean that it has no such origin."""

    task_id: str
    launched_by: str
    rerun_of: str = ""

    def fields(self) -> dict[str, str]:
        """The fields of the record that hold it."""
        fields = {"launched_by": self.launched_by, "rerun_of": self.rerun_of}
        return {name: value for name, value in fields.items() if value}


@contextmanager
def coming_from(origin: Origin) -> Iterator[None]:
    """Within this context the task of ``origin`` is sent with it. Other tasks are not."""
    token = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(token)


def origin_of(task_id: str | None) -> Mapping[str, str]:
    """The fields for a task that is being sent; empty if it was not launched by hand."""
    origin = _origin.get()
    return origin.fields() if origin is not None and origin.task_id == task_id else {}


_origin: ContextVar[Origin | None] = ContextVar("celery_task_tracker_origin", default=None)
