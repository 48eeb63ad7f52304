"""Writes and queries as ``TRACKER.*`` commands.

There is one client per process, made when it is first needed. It has short timeouts and does not
retry: the caller decides what to do while Redis is away.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, TypeAlias, cast

from celery.exceptions import SoftTimeLimitExceeded
from django.core.signals import setting_changed
from redis.cluster import RedisCluster

from ..config import config
from ..registration.resolution import OVERVIEW_ID, ObjectRef, Place, Ref
from .connection import connect, connect_beside
from .errors import (
    MODULE_MISSING,
    CommandRefused,
    ModuleMissing,
    ModuleOutdated,
    SlotMoving,
    TrackerError,
    TrackerUnavailable,
    translated,
    translating,
)
from .inspection import Address, Replica, Server, replicas_of, server_of, version_text
from .merge import ORDER_FIELDS, Merge, first_query, merged_stats
from .query import Query, Span
from .wire import Command, Packed, packed, wire
from .writes import ForOverview, Write

#: The oldest version of the module that this package works with, as ``INFO modules`` shows it.
MINIMUM_MODULE = 200

#: The most states and names together that the module narrows a query by.
MOST_FILTERS = 64

#: The fields that a row of the history shows. Arguments, result and traceback are left out.
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
    "progress",
    "revoke_requested",
    "alive_at",
)

#: All fields that the Python API reads.
ALL_FIELDS = (
    *ROW_FIELDS,
    "objects",
    "args",
    "kwargs",
    "result",
    "traceback",
    "retry_traceback",
    "root_id",
    "parent_id",
    "group_id",
    "chord_id",
    "launched_by",
    "rerun_of",
    "rerun_as",
)


#: A write that was not carried out, and why.
Undone: TypeAlias = tuple[Write, CommandRefused | SlotMoving]


class TrackerClient:
    """The tracker module of one Redis server or cluster.

    Every method costs one round trip, at most ``connect_timeout + socket_timeout`` seconds, and
    raises :class:`TrackerUnavailable` or :class:`CommandRefused` instead of redis-py's errors.
    """

    def __init__(self, url: str, connect_timeout: float, socket_timeout: float) -> None:
        try:
            # The client of a cluster asks for the nodes when it is made.
            with translating():
                self._redis = connect(url, connect_timeout, socket_timeout)
                self._wire = wire(self._redis)
        except ValueError as error:
            raise TrackerUnavailable(f"CELERY_TASKTRACKER_REDIS_URL: {error}") from error
        self._is_compatible = False
        self._beside: Callable[[Address], Any] = partial(
            connect_beside, url, connect_timeout=connect_timeout, socket_timeout=socket_timeout
        )

    def write(self, writes: Sequence[Write], pause: float = 0.0) -> list[Undone]:
        """Carries out ``writes`` for each of their objects, in order and in one round trip.

        What the replies call for costs another one.

        ``pause``: seconds to wait between sending and reading the replies.

        Returns the writes that were not carried out, each with the reason, as a
        :class:`ForOverview` where an overview moves to another node of a cluster. Raises
        :class:`TrackerUnavailable` if Redis did not answer, or cannot serve any write now: some may
        have been carried out, and doing all of them again is harmless.
        """
        undone: list[Undone] = []
        # Each with the write of the caller that it is a part of.
        parts = [(write, write) for write in writes]
        while parts:
            sent: list[tuple[Write, Write, list[Packed]]] = []
            commands: list[Packed] = []
            for write, part in parts:
                try:
                    of_part = part.commands()
                except SoftTimeLimitExceeded:
                    raise
                except Exception as fault:
                    reason = f"its command cannot be built ({type(fault).__name__}: {fault})"
                    undone.append((write, CommandRefused(reason)))
                else:
                    sent.append((write, part, of_part))
                    commands += of_part
            replies = iter(self._call(commands, pause))
            pause = 0.0
            parts = []
            for write, part, of_part in sent:
                answers = list(islice(replies, len(of_part)))
                for command, answer in zip(of_part, answers, strict=True):
                    if isinstance(answer, SlotMoving) and command.key.startswith(OVERVIEW_ID):
                        is_late = isinstance(part, ForOverview)
                        undone.append((part if is_late else ForOverview(part), answer))
                    elif isinstance(answer, CommandRefused | SlotMoving):
                        undone.append((write, answer))
                    elif isinstance(answer, TrackerError):
                        raise answer
                parts += [(write, more) for more in part.after(answers)]
        return undone

    def get(self, ref: Ref, task_id: str) -> dict[str, Any] | None:
        """One record, with times and counts as ``int`` and everything else as text.

        ``None`` if there is no such record.
        """
        (record,) = self._records([(ref, task_id)])
        return record

    def get_each(
        self, ref: Ref, task_ids: Sequence[str], fields: Sequence[str]
    ) -> list[dict[str, Any] | None]:
        """These fields of several records of one object, as :meth:`get` has them."""
        return self.get_of_each([(ref, task_id) for task_id in task_ids], fields)

    def get_of_each(
        self, records: Sequence[tuple[Ref, str]], fields: Sequence[str]
    ) -> list[dict[str, Any] | None]:
        """The same for records of several objects, each given by its object and its task's id."""
        return self._records(records, "FIELDS", str(len(fields)), *fields)

    def query_json(self, ref: Ref, query: Query, fields: Sequence[str] = ROW_FIELDS) -> bytes:
        """One page of an object's records and the counts per state, as JSON from the module.

        A page of an overview in several parts may cost more round trips, see :mod:`.merge`.
        """
        (reply,) = self.query_each([ref], query, fields)
        if isinstance(reply, TrackerError):
            raise reply
        return reply

    def query_many(
        self, ref: ObjectRef, queries: Sequence[Query], fields: Sequence[str]
    ) -> list[bytes]:
        """The result of :meth:`query_json` for each of ``queries``, in one round trip."""
        return self._execute_each([query.command(ref, fields) for query in queries])

    def query_each(
        self, refs: Sequence[Ref], query: Query, fields: Sequence[str]
    ) -> list[bytes | TrackerError]:
        """The result of :meth:`query_json` for each of ``refs``, or the error instead.

        Costs one round trip for all of them, on a cluster one to each node.
        """
        commands = [
            command
            for ref in refs
            for command in (
                [query.command(ref.places[0], fields)]
                if len(ref.places) == 1
                else _first_commands(query, ref.places, fields)
            )
        ]
        replies = iter(self._call([packed(each) for each in commands]) if commands else [])
        return [
            self._page(query, ref.places, list(islice(replies, len(ref.places))), fields)
            for ref in refs
        ]

    def newest(self, ref: Ref, query: Query, fields: Sequence[str], limit: int) -> dict[str, Any]:
        """The first ``limit`` records that ``query`` is about, at most 10,000, as one page.

        It has the form of the module's JSON. The page and the size of ``query`` do not count.
        Costs a round trip for the first 200 records, and one for each further 1,000.
        """
        query = replace(query, page=1, size=limit)
        replies = self._execute_each(_first_commands(query, ref.places, fields))
        return self._merge(query, ref.places, replies, fields).page(fields)

    def stats_json(self, ref: ObjectRef) -> bytes:
        """An object's counts per state and name and its latest record, as JSON from the module."""
        return cast(bytes, self._execute("TRACKER.STATS", ref.model, ref.id, "FORMAT", "JSON"))

    def stats_within(self, ref: Ref, spans: Sequence[Span]) -> list[bytes]:
        """The counts in the buckets of each of ``spans``, as JSON from the module.

        Costs one round trip.
        """
        places = ref.places
        replies = iter(
            self._execute_each([span.command(place) for span in spans for place in places])
        )
        of_each = [list(islice(replies, len(places))) for _ in spans]
        return [each[0] if len(each) == 1 else merged_stats(each) for each in of_each]

    def stats_of_each(self, refs: Sequence[ObjectRef]) -> list[bytes | TrackerError]:
        """The result of :meth:`stats_json` for each of ``refs``, or the error instead.

        Costs one round trip for all of them, on a cluster one to each node.
        """
        if not refs:
            return []
        return self._call(
            [packed(["TRACKER.STATS", ref.model, ref.id, "FORMAT", "JSON"]) for ref in refs]
        )

    def ensure_compatible(self) -> None:
        """Raises :class:`ModuleOutdated` for a module that is too old. Asks once per process.

        Accepts the module where the Redis user may not use ``INFO``.
        """
        if not self._is_compatible:
            for server in self.servers():
                if not server.has_info:
                    continue
                if server.module is None:
                    raise ModuleMissing(MODULE_MISSING)
                if server.module < MINIMUM_MODULE:
                    raise ModuleOutdated(
                        f"The tracker module is version {version_text(server.module)}, and "
                        f"{version_text(MINIMUM_MODULE)} or later is needed"
                    )
            self._is_compatible = True

    def servers(self) -> list[Server]:
        """Every server that keeps records: one, or the primaries of a cluster."""
        with translating():
            if isinstance(self._redis, RedisCluster):
                return [
                    server_of(node.name, self._redis.get_redis_connection(node))
                    for node in self._redis.get_primaries()  # type: ignore[no-untyped-call]
                ]
            return [server_of("", self._redis)]

    def replicas(self, servers: Sequence[Server]) -> list[Replica]:
        """The replicas of ``servers``, as those name them, each asked with the URL's user.

        Costs a connection to each. One that cannot be asked says so and takes the timeouts.
        """
        return replicas_of(servers, self._beside)

    def _records(
        self, records: Sequence[tuple[Ref, str]], *words: str
    ) -> list[dict[str, Any] | None]:
        """The reply to ``TRACKER.GET`` with ``words`` for each."""
        places = [(ref.place_of(task_id), task_id) for ref, task_id in records]
        commands = [
            ["TRACKER.GET", place.model, place.id, task_id, *words] for place, task_id in places
        ]
        return [_record(reply) for reply in self._execute_each(commands)]

    def _page(
        self,
        query: Query,
        places: Sequence[Place],
        replies: Sequence[bytes | TrackerError],
        fields: Sequence[str],
    ) -> bytes | TrackerError:
        """What ``replies``, one from each of ``places``, come to."""
        pages = []
        for reply in replies:
            if isinstance(reply, TrackerError):
                return reply
            pages.append(reply)
        if len(pages) == 1:
            return pages[0]
        try:
            page = self._merge(query, places, pages, fields).page(fields)
        except TrackerError as error:
            return error
        text = json.dumps(page, ensure_ascii=False, separators=(",", ":"))
        return text.encode(errors="replace")

    def _merge(
        self,
        query: Query,
        places: Sequence[Place],
        replies: Sequence[bytes],
        fields: Sequence[str],
    ) -> Merge:
        def ask(pages: Sequence[tuple[Place, Query]]) -> list[bytes]:
            words = _with_order(fields, places)
            return self._execute_each([each.command(place, words) for place, each in pages])

        return Merge(query, places, replies, ask)

    def _execute(self, *command: str) -> Any:
        (reply,) = self._call([packed(command)])
        if isinstance(reply, TrackerError):
            raise reply
        return reply

    def _execute_each(self, commands: Sequence[Command]) -> list[Any]:
        replies = self._call([packed(command) for command in commands])
        for reply in replies:
            if isinstance(reply, TrackerError):
                raise reply
        return replies

    def _call(self, commands: Sequence[Packed], pause: float = 0.0) -> list[Any]:
        """The replies to ``commands``, error replies as :class:`TrackerError`."""
        with translating():
            replies = self._wire.call(commands, pause)
        return [translated(reply) if isinstance(reply, Exception) else reply for reply in replies]


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


#: The settings of the connection to Redis.
CONNECTION_SETTINGS = (
    "CELERY_TASKTRACKER_REDIS_URL",
    "TASK_TRACKER_CONNECT_TIMEOUT",
    "TASK_TRACKER_SOCKET_TIMEOUT",
)


def _forget_client(*, setting: str, **_: Any) -> None:
    global _client
    if setting in CONNECTION_SETTINGS:
        _client = None


setting_changed.connect(_forget_client, dispatch_uid="celery_task_tracker.client")


def _first_commands(
    query: Query, places: Sequence[Place], fields: Sequence[str]
) -> list[list[str]]:
    """What each of several places is asked first for a page of all of them."""
    first = first_query(query, len(places))
    return [first.command(place, _with_order(fields, places)) for place in places]


def _with_order(fields: Sequence[str], places: Sequence[Place]) -> tuple[str, ...]:
    """``fields``, and those by which the records of several places are put in order."""
    return tuple(dict.fromkeys((*fields, *(ORDER_FIELDS if len(places) > 1 else ("id",)))))


def _record(reply: Any) -> dict[str, Any] | None:
    if reply is None:
        return None
    pairs = reply.items() if isinstance(reply, dict) else zip(reply[::2], reply[1::2], strict=True)
    return {_text(name): _text(value) for name, value in pairs}


def _text(value: Any) -> Any:
    return value.decode(errors="replace") if isinstance(value, bytes) else value
