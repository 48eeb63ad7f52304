"""Revoking an object's tasks: the workers drop waiting tasks and terminate running ones."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from celery import current_app
from django.contrib.admin import ModelAdmin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from kombu.exceptions import OperationalError

from ..config import config
from ..recording import process, revoked
from ..recording.overview import overview_with
from ..registration.registry import registry
from ..registration.resolution import ObjectRef
from ..server.client import get_client
from ..server.query import Query
from ..server.writes import Annotation
from ..states import ACTIVE_STATES
from . import broker
from .endpoint import Refusal, forbidden
from .hooks import Rights
from .log_entry import ids_by_name, log_entry
from .outcome import Outcome, Task
from .selection import Judgement, RecordsOf

if TYPE_CHECKING:
    from django.contrib.auth.models import PermissionsMixin

#: The most tasks that one request revokes.
LIMIT = 1000


@dataclass(frozen=True)
class ActiveTask:
    """A task that may still run."""

    id: str
    name: str
    is_running: bool
    worker: str | None
    """The worker that runs it, if known."""

    pool: str | None
    """The worker's pool, if it is one that cannot terminate running tasks."""

    eta: str | None = None

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> ActiveTask:
        """The task of this record."""
        return cls(
            id=record["id"],
            name=record["name"],
            is_running=record["state"] == "STARTED",
            worker=record.get("worker"),
            pool=record.get("pool"),
            eta=record.get("eta"),
        )


@dataclass
class Revoked:
    """Which tasks the workers were asked to revoke, and which not."""

    revoked: list[ActiveTask] = field(default_factory=list)
    refused: list[tuple[ActiveTask, Refusal]] = field(default_factory=list)
    workers: int | None = None
    """How many workers answered; ``None`` if the broker has no way for them to answer."""

    def refuse(self, tasks: Sequence[ActiveTask], reason: Refusal) -> None:
        """Records why ``tasks`` are not revoked."""
        self.refused += [(task, reason) for task in tasks]

    def revoked_of(self, tasks: Sequence[ActiveTask]) -> list[ActiveTask]:
        """Those of ``tasks`` that are revoked."""
        revoked = {task.id for task in self.revoked}
        return [task for task in tasks if task.id in revoked]


def active_tasks(ref: ObjectRef) -> tuple[list[ActiveTask], int]:
    """The newest active tasks of ``ref``, at most :data:`LIMIT`, and how many more there are.

    Tasks whose revocation was not requested yet come first, so that repeated requests reach all of
    them. Costs one round trip per page of the module's ``max-page-size``.
    """
    found: dict[bool, dict[str, ActiveTask]] = {False: {}, True: {}}
    page = pages = 1
    while page <= pages and len(found[False]) < LIMIT:
        query = Query(states=tuple(sorted(ACTIVE_STATES)), page=page, size=LIMIT)
        fields = ("id", "name", "state", "worker", "pool", "eta", "revoke_requested")
        reply = json.loads(get_client().query_json(ref, query, fields))
        for record in reply["tasks"]:
            found["revoke_requested" in record][record["id"]] = ActiveTask.of(record)
        pages = reply["pages"]
        page += 1
    tasks = list({**found[False], **found[True]}.values())[:LIMIT]
    return tasks, max(0, reply["total"] - len(tasks))


def revoke(request: HttpRequest, of_each: Mapping[ObjectRef, Sequence[ActiveTask]]) -> Revoked:
    """Asks the workers to revoke those tasks ``of_each`` object that this user may revoke.

    Their records say that it was requested. Workers that start later, or were cut off from their
    broker, drop what has not started. The state becomes REVOKED when a worker has done it.
    Costs a few messages to the workers, however many tasks there are, and one round trip to Redis.
    Revoking works while Redis is away.
    """
    outcome = Revoked()
    by_app = defaultdict(list)
    for task in (task for tasks in of_each.values() for task in tasks):
        reason = _reason_not_to_terminate(request, task) if task.is_running else None
        if reason:
            outcome.refuse([task], reason)
        else:
            registrations = registry.registrations(task.name)
            by_app[registrations[0].task.app if registrations else current_app].append(task)
    for app, its_tasks in by_app.items():
        _tell_workers(app, its_tasks, outcome)
    now = datetime.now(timezone.utc).isoformat()
    fields = {"revoke_requested": now, "revoked_by": request.user.get_username()}
    for ref, tasks in of_each.items():
        done = outcome.revoked_of(tasks)
        if done:
            ids = tuple(task.id for task in done)
            process.record(Annotation(ref, ids, fields, overview_with(ref)))
    for task in outcome.revoked:
        revoked.keep(task.id, task.name, task.eta)
    return outcome


def log_revoked(
    request: HttpRequest, obj: Model, model_admin: ModelAdmin[Any], tasks: Sequence[ActiveTask]
) -> None:
    """Writes one entry into the object's history, with the ids of ``tasks`` grouped by name."""
    message = ngettext(
        "Revoked %(count)d task: %(tasks)s.", "Revoked %(count)d tasks: %(tasks)s.", len(tasks)
    )
    message %= {"count": len(tasks), "tasks": ids_by_name(tasks)}
    log_entry(request, obj, model_admin, message)


def may_terminate(request: HttpRequest) -> bool:
    """Whether the settings let this user terminate running tasks."""
    permission = config.TASK_TRACKER_TERMINATE_PERMISSION
    return bool(config.TASK_TRACKER_TERMINATE) and (
        permission is None or cast("PermissionsMixin", request.user).has_perm(permission)
    )


def finished(record: Mapping[str, Any]) -> Refusal:
    """Why the task of ``record``, which has ended, cannot be revoked."""
    return Refusal(
        HTTPStatus.CONFLICT,
        "finished",
        _("This task has already finished: %(state)s.") % {"state": record["state"]},
    )


def _reason_not_to_terminate(request: HttpRequest, task: ActiveTask) -> Refusal | None:
    if not config.TASK_TRACKER_TERMINATE:
        return Refusal(
            HTTPStatus.CONFLICT,
            "terminate-off",
            _("This task is running, and terminating running tasks is switched off."),
        )
    if not may_terminate(request):
        return Refusal(
            HTTPStatus.FORBIDDEN,
            "forbidden",
            _("This task is running, and you do not have permission to terminate it."),
        )
    if task.pool:
        return Refusal(
            HTTPStatus.CONFLICT,
            "cannot-terminate",
            _(
                "The worker %(worker)s cannot terminate a running task: only the pools "
                "prefork, eventlet and gevent can. The task keeps running."
            )
            % {"worker": task.worker},
        )
    return None


def _tell_workers(app: Any, tasks: Sequence[ActiveTask], outcome: Revoked) -> None:
    try:
        answered = broker.revoke(
            app,
            waiting=[task.id for task in tasks if not task.is_running],
            running=[task.id for task in tasks if task.is_running],
            signal=config.TASK_TRACKER_TERMINATE_SIGNAL,
        )
    except OperationalError as error:
        reason = Refusal(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "broker-unreachable",
            _("Celery's message broker does not answer, so the workers could not be asked."),
            hint=str(error),
        )
        outcome.refuse(tasks, reason)
    else:
        outcome.revoked += tasks
        if answered is not None:
            outcome.workers = (outcome.workers or 0) + answered


class Revocation:
    """Revokes the selected tasks that are active."""

    fields: tuple[str, ...] = ("worker", "pool", "eta")

    def judge(self, request: HttpRequest, model_admin: ModelAdmin[Any], obj: Model) -> Judgement:
        if not Rights(request, model_admin, obj).can_revoke:
            return lambda record: forbidden()
        return lambda record: self._refusal(request, record)

    @staticmethod
    def _refusal(request: HttpRequest, record: dict[str, Any]) -> Refusal | None:
        if record["state"] not in ACTIVE_STATES:
            return finished(record)
        task = ActiveTask.of(record)
        return _reason_not_to_terminate(request, task) if task.is_running else None

    def carry_out(
        self, request: HttpRequest, model_admin: ModelAdmin[Any], chosen: Iterable[RecordsOf]
    ) -> Outcome:
        """Costs what :func:`revoke` costs, however many objects there are."""
        chosen = list(chosen)
        of_each = {ref: [ActiveTask.of(each) for each in records] for _, ref, records in chosen}
        outcome = revoke(request, of_each)
        for obj, ref, _records in chosen:
            done = outcome.revoked_of(of_each[ref])
            if done:
                log_revoked(request, obj, model_admin, done)
        return Outcome(
            done=[Task(task.id, task.name) for task in outcome.revoked],
            refused=[(Task(task.id, task.name), reason) for task, reason in outcome.refused],
        )
