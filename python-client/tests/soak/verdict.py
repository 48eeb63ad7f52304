"""Compares what the tracker shows with what publishers and tasks wrote down."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .diary import Delivery, Sending

#: States of a task that has not ended.
UNFINISHED = {"PENDING", "RECEIVED", "STARTED", "RETRY"}

#: What became of a task that was killed, and is not delivered again.
DIED = "died with its worker"

#: The record of a task: its fields.
Record = Mapping[str, str]


@dataclass(frozen=True)
class Damage:
    """What was broken in a round, as far as it excuses a record without an end."""

    killed: frozenset[str | int]
    """The names of workers and ids of processes that were killed."""

    has_broker_died: bool
    """A message that is on its way from Redis to a worker is lost with the connection."""

    def struck(self, delivery: Delivery) -> bool:
        """Whether the process of that run may have told nothing more."""
        return not self.killed.isdisjoint((delivery.worker, delivery.pid))


@dataclass
class Verdict:
    """What came out. :attr:`differences` may still vanish while tasks run."""

    differences: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    dead: dict[str, str] = field(default_factory=dict)
    """The last sign of life of each task that died with its worker."""

    longest_wait: float = 0.0
    """The most seconds that sending a task waited for the tracker."""

    @classmethod
    def on(
        cls,
        sendings: Sequence[Sending],
        deliveries: Sequence[Delivery],
        records: Mapping[str, Record],
        damage: Damage,
    ) -> Verdict:
        """``records``: those of all objects of the round, by task id."""
        verdict = cls()
        sent, run = defaultdict(list), defaultdict(list)
        for sending in sendings:
            sent[sending.task_id].append(sending)
        for delivery in deliveries:
            run[delivery.task_id].append(delivery)
        for task_id in records.keys() - sent.keys():
            verdict.differences.append(f"{task_id} was not sent, and has a record")
        for task_id, of_task in sent.items():
            task = Task(of_task, run[task_id], records.get(task_id), damage)
            outcome, is_right = task.outcome()
            verdict.counts[outcome] += 1
            if outcome == DIED:
                verdict.dead[task_id] = records[task_id].get("alive_at", "")
            if not is_right:
                verdict.differences.append(f"{task_id} {outcome}: {task}")
        verdict.counts["tasks"] = len(sendings)
        verdict.counts["runs"] = len(deliveries)
        verdict.counts["delivered again"] = _repeated(deliveries)
        return verdict


def _repeated(deliveries: Sequence[Delivery]) -> int:
    distinct = {(each.task_id, each.number, each.attempt) for each in deliveries}
    return len(deliveries) - len(distinct)


class Task:
    """One task id: all that is known of it."""

    def __init__(
        self,
        sendings: Sequence[Sending],
        deliveries: Sequence[Delivery],
        record: Record | None,
        damage: Damage,
    ) -> None:
        self._record = record
        self._damage = damage
        sure = [each.number for each in sendings if each.is_sure]
        last = max([*sure, *(each.number for each in deliveries)], default=0)
        self._sending = next((each for each in sendings if each.number == last), None)
        self._runs = [each for each in deliveries if each.number == last]
        self._attempt = max((each.attempt for each in self._runs), default=-1)
        self._latest = [each for each in self._runs if each.attempt == self._attempt]

    def __str__(self) -> str:
        shown = self._record and {
            name: self._record.get(name, "")[:80]
            for name in ("state", "attempt", "worker", "result", "error", "exception", "run")
        }
        return f"it is shown as {shown}; sent as {self._sending}; it ran as {self._runs}"

    def outcome(self) -> tuple[str, bool]:
        """What became of it, and whether that is as it should be."""
        record = self._record
        if self._sending is None:
            return "was not sent", record is None
        if record is None:
            return "has no record", False
        if not self._latest:
            return self._never_begun(record, 0)
        if any(each.outcome is None and not self._damage.struck(each) for each in self._latest):
            return "still runs", False
        if any(self._tells(record, each) for each in self._latest):
            return "is right", True
        if any(each.outcome == "RETRY" for each in self._latest):
            return self._never_begun(record, self._attempt + 1)
        if any(not self._damage.struck(each) for each in self._latest):
            return "is wrong", False
        return self._died(record)

    def _tells(self, record: Record, delivery: Delivery) -> bool:
        """Whether the record is about that run's end."""
        told = record.get("result", "") + record.get("error", "")
        return (
            record["state"] == delivery.outcome
            and record["state"] not in UNFINISHED
            and int(record["attempt"]) == delivery.attempt
            and delivery.token in told
        )

    def _never_begun(self, record: Record, attempt: int) -> tuple[str, bool]:
        """An attempt that no worker has begun."""
        assert self._sending
        is_shown = int(record["attempt"]) == attempt
        if self._sending.task == "newest" and record.get("exception") == "NotRegistered":
            return "is unknown to a worker, and failed", is_shown
        if self._damage.has_broker_died and is_shown and record["state"] in UNFINISHED:
            return "was lost with the broker", True
        # Its message was acknowledged a moment before.
        if self._damage.killed and not self._sending.is_late:
            return self._died(record)
        return "has never run", False

    def _died(self, record: Record) -> tuple[str, bool]:
        """All processes that may have run it were killed."""
        assert self._sending
        if self._sending.is_late and not any(each.outcome for each in self._latest):
            return "was not delivered again", False
        if record["state"] in UNFINISHED:
            return DIED, True
        return "died, and its worker says so", record.get("exception") == "WorkerLostError"
