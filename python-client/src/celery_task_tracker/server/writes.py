"""What is written to the tracker, and the commands that write it.

Writing the same again changes nothing. So a command that may or may not have arrived can be sent
once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from ..config import config
from ..registration.resolution import ObjectRef
from ..states import State
from .wire import Command

#: About how many bytes a command has without its fields: its name, object, task id and task name.
WORDS_SIZE = 256


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
        """About how many bytes its commands have on the wire."""

    def commands(self) -> list[Command]:
        """The commands that write it, one for each object."""


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

    @property
    def subject(self) -> str:
        return f"an event of task {self.name}"

    @cached_property
    def size(self) -> int:
        return len(self.objects) * (WORDS_SIZE + fields_size(self.fields))

    def commands(self) -> list[Command]:
        return [
            [
                "TRACKER.UPSERT",
                ref.model,
                object_id(ref),
                self.task_id,
                "STATE",
                self.state,
                "NAME",
                self.name,
                "ATTEMPT",
                str(self.attempt),
                *([] if self.at is None else ["AT", str(self.at)]),
                *([] if self.run is None else ["RUN", str(self.run)]),
                *(["TENTATIVE"] if self.is_tentative else []),
                *_retain(self),
                *field_words(self.fields),
            ]
            for ref in self.objects
        ]


@dataclass(frozen=True)
class SignOfLife:
    """A sign that an attempt of a task still runs. It creates no record."""

    objects: tuple[ObjectRef, ...]
    task_id: str
    run: int | None
    attempt: int
    fields: Mapping[str, str]

    @property
    def subject(self) -> str:
        return f"a sign of life of task {self.task_id}"

    @cached_property
    def size(self) -> int:
        return len(self.objects) * (WORDS_SIZE + fields_size(self.fields))

    def commands(self) -> list[Command]:
        return [
            [
                "TRACKER.UPSERT",
                ref.model,
                object_id(ref),
                self.task_id,
                "XX",
                "ATTEMPT",
                str(self.attempt),
                *([] if self.run is None else ["RUN", str(self.run)]),
                *field_words(self.fields),
            ]
            for ref in self.objects
        ]


@dataclass(frozen=True)
class Deletion:
    """The deletion of a row. Its records are deleted too, because its key may be used again."""

    objects: tuple[ObjectRef, ...]

    @property
    def size(self) -> int:
        return len(self.objects) * WORDS_SIZE

    @property
    def subject(self) -> str:
        return f"the deletion of {', '.join(f'{ref.model} {ref.pk}' for ref in self.objects)}"

    def commands(self) -> list[Command]:
        return [["TRACKER.DEL", ref.model, object_id(ref)] for ref in self.objects]


@dataclass(frozen=True)
class Annotation:
    """Fields to set on records of one object, whatever their states. It creates no record."""

    ref: ObjectRef
    task_ids: tuple[str, ...]
    fields: Mapping[str, str]

    @property
    def subject(self) -> str:
        return f"a note on tasks of {self.ref.model} {self.ref.pk}"

    @property
    def objects(self) -> tuple[ObjectRef, ...]:
        return (self.ref,)

    @cached_property
    def size(self) -> int:
        return len(self.task_ids) * (WORDS_SIZE + fields_size(self.fields))

    def commands(self) -> list[Command]:
        words = field_words(self.fields)
        return [
            ["TRACKER.UPSERT", self.ref.model, object_id(self.ref), task_id, "XX", *words]
            for task_id in self.task_ids
        ]


def fields_size(fields: Mapping[str, str]) -> int:
    """About how many bytes ``fields`` take in a command."""
    return bytes_of("".join(fields)) + bytes_of("".join(fields.values()))


def bytes_of(text: str) -> int:
    """How many bytes ``text`` is in UTF-8."""
    return len(text) if text.isascii() else len(text.encode(errors="replace"))


def field_words(fields: Mapping[str, str]) -> list[str]:
    """``fields`` as the words of a command. An empty value removes the field."""
    words = ["FIELDS", str(len(fields))] if fields else []
    for field_and_value in fields.items():
        words += field_and_value
    return words


def object_id(ref: ObjectRef) -> str:
    """The primary key as the module takes it, without the braces that mark a cluster's hash tag."""
    return ref.pk.replace("%", "%25").replace("{", "%7B").replace("}", "%7D")


def _retain(event: Event) -> Iterable[str]:
    window = config.TASK_TRACKER_RETENTION_WINDOW if event.retention is None else event.retention
    if isinstance(window, Mapping):
        window = window.get(event.state, window.get("default"))
    return () if window is None else ("RETAIN", str(window))
