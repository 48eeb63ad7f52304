"""Removing records of objects, and with them the rows that an overview has of the same tasks."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..registration.resolution import ObjectRef, OverviewPart, OverviewRef, Place
from .errors import SlotMoving, TrackerError
from .wire import WORDS_SIZE, Packed, packed

if TYPE_CHECKING:
    from .writes import Write

#: The most records that one command removes or reads.
AT_ONCE = 200

#: The objects that each task is tracked for.
Tasks = Mapping[str, tuple[ObjectRef, ...]]


@dataclass(eq=False)
class Deletion:
    """The deletion of a row. Its records are deleted too, because its key may be used again.

    The ids of its tasks are read before, because the overview has no other way to find their rows.
    Nothing that follows in the same packet may be about the same object.
    """

    ref: ObjectRef
    overview: OverviewRef | None = None
    tasks: dict[str, tuple[ObjectRef, ...]] = field(default_factory=dict, init=False, repr=False)
    """What was read. It is kept here, because a repetition finds the records deleted."""

    @property
    def objects(self) -> tuple[ObjectRef, ...]:
        return (self.ref,)

    @property
    def size(self) -> int:
        return WORDS_SIZE

    @property
    def subject(self) -> str:
        return f"the deletion of {self.ref.model} {self.ref.pk}"

    def commands(self) -> list[Packed]:
        return _Erasure(self).commands() if self.overview is None else [_page(self.ref, 1)]

    def after(self, replies: Sequence[Any]) -> Sequence[Write]:
        if self.overview is None or _is_moving(replies):
            return ()
        pages = self.note(replies)
        return [_Reading(self, pages) if pages > 1 else _Erasure(self)]

    def note(self, replies: Iterable[Any]) -> int:
        """Takes down the tasks in ``replies`` to queries. Returns how many pages there are."""
        pages = 1
        for reply in replies:
            if not isinstance(reply, TrackerError):
                page = json.loads(reply)
                self.tasks |= {row["id"]: _refs(row.get("objects")) for row in page["tasks"]}
                pages = page["pages"]
        return pages


class _PartOfDeletion:
    """A step of a deletion."""

    def __init__(self, deletion: Deletion) -> None:
        self._deletion = deletion
        self.objects = deletion.objects
        self.size = deletion.size
        self.subject = deletion.subject


class _Reading(_PartOfDeletion):
    """Reads every task of the object."""

    def __init__(self, deletion: Deletion, pages: int) -> None:
        super().__init__(deletion)
        self._pages = pages

    def commands(self) -> list[Packed]:
        return [_page(self._deletion.ref, number) for number in range(1, self._pages + 1)]

    def after(self, replies: Sequence[Any]) -> Sequence[Write]:
        if _is_moving(replies):
            return ()
        self._deletion.note(replies)
        return [_Erasure(self._deletion)]


class _Erasure(_PartOfDeletion):
    """Deletes the object's records. What was added since they were read is read before."""

    def commands(self) -> list[Packed]:
        ref = self._deletion.ref
        delete = packed(["TRACKER.DEL", ref.model, ref.id])
        return [delete] if self._deletion.overview is None else [_page(ref, 1), delete]

    def after(self, replies: Sequence[Any]) -> Sequence[Write]:
        overview = self._deletion.overview
        if overview is None or _is_moving(replies):
            return ()
        self._deletion.note(replies[:1])
        alone, shared = rows_of(overview, self._deletion.ref, self._deletion.tasks)
        return [*alone, shared] if shared else alone


@dataclass(frozen=True)
class RecordRemoval:
    """The removal of some records of one object."""

    ref: ObjectRef
    tasks: Tasks
    overview: OverviewRef | None = None

    @property
    def objects(self) -> tuple[ObjectRef, ...]:
        return (self.ref,)

    @property
    def size(self) -> int:
        return WORDS_SIZE * (1 + len(self.tasks))

    @property
    def subject(self) -> str:
        return f"the removal of tasks of {self.ref.model} {self.ref.pk}"

    def commands(self) -> list[Packed]:
        return [
            *_deletions(self.ref, tuple(self.tasks)),
            *(command for removal in self._rows[0] for command in removal.commands()),
        ]

    def after(self, replies: Sequence[Any]) -> Sequence[Write]:
        return [self._rows[1]] if self._rows[1] else []

    @cached_property
    def _rows(self) -> tuple[list[RowRemoval], SharedRowRemoval | None]:
        if self.overview is None:
            return [], None
        return rows_of(self.overview, self.ref, self.tasks)


@dataclass(frozen=True)
class RowRemoval:
    """The removal of rows from an overview, all from one of its parts."""

    part: OverviewPart
    task_ids: tuple[str, ...]
    objects: tuple[ObjectRef, ...] = ()

    @property
    def size(self) -> int:
        return WORDS_SIZE * (1 + len(self.task_ids))

    @property
    def subject(self) -> str:
        return f"the removal of tasks from the overview of {self.part.model}"

    def commands(self) -> list[Packed]:
        return _deletions(self.part, self.task_ids)

    def after(self, replies: Sequence[Any]) -> Sequence[Write]:
        return ()


@dataclass(frozen=True)
class SharedRowRemoval:
    """The removal of rows from an overview, of those tasks that none of their objects has."""

    overview: OverviewRef
    others: Tasks
    """The other objects of the model that each task is tracked for."""

    objects: tuple[ObjectRef, ...] = ()

    @property
    def size(self) -> int:
        return WORDS_SIZE * len(self._pairs)

    @property
    def subject(self) -> str:
        return f"the removal of tasks from the overview of {self.overview.model}"

    @property
    def _pairs(self) -> list[tuple[str, ObjectRef]]:
        return [(task_id, ref) for task_id, refs in self.others.items() for ref in refs]

    def commands(self) -> list[Packed]:
        return [
            packed(["TRACKER.GET", ref.model, ref.id, task_id, "FIELDS", "1", "id"])
            for task_id, ref in self._pairs
        ]

    def after(self, replies: Sequence[Any]) -> Sequence[Write]:
        pairs = zip(self._pairs, replies, strict=True)
        there = {task_id for (task_id, _ref), reply in pairs if reply is not None}
        return _of_each_part(self.overview, [each for each in self.others if each not in there])


def rows_of(
    overview: OverviewRef, ref: ObjectRef, tasks: Tasks
) -> tuple[list[RowRemoval], SharedRowRemoval | None]:
    """Removes the rows of ``tasks``, whose records ``ref`` no longer has, from ``overview``.

    The first are for the tasks of ``ref`` alone, the second for those that are tracked for another
    object of the model too. Their rows stay while that one has its record.
    """
    others = {
        task_id: tuple(each for each in refs if each.model == ref.model and each != ref)
        for task_id, refs in tasks.items()
    }
    alone = [task_id for task_id, refs in others.items() if not refs]
    shared = {task_id: refs for task_id, refs in others.items() if refs}
    return (
        _of_each_part(overview, alone),
        SharedRowRemoval(overview, shared) if shared else None,
    )


def _of_each_part(overview: OverviewRef, task_ids: Iterable[str]) -> list[RowRemoval]:
    """Removes the rows of these tasks, with one removal for each part that has any."""
    of_each = defaultdict(list)
    for task_id in task_ids:
        of_each[overview.place_of(task_id)].append(task_id)
    return [RowRemoval(part, tuple(ids)) for part, ids in of_each.items()]


def _page(ref: ObjectRef, number: int) -> Packed:
    words = ("PAGE", str(number), "SIZE", str(AT_ONCE), "FIELDS", "2", "id", "objects")
    return packed(["TRACKER.QUERY", ref.model, ref.id, *words, "FORMAT", "JSON"])


def _deletions(place: Place, task_ids: Sequence[str]) -> list[Packed]:
    return [
        packed(["TRACKER.DEL", place.model, place.id, *some]) for some in _slices(task_ids, AT_ONCE)
    ]


def _slices(words: Sequence[str], length: int) -> Iterator[Sequence[str]]:
    for first in range(0, len(words), length):
        yield words[first : first + length]


def _refs(pairs: Any) -> tuple[ObjectRef, ...]:
    """The objects in a record's field. Another program may have written anything there."""
    if not isinstance(pairs, list):
        return ()
    return tuple(
        ObjectRef(*pair)
        for pair in pairs
        if isinstance(pair, list) and len(pair) == 2 and all(type(each) is str for each in pair)
    )


def _is_moving(replies: Iterable[Any]) -> bool:
    return any(isinstance(each, SlotMoving) for each in replies)
