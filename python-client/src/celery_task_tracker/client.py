"""Tracker events and queries as ``TRACKER.*`` commands, by redis-py.

The only place that knows the commands' words. One client per process, made when it is first
needed, with short time-outs and no retries: the caller decides what to do while Redis is away.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, cast

import redis
from django.core.signals import setting_changed

from .config import config
from .connection import connect
from .resolution import ObjectRef

#: One word of a command.
Word: TypeAlias = str | int | bytes

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

#: All states, in the order in which a task goes through them.
STATES: tuple[State, ...] = (
    "PENDING",
    "RECEIVED",
    "STARTED",
    "RETRY",
    "SUCCESS",
    "FAILURE",
    "REVOKED",
    "REJECTED",
    "IGNORED",
)
#: The states of a task that may still run.
ACTIVE_STATES: frozenset[str] = frozenset({"PENDING", "RECEIVED", "STARTED", "RETRY"})

#: What a row of the history shows; arguments, result and traceback are for the single record.
ROW_FIELDS = (
    "id",
    "name",
    "state",
    "attempt",
    "created_at",
    "updated_at",
    "published_at",
    "received_at",
    "started_at",
    "finished_at",
    "worker",
    "queue",
    "error",
    "exception",
    "retry_error",
    "retry_exception",
    "max_retries",
    "eta",
    "revoke_requested",
)


class TrackerError(Exception):
    """A command was not carried out. The message says why, in a sentence."""


class TrackerUnavailable(TrackerError):
    """Redis does not answer, or cannot serve this command now: it may, later."""


class ModuleMissing(TrackerUnavailable):
    """Redis answers, but has no ``TRACKER.*`` commands."""


class CommandRefused(TrackerError):
    """Redis understood the command and refused its arguments: it will again."""


@dataclass(frozen=True)
class Event:
    """Something that happened to one attempt of a task."""

    objects: tuple[ObjectRef, ...]
    task_id: str
    name: str
    state: State
    attempt: int
    at: int
    """When it happened, in milliseconds since 1970."""

    fields: Mapping[str, str] = field(default_factory=dict)
    """What is stored with it. An empty value removes the field."""

    rerun: bool = False
    """Whether the attempt began although it may have ended before, as after a redelivery."""

    @property
    def length(self) -> int:
        """How many characters its fields hold."""
        return sum(len(value) for value in self.fields.values())


@dataclass(frozen=True)
class Query:
    """One page of an object's history. ``states`` and ``names`` narrow it, any of each."""

    states: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    page: int = 1
    size: int = 10
    since: str = ""
    """The earliest creation, in unix milliseconds or RFC 3339; empty for any."""

    until: str = ""


class TrackerClient:
    """The tracker module of one Redis server.

    Every method costs one round trip, at most ``connect_timeout + socket_timeout`` seconds, and
    raises :class:`TrackerUnavailable` or :class:`CommandRefused` instead of redis-py's errors.
    """

    def __init__(self, url: str, connect_timeout: float, socket_timeout: float) -> None:
        try:
            self._redis = connect(url, connect_timeout, socket_timeout)
        except ValueError as error:
            raise TrackerUnavailable(f"CELERY_TASKTRACKER_REDIS_URL: {error}") from error
        except (redis.RedisError, OSError) as error:
            # A cluster is asked for its nodes at once.
            raise _translated(error) from error

    def record(self, events: Sequence[Event]) -> list[tuple[Event, CommandRefused]]:
        """Stores ``events`` for each of their objects, in order and in one round trip.

        Returns those that Redis refused, and why; the others are stored. Raises
        :class:`TrackerUnavailable` if any may not be: storing them all again changes nothing
        about those that are.
        """
        commands = [(event, _upsert(ref, event)) for event in events for ref in event.objects]
        if len(commands) == 1:
            ((event, command),) = commands
            try:
                self._execute(*command)
            except CommandRefused as refusal:
                return [(event, refusal)]
            return []
        pipeline = self._redis.pipeline(transaction=False)
        for _, command in commands:
            pipeline.execute_command(*command)
        try:
            replies = pipeline.execute(raise_on_error=False)
        except (redis.RedisError, OSError) as error:
            raise _translated(error) from error
        refusals = []
        for (event, _), reply in zip(commands, replies, strict=True):
            if isinstance(reply, Exception):
                translated = _translated(reply)
                if not isinstance(translated, CommandRefused):
                    raise translated from reply
                refusals.append((event, translated))
        return refusals

    def annotate(self, ref: ObjectRef, task_id: str, fields: Mapping[str, str]) -> None:
        """Sets fields of a record that is there, whatever its state."""
        self._execute("TRACKER.UPSERT", ref.model, _id(ref), task_id, "XX", *_fields(fields))

    def get(self, ref: ObjectRef, task_id: str) -> dict[str, Any] | None:
        """One record: times and counts as ``int``, everything else as text. ``None``: not there."""
        reply = self._execute("TRACKER.GET", ref.model, _id(ref), task_id)
        if reply is None:
            return None
        pairs = (
            reply.items() if isinstance(reply, dict) else zip(reply[::2], reply[1::2], strict=True)
        )
        return {_text(name): _text(value) for name, value in pairs}

    def query_json(self, ref: ObjectRef, query: Query) -> bytes:
        """One page of an object's records with the count per state, as the module's own JSON."""
        command: list[Word] = ["TRACKER.QUERY", ref.model, _id(ref)]
        for state in query.states:
            command += ["STATE", state]
        for name in query.names:
            command += ["TASK", name]
        for word, time in (("SINCE", query.since), ("UNTIL", query.until)):
            if time:
                command += [word, time]
        command += ["PAGE", query.page, "SIZE", query.size]
        command += ["FIELDS", len(ROW_FIELDS), *ROW_FIELDS]
        command += ["WITHCOUNTS", "FORMAT", "JSON"]
        return cast(bytes, self._execute(*command))

    def _execute(self, *command: Word) -> Any:
        try:
            return self._redis.execute_command(*command)
        except (redis.RedisError, OSError) as error:
            raise _translated(error) from error


def get_client() -> TrackerClient:
    """This process's client, made from the settings on first use."""
    global _client
    pid = os.getpid()
    if _client is None or _client[0] != pid:
        _client = (
            pid,
            TrackerClient(
                config.CELERY_TASKTRACKER_REDIS_URL,
                config.TASK_TRACKER_CONNECT_TIMEOUT,
                config.TASK_TRACKER_SOCKET_TIMEOUT,
            ),
        )
    return _client[1]


_client: tuple[int, TrackerClient] | None = None


def _forget_client(*, setting: str, **_: Any) -> None:
    global _client
    if setting in {
        "CELERY_TASKTRACKER_REDIS_URL",
        "TASK_TRACKER_CONNECT_TIMEOUT",
        "TASK_TRACKER_SOCKET_TIMEOUT",
    }:
        _client = None


setting_changed.connect(_forget_client, dispatch_uid="celery_task_tracker.client")


def _upsert(ref: ObjectRef, event: Event) -> list[Word]:
    return [
        "TRACKER.UPSERT",
        ref.model,
        _id(ref),
        event.task_id,
        "STATE",
        event.state,
        "NAME",
        event.name,
        "ATTEMPT",
        event.attempt,
        "AT",
        event.at,
        *(["RERUN"] if event.rerun else []),
        *_retain(event.state),
        *_fields(event.fields),
    ]


def _retain(state: State) -> Iterable[Word]:
    window = config.TASK_TRACKER_RETENTION_WINDOW
    if isinstance(window, Mapping):
        window = window.get(state, window.get("default"))
    return () if window is None else ("RETAIN", window)


def _fields(fields: Mapping[str, str]) -> list[Word]:
    words: list[Word] = ["FIELDS", len(fields)] if fields else []
    for name, value in fields.items():
        # A lone surrogate is valid in a str and not in UTF-8.
        words += [name, value.encode(errors="replace")]
    return words


def _id(ref: ObjectRef) -> bytes:
    """The primary key as the module takes it, where braces mark a cluster's hash tag."""
    escaped = ref.pk.replace("%", "%25").replace("{", "%7B").replace("}", "%7D")
    return escaped.encode(errors="replace")


def _text(value: Any) -> Any:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


#: Refusals that are about the server and not about the command.
_SERVER_CONDITIONS = ("MISCONF", "CLUSTERDOWN", "MASTERDOWN", "NOREPLICAS", "TRYAGAIN", "BUSY")


def _translated(error: Exception) -> TrackerError:
    message = str(error)
    if not isinstance(error, redis.ResponseError):
        return TrackerUnavailable(message or type(error).__name__)
    if message.lower().startswith("unknown command"):
        return ModuleMissing("Redis has no TRACKER commands: its tracker module is not loaded")
    if type(error) is redis.ResponseError and not message.startswith(_SERVER_CONDITIONS):
        return CommandRefused(message)
    return TrackerUnavailable(message)
