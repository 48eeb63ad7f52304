"""Tasks that belong together, laid out as a tree: what followed what, and what ran side by side.

Records are mappings with ``id``, ``name``, ``state`` and ``created_at``, and with ``root_id``,
``parent_id``, ``group_id`` and ``chord_id`` (the body of its chord) where they have them. Whoever
may publish to the broker can write these ids, so they may form cycles or lead nowhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from ..states import ACTIVE_STATES

Record = Mapping[str, Any]

#: The most tasks shown side by side: of one group, or sent by one task.
SIDE_BY_SIDE = 30
#: The most rows of a tree.
MOST_ROWS = 250
#: The deepest level of a row. What is deeper is shown on this level.
DEEPEST = 5

#: States of a task that did not do its work. A revoked one was not wanted any more.
FAILED_STATES = ("FAILURE", "REJECTED")


class Tally(NamedTuple):
    """How many tasks there are, and how many of them have ended and have failed."""

    total: int = 0
    done: int = 0
    failed: int = 0

    @classmethod
    def of(cls, states: Iterable[str]) -> Tally:
        """The numbers for tasks in these states."""
        all_states = list(states)
        return cls(
            len(all_states),
            sum(state not in ACTIVE_STATES for state in all_states),
            sum(state in FAILED_STATES for state in all_states),
        )

    def __add__(self, other: Tally) -> Tally:  # type: ignore[override]
        return Tally(*(one + more for one, more in zip(self, other, strict=True)))


def relatives(records: Iterable[Record], task_id: str) -> list[Record]:
    """Those of ``records`` that belong together with ``task_id``, the oldest first.

    Two tasks do if they share a root or a group, or if one sent the other; so do all that are
    connected by others in between. Each id appears once. Linear in the number of records.
    """
    by_id = {record["id"]: record for record in records}
    by_tie: dict[tuple[str, str], list[str]] = defaultdict(list)
    for record in by_id.values():
        for tie in _ties(record):
            by_tie[tie].append(record["id"])
    found: set[str] = set()
    waiting = [task_id]
    while waiting:
        at = waiting.pop()
        if at in found or at not in by_id:
            continue
        found.add(at)
        for tie in _ties(by_id[at]):
            waiting += by_tie.pop(tie, ())
    return sorted((by_id[each] for each in found), key=lambda each: (_ms(each), each["id"]))


def _ties(record: Record) -> Iterator[tuple[str, str]]:
    yield "task", record["id"]
    for name in ("root_id", "parent_id", "chord_id"):
        if record.get(name):
            yield "task", record[name]
    if record.get("group_id"):
        yield "group", record["group_id"]


def _ms(record: Record) -> float:
    """When the task was sent. Records that were asked for one by one have it as a number."""
    created = record.get("created_at")
    try:
        if isinstance(created, str):
            return datetime.fromisoformat(created.replace("Z", "+00:00")).timestamp() * 1000
        return float(created or 0)
    except (TypeError, ValueError, OverflowError):
        return 0


def rows(members: Sequence[Record], shown: str) -> list[dict[str, Any]]:
    """The rows of the tree of ``members``, in the order and on the levels that they are shown.

    A row is one of three:

    - a task, ``{"level", "follows", "id", "name", "state"}``;
    - a group, ``{"level", "follows", "group", "total", "done", "failed"}``, whose members are on
      the next level;
    - how many tasks were left out there, ``{"level", "more"}``.

    A row that ``follows`` came after the row before it on its level: the next step of a chain, or
    the body of a chord. ``shown`` is the task that is never left out.
    """
    found = _Tree(members, shown).rows()
    place = next((at for at, row in enumerate(found) if row.get("id") == shown), 0)
    begin = max(0, min(place - MOST_ROWS // 2, len(found) - MOST_ROWS))
    before, after = found[:begin], found[begin + MOST_ROWS :]
    kept = found[begin : begin + MOST_ROWS]
    return [*_left_out(before), *kept, *_left_out(after)]


def _left_out(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    count = sum(row.get("more", "id" in row) for row in rows)
    return [{"level": 0, "more": count}] if count else []


@dataclass
class _Group:
    """Tasks that ran side by side, and what followed when all had ended."""

    id: str
    heads: list[str] = field(default_factory=list)
    """The member of each branch that came first: a member may be a chain."""

    bodies: list[str] = field(default_factory=list)


class _Tree:
    def __init__(self, members: Sequence[Record], shown: str) -> None:
        self._records = {record["id"]: record for record in members}
        self._parents = _acyclic(self._records)
        #: The bodies of chords, each with a task of its chord.
        self._bodies = self._detach_bodies()
        self._children = self._children_of_each()
        self._groups = self._find_groups()
        self._attach_bodies()
        self._tallies = self._tally_each()
        #: What leads to the task that is shown.
        self._path = {shown, *self._ancestors(shown)}

    def rows(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        #: What is to be shown next is the last one: an item, its level, and whether it follows.
        waiting: list[tuple[str | _Group | int, int, bool]] = []

        def side_by_side(items: Sequence[str | _Group], level: int) -> None:
            kept = self._chosen(items)
            if len(kept) < len(items):
                waiting.append((len(items) - len(kept), level, False))
            waiting.extend((item, level, False) for item in reversed(kept))

        side_by_side(self._items(""), 0)
        # Tasks, groups of at least two, and a note per list are fewer than that, so it always ends.
        while waiting and len(found) < 3 * len(self._records):
            item, level, follows = waiting.pop()
            row: dict[str, Any] = {"level": min(level, DEEPEST), "follows": follows}
            if isinstance(item, int):
                row = {"level": row["level"], "more": item}
            elif isinstance(item, _Group):
                row |= {"group": item.id, **self._tally(item)._asdict()}
                waiting.extend((body, level, True) for body in reversed(item.bodies))
                side_by_side(item.heads, level + 1)
            else:
                row |= {name: self._records[item].get(name, "") for name in ("id", "name", "state")}
                items = self._items(item)
                if len(items) == 1:
                    waiting.append((items[0], level, True))
                else:
                    side_by_side(items, level + 1)
            found.append(row)
        return found

    def _group_of(self, task: str) -> str:
        return self._records[task].get("group_id") or ""

    def _detach_bodies(self) -> dict[str, str]:
        """Takes the bodies of chords from their parents. Returns each with a task of its chord."""
        bodies = {}
        for task, record in self._records.items():
            body = record.get("chord_id") or ""
            if body in self._records and body not in (task, *self._ancestors(task)):
                bodies[body] = task
        self._parents.update(dict.fromkeys(bodies, ""))
        return bodies

    def _children_of_each(self) -> dict[str, list[str]]:
        children: dict[str, list[str]] = defaultdict(list)
        for task, parent in self._parents.items():
            children[parent].append(task)
        return children

    def _find_groups(self) -> dict[str, _Group]:
        """The groups that have several branches with one parent here, by the heads of these."""
        found: dict[tuple[str, str], _Group] = {}
        for task in self._records:
            if (group := self._group_of(task)) and task not in self._bodies:
                head = self._head(task)
                branches = found.setdefault((self._parents[head], group), _Group(group)).heads
                if head not in branches[-1:]:
                    branches.append(head)
        by_head: dict[str, _Group] = {}
        for each in found.values():
            each.heads = [head for head in dict.fromkeys(each.heads) if head not in by_head]
            if len(each.heads) > 1:
                by_head.update(dict.fromkeys(each.heads, each))
        return by_head

    def _head(self, task: str) -> str:
        """The first task of the chain that ends with ``task``."""
        while True:
            parent = self._parents[task]
            if not parent or len(self._children[parent]) > 1:
                return task
            if self._group_of(parent) or parent in self._bodies:
                return task
            task = parent

    def _attach_bodies(self) -> None:
        """Puts each body behind its group, or below its task if the group is not shown.

        One that its own task came of, by way of another body, stays by itself.
        """
        for body, task in self._bodies.items():
            head = self._head(task)
            group = self._groups.get(head)
            parent = self._parents[head] if group else task
            if body in (parent, *self._ancestors(parent)):
                continue
            self._children[""].remove(body)
            self._parents[body] = parent
            (group.bodies if group else self._children[task]).append(body)

    def _items(self, parent: str) -> list[str | _Group]:
        """What is below ``parent``: tasks, and groups in the place of their first one."""
        items: dict[int, str | _Group] = {}
        for task in self._children.get(parent, ()):
            item = self._groups.get(task, task)
            items.setdefault(id(item), item)
        return list(items.values())

    def _ancestors(self, task: str) -> Iterator[str]:
        parent = self._parents.get(task)
        while parent:
            yield parent
            parent = self._parents.get(parent)

    def _tally_each(self) -> dict[str, Tally]:
        """For each task the numbers of it and of all below it."""
        tallies = {task: Tally.of([self._records[task]["state"]]) for task in self._records}
        bodies = {body for group in self._groups.values() for body in group.bodies}
        ordered = [*self._children[""], *bodies]
        for task in ordered:
            ordered += self._children.get(task, ())
        for task in reversed(ordered):
            if (parent := self._parents[task]) and task not in bodies:
                tallies[parent] += tallies[task]
        return tallies

    def _tally(self, item: str | _Group) -> Tally:
        if isinstance(item, _Group):
            return sum((self._tallies[head] for head in item.heads), Tally())
        return self._tallies[item]

    def _chosen(self, items: Sequence[str | _Group]) -> Sequence[str | _Group]:
        """The most telling of ``items``, in their order: what failed, then what is not done."""
        if len(items) <= SIDE_BY_SIDE:
            return items

        def rank(at: int) -> tuple[bool, bool, bool, int]:
            item = items[at]
            tally = self._tally(item)
            tasks = [*item.heads, *item.bodies] if isinstance(item, _Group) else [item]
            leads = not self._path.isdisjoint(tasks)
            return not leads, not tally.failed, tally.done == tally.total, at

        return [items[at] for at in sorted(sorted(range(len(items)), key=rank)[:SIDE_BY_SIDE])]


def _acyclic(records: Mapping[str, Record]) -> dict[str, str]:
    """The parent of each task, empty where it is not among ``records``. Opens each cycle once."""
    parents = {
        task: parent if (parent := record.get("parent_id") or "") in records else ""
        for task, record in records.items()
    }
    settled = {""}
    for task in parents:
        on_the_way: set[str] = set()
        at = task
        while at not in settled and at not in on_the_way:
            on_the_way.add(at)
            at = parents[at]
        if at in on_the_way:
            parents[at] = ""
        settled |= on_the_way
    return parents
