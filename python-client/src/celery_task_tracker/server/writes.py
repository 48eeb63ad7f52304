"""What is written to the tracker, and the commands that write it.

Writing the same again changes nothing. So a command that may or may not have arrived can be sent
once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from ..config import config
from ..registration.resolution import ObjectRef, OverviewRef, Place
from ..states import State
from .removals import RowRemoval
from .wire import WORDS_SIZE, Packed, joined, part

#: What the overview of a model keeps of a task, beside what the module itself keeps.
OVERVIEW_FIELDS = frozenset(
    {
        *("objects", "worker", "queue", "eta", "max_retries", "progress", "alive_at"),
        *("error", "exception", "retry_error", "retry_exception", "revoke_requested"),
    }
)


class Write(Protocol):
    """Something to be written for one or more objects."""

    @property
    def subject(self) -> str:
        """What it is about, in a few words for the log."""

    @property
    def objects(self) -> tuple[ObjectRef, ...]:
        """The objects whose records it changes."""

    @property
    def size(self) -> int:
        """About how many bytes its commands for the objects have on the wire."""

    def commands(self) -> list[Packed]:
        """The commands that write it."""

    def after(self, replies: Sequence[Any]) -> Sequence[Write]:
        """What is to be written next, according to ``replies``, one to each command.

        An error is a :class:`~.errors.TrackerError`. The caller has dealt with it.
        """


@dataclass(frozen=True)
class Event:
    """Something that happened to one attempt of a task."""

    objects: tuple[ObjectRef, ...]
    task_id: str
    name: str
    state: State
    attempt: int
    at: int | None
    """When it happened, in milliseconds since 1970. ``None``: when Redis gets it. Such an event
    never says that a finished task began again."""

    fields: Mapping[str, str] = field(default_factory=dict)
    """What is stored with it. An empty value removes the field."""

    run: int | None = None
    """When the task was first published, in milliseconds since 1970. It distinguishes tasks that
    were sent under one id. ``None`` if unknown: the event is about the run shown."""

    is_tentative: bool = False
    """Whether another process than the one that ran the task reports its end."""

    retention: int | None = None
    """Seconds for which the record is kept from now on; ``None``: what the setting says."""

    overviews: tuple[OverviewRef, ...] = ()
    """The overviews that show the task."""

    @property
    def subject(self) -> str:
        return f"an event of task {self.name}"

    @cached_property
    def size(self) -> int:
        return len(self.objects) * (WORDS_SIZE + fields_size(self.fields))

    def commands(self) -> list[Packed]:
        words = ["STATE", self.state, "NAME", self.name, "ATTEMPT", str(self.attempt)]
        if self.at is not None:
            words += ["AT", str(self.at)]
        if self.run is not None:
            words += ["RUN", str(self.run)]
        if self.is_tentative:
            words.append("TENTATIVE")
        window = config.TASK_TRACKER_RETENTION_WINDOW if self.retention is None else self.retention
        retain = _retain(window, self.state)
        of_rows = _retain(config.TASK_TRACKER_OVERVIEW_RETENTION, self.state) or retain
        return _upserts(
            self.objects, self.overviews, self.task_id, words, self.fields, retain, of_rows
        )

    def after(self, replies: Sequence[Any]) -> Sequence[Write]:
        """An overview shows nothing of a task whose objects are all deleted."""
        if not self.overviews or b"GONE" not in replies:
            return ()
        there = {
            ref.model for ref, reply in zip(self.objects, replies, strict=False) if reply != b"GONE"
        }
        return [
            RowRemoval(each.place_of(self.task_id), (self.task_id,))
            for each in self.overviews
            if each.model not in there
        ]


@dataclass(frozen=True)
class SignOfLife:
    """A sign that an attempt of a task still runs. It creates no record."""

    objects: tuple[ObjectRef, ...]
    task_id: str
    run: int | None
    attempt: int
    fields: Mapping[str, str]
    overviews: tuple[OverviewRef, ...] = ()

    @property
    def subject(self) -> str:
        return f"a sign of life of task {self.task_id}"

    @cached_property
    def size(self) -> int:
        return len(self.objects) * (WORDS_SIZE + fields_size(self.fields))

    def commands(self) -> list[Packed]:
        words = ["XX", "ATTEMPT", str(self.attempt)]
        if self.run is not None:
            words += ["RUN", str(self.run)]
        return _upserts(self.objects, self.overviews, self.task_id, words, self.fields)

    def after(self, replies: Sequence[Any]) -> Sequence[Write]:
        return ()


@dataclass(frozen=True)
class Annotation:
    """Fields to set on records of one object, whatever their states. It creates no record."""

    ref: ObjectRef
    task_ids: tuple[str, ...]
    fields: Mapping[str, str]
    overview: OverviewRef | None = None

    @property
    def subject(self) -> str:
        return f"a note on tasks of {self.ref.model} {self.ref.pk}"

    @property
    def objects(self) -> tuple[ObjectRef, ...]:
        return (self.ref,)

    @cached_property
    def size(self) -> int:
        return len(self.task_ids) * (WORDS_SIZE + fields_size(self.fields))

    def commands(self) -> list[Packed]:
        overviews = () if self.overview is None else (self.overview,)
        return [
            command
            for task_id in self.task_ids
            for command in _upserts(self.objects, overviews, task_id, ["XX"], self.fields)
        ]

    def after(self, replies: Sequence[Any]) -> Sequence[Write]:
        return ()


@dataclass(frozen=True, eq=False)
class ForOverview:
    """A write that is repeated, because its overview was moving to another node of the cluster.

    It names no objects, so it keeps no other write back: repeating it does no harm, even after
    later events of the same task.
    """

    write: Write
    objects: tuple[ObjectRef, ...] = ()

    @property
    def subject(self) -> str:
        return self.write.subject

    @property
    def size(self) -> int:
        return self.write.size

    def commands(self) -> list[Packed]:
        return self.write.commands()

    def after(self, replies: Sequence[Any]) -> Sequence[Write]:
        return self.write.after(replies)


def fields_size(fields: Mapping[str, str]) -> int:
    """About how many bytes ``fields`` take in a command."""
    return bytes_of("".join(fields)) + bytes_of("".join(fields.values()))


def bytes_of(text: str) -> int:
    """How many bytes ``text`` is in UTF-8."""
    return len(text) if text.isascii() else len(text.encode(errors="replace"))


def _upserts(
    objects: Iterable[ObjectRef],
    overviews: Sequence[OverviewRef],
    task_id: str,
    words: Sequence[str],
    fields: Mapping[str, str],
    retain: tuple[str, ...] = (),
    retain_rows: tuple[str, ...] = (),
) -> list[Packed]:
    """A command for each of ``objects``, then one for the task's row in each of ``overviews``.

    ``words`` are those that follow the task's id. What the commands have in common is encoded once.
    """
    shown: list[str] = []
    hidden: list[str] = []
    for pair in fields.items():
        if overviews and pair[0] in OVERVIEW_FIELDS:
            shown += pair
        else:
            hidden += pair
    of_object, common = part(hidden), part([*shown, *words])
    return [
        *[
            joined(ref.id, part(_head(ref, task_id, retain, len(fields))), of_object, common)
            for ref in objects
        ],
        *[
            joined(ref.id, part(_head(ref, task_id, retain_rows, len(shown) // 2)), common)
            for ref in [each.place_of(task_id) for each in overviews]
        ],
    ]


def _head(ref: Place, task_id: str, retain: Sequence[str], fields: int) -> list[str]:
    """The words of a command that come before its fields. ``fields``: how many follow."""
    count = ["FIELDS", str(fields)] if fields else []
    return ["TRACKER.UPSERT", ref.model, ref.id, task_id, *retain, *count]


def _retain(window: Any, state: State) -> tuple[str, ...]:
    if isinstance(window, Mapping):
        window = window.get(state, window.get("default"))
    return () if window is None else ("RETAIN", str(window))
