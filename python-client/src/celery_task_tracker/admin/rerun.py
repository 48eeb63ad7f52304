"""Running a finished task again: with the arguments that it had, or with edited ones."""

from __future__ import annotations

import inspect
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from http import HTTPStatus
from typing import Any

from django.contrib.admin import ModelAdmin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ..recording import process
from ..recording.secrets import REDACTED
from ..registration.namespace import WrongNamespace
from ..registration.registry import Registration, registry
from ..registration.resolution import Call, ObjectRef, Unresolvable, sending_for
from ..server.writes import Annotation
from ..states import ACTIVE_STATES
from ..templatetags.task_humanize import humanize_task
from . import broker
from .endpoint import Refusal, endpoint, forbidden, record_of
from .hooks import Rights
from .log_entry import ids_by_name, log_entry
from .outcome import Outcome, Task
from .selection import Judgement, RecordsOf
from .sending import not_sent, send


@endpoint("POST", "change")
def rerun(
    request: HttpRequest, obj: Model, ref: ObjectRef, *, model_admin: ModelAdmin[Any]
) -> HttpResponse:
    """``task_id=<id>``: runs this task again, with ``args`` and ``kwargs`` if they are given.

    These are a JSON array and a JSON object, which must fit the task's signature and name this
    object. Answers with the ``id`` of the new task.
    """
    record = record_of(ref, request.POST.get("task_id", ""))
    act = Rerun()
    reason = act.judge(request, model_admin, obj)(record)
    if reason:
        raise reason
    if "args" in request.POST or "kwargs" in request.POST:
        record |= {name: request.POST.get(name, record[name]) for name in ("args", "kwargs")}
    outcome = act.carry_out(request, model_admin, [(obj, ref, [record])])
    for _task, why in outcome.refused:
        raise why
    return JsonResponse(
        {"id": outcome.done[0].id, "name": record["name"], "label": humanize_task(record["name"])},
        status=HTTPStatus.ACCEPTED,
    )


def rerunnable(model: type[Model]) -> dict[str, Registration]:
    """The tasks that may be run again for an instance of ``model``, by their names."""
    return {
        each.name: each for each in registry.for_rows_of(model) if each.rerun and not each.hidden
    }


def rerunnable_names(rights: Rights) -> Set[str]:
    """The tasks that a user with these rights may run again."""
    return rerunnable(rights.model_admin.model).keys() & rights.launchable


class Rerun:
    """Runs finished tasks again, each with exactly the arguments that it had."""

    fields: tuple[str, ...] = (
        *("args", "kwargs", "args_bytes", "kwargs_bytes", "replayable"),
        *("queue", "priority", "stamps"),
    )

    def judge(self, request: HttpRequest, model_admin: ModelAdmin[Any], obj: Model) -> Judgement:
        rights = Rights(request, model_admin, obj)
        if not rights.can_launch:
            return lambda record: forbidden()
        names = rerunnable_names(rights)
        return lambda record: self._refusal(record, names)

    @staticmethod
    def _refusal(record: dict[str, Any], names: Set[str]) -> Refusal | None:
        reason = ""
        if record["state"] in ACTIVE_STATES:
            reason = _("This task has not finished yet.")
        elif record["name"] not in names:
            reason = _("This task may not be run again from here.")
        elif "args" not in record or "kwargs" not in record:
            reason = _("Its arguments are not stored.")
        elif "args_bytes" in record or "kwargs_bytes" in record:
            reason = _("Its arguments were too long to be stored whole.")
        elif not record.get("replayable"):
            reason = _(
                "Its stored arguments are not exactly those that it had: some are redacted, hidden "
                "or not plain JSON."
            )
        return Refusal(HTTPStatus.CONFLICT, "not-replayable", reason) if reason else None

    def carry_out(
        self, request: HttpRequest, model_admin: ModelAdmin[Any], chosen: Iterable[RecordsOf]
    ) -> Outcome:
        """Costs a connection to the broker of each Celery app."""
        return _run_again(request, model_admin, chosen)


def _run_again(
    request: HttpRequest, model_admin: ModelAdmin[Any], chosen: Iterable[RecordsOf]
) -> Outcome:
    known = rerunnable(model_admin.model)
    outcome = Outcome()
    by_app = defaultdict(list)
    for obj, ref, records in chosen:
        for record in records:
            registration = known[record["name"]]
            try:
                call = _call(registration, record)
                _check_object(registration, call, obj, ref)
            except Refusal as reason:
                outcome.refuse(record, reason)
            else:
                by_app[registration.task.app].append((obj, ref, registration, call, record))
    sent: dict[ObjectRef, tuple[Model, list[Task]]] = {}
    for app, waiting in by_app.items():
        try:
            with broker.sending(app) as options:
                while waiting:
                    obj, ref, registration, call, record = waiting[0]
                    its_options = {**options, **_options(app, record)}
                    new = send(request, obj, registration, call, its_options, record["id"])
                    process.record(Annotation(ref, (record["id"],), {"rerun_as": new}))
                    sent.setdefault(ref, (obj, []))[1].append(Task(new, record["name"]))
                    waiting.pop(0)
        except Exception as error:
            for *_, record in waiting:
                outcome.refuse(record, not_sent(error))
    for obj, tasks in sent.values():
        outcome.done += tasks
        message = ngettext(
            "Ran %(count)d task again: %(tasks)s.",
            "Ran %(count)d tasks again: %(tasks)s.",
            len(tasks),
        )
        message %= {"count": len(tasks), "tasks": ids_by_name(tasks)}
        log_entry(request, obj, model_admin, message)
    return outcome


def _call(registration: Registration, record: Mapping[str, Any]) -> Call:
    """The call with the arguments of ``record``. Raises :class:`Refusal` if they are no call."""
    args, kwargs = _json("args", record["args"]), _json("kwargs", record["kwargs"])
    if not isinstance(args, list):
        raise _bad(_("Arguments must be a JSON array, such as [1042]."))
    if not isinstance(kwargs, dict):
        raise _bad(_('Keyword arguments must be a JSON object, such as {"retry": true}.'))
    try:
        inspect.signature(registration.task.run).bind(*args, **kwargs)
    except TypeError as error:
        raise _bad(
            _("The task does not take these arguments: %(error)s") % {"error": error}
        ) from error
    except ValueError:
        # Some callables have no signature. Celery does not check theirs either.
        pass
    return Call(tuple(args), kwargs)


def _check_object(registration: Registration, call: Call, obj: Model, ref: ObjectRef) -> None:
    """Raises :class:`Refusal` if ``call`` is not for ``obj``: the user may act on that only."""
    for each in registry.registrations(registration.name):
        try:
            with sending_for(obj):
                if each.object_of(call) == ref:
                    return
        except (Unresolvable, WrongNamespace):
            continue
    raise Refusal(
        HTTPStatus.CONFLICT, "other-object", _("These arguments do not name this object.")
    )


def _options(app: Any, record: Mapping[str, Any]) -> dict[str, Any]:
    """Queue, priority and stamps as they were the first time."""
    options: dict[str, Any] = {}
    if record.get("queue"):
        options |= _route(app, record["queue"])
    if record.get("priority", "").isdecimal():
        options["priority"] = int(record["priority"])
    stamps = record.get("stamps", "")
    if stamps and REDACTED not in stamps:
        stamped = _json("stamps", stamps)
        options |= {**stamped, "stamped_headers": list(stamped)}
    return options


def _route(app: Any, routing_key: str) -> dict[str, str]:
    """Where a message with this routing key went. The record does not have the queue's name."""
    queues = app.amqp.queues
    if routing_key in queues:
        return {"queue": routing_key}
    for name, queue in queues.items():
        if queue.routing_key == routing_key:
            return {"queue": name}
    # Celery gives a queue that it creates on demand the name of its routing key.
    is_direct = app.conf.task_default_exchange_type == "direct"
    return {"queue" if is_direct else "routing_key": routing_key}


def _json(name: str, given: str) -> Any:
    try:
        return json.loads(given, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise _bad(
            _("%(name)s is not valid JSON: %(error)s") % {"name": name, "error": error}
        ) from error


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not a number in JSON")


def _bad(message: str) -> Refusal:
    return Refusal(HTTPStatus.BAD_REQUEST, "bad-arguments", message)
