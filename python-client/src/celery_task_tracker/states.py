"""The states of a task, by Celery's names."""

from __future__ import annotations

from typing import Literal, get_args

State = Literal[
    "PENDING",
    "RECEIVED",
    "STARTED",
    "RETRY",
    "SUCCESS",
    "FAILURE",
    "REVOKED",
    "REJECTED",
    "IGNORED",
]

#: All states, in the order in which a task passes through them.
STATES: tuple[State, ...] = get_args(State)

#: The states that a project may choose not to record.
EARLY_STATES: tuple[State, ...] = ("PENDING", "RECEIVED", "STARTED")

#: The states of a task that may still run.
ACTIVE_STATES: frozenset[str] = frozenset({"PENDING", "RECEIVED", "STARTED", "RETRY"})
