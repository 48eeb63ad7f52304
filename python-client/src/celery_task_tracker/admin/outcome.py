"""What became of an action on several tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .endpoint import Refusal


class Task(NamedTuple):
    """A task, as an answer names it."""

    id: str
    name: str


@dataclass
class Outcome:
    """The tasks that the action was done for, and the others, each with the reason."""

    done: list[Task] = field(default_factory=list)
    refused: list[tuple[Task, Refusal]] = field(default_factory=list)

    def refuse(self, record: Mapping[str, Any], reason: Refusal) -> None:
        """Adds the task of ``record`` to the others."""
        self.refused.append((Task(record["id"], record["name"]), reason))

    def as_json(self) -> dict[str, Any]:
        """``{"done": [{"id", "name"}], "refused": [{"id", "name", "message"}]}``."""
        return {
            "done": [task._asdict() for task in self.done],
            "refused": [
                {**task._asdict(), "message": str(reason)} for task, reason in self.refused
            ],
        }
