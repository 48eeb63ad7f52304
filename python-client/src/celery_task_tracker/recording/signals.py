"""Turns Celery's signals into events: one event per signal, with one command per object.

The signals of one task come from several processes and in any order. The module's transition rule
sorts that out. What each signal carries is described at
https://docs.celeryq.dev/en/stable/userguide/signals.html. No handler raises, queries the database,
or contacts Redis for an unregistered task.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any
from weakref import WeakValueDictionary

from celery import signals
from celery._state import get_current_task
from celery.app.task import Context
from celery.concurrency.base import BasePool
from celery.exceptions import NotRegistered, Reject, TimeLimitExceeded

from ..config import config
from ..registration.registry import registry
from ..registration.resolution import Call, ObjectRef, OutOfReach
from ..server.writes import Event
from ..states import State
from . import alert, heartbeat, logs, meter, process
from . import headers as own
from .attempts import ended_attempt, outdated_attempts
from .delivery import Delivery, context_call, getter, message_call, request_getter
from .failure import Failure
from .guard import harmless
from .module_version import warn_of_an_old_module
from .origin import origin_of
from .payload import result_text, text
from .shown import given_by_publisher
from .trace import trace_fields

#: The requests that this worker's parent process holds now, by task id.
_requests: WeakValueDictionary[str, Any] = WeakValueDictionary()

#: The attribute of a request in :data:`_requests` whose failure was told.
_FAILED = "task_tracker_failed"

#: The pool of this worker if it cannot terminate a running task, otherwise empty.
_pool = ""


class Publishing(threading.local):
    """The task that this thread published last, or is publishing now, or ran eagerly."""

    task_id: str | None = None
    at = 0
    """When publishing it began: a worker may have it before Celery says that it is published."""

    priority: int | None = None
    objects: tuple[ObjectRef, ...] | None = None
    """Those that were written into the headers of its message; ``None`` if none were."""

    def moment(self, task_id: str | None) -> int:
        """When a task with this id is published: now. Two runs of one id have two moments."""
        now = _now()
        return max(now, self.at + 1) if self.task_id == task_id else now


_publishing = Publishing()


def connect() -> None:
    """Connects every handler. Calling it again changes nothing."""
    for signal, handler in (
        (signals.before_task_publish, task_leaves),
        (signals.after_task_publish, task_published),
        (signals.task_received, task_received),
        (signals.task_prerun, task_started),
        (signals.task_success, task_succeeded),
        (signals.task_failure, task_failed),
        (signals.task_retry, task_retried),
        (signals.task_revoked, task_revoked),
        (signals.task_postrun, task_left),
        (signals.task_internal_error, task_broke),
        (signals.task_unknown, task_unknown),
        (signals.task_rejected, task_rejected),
        (signals.worker_ready, worker_is_ready),
        (signals.worker_ready, warn_of_an_old_module),
        # The children of a prefork worker end without running Python's exit handlers.
        (signals.worker_process_shutdown, process.flush_at_end),
        (signals.worker_shutdown, process.flush_at_end),
    ):
        signal.connect(handler, weak=False, dispatch_uid=f"celery_task_tracker.{handler.__name__}")


@harmless
def task_leaves(
    sender: str | None = None,
    headers: Any = None,
    body: Any = None,
    properties: Any = None,
    **_: Any,
) -> None:
    """before_task_publish: adds to the headers what workers need to know about the task.

    A retry keeps the headers of the attempt before: Celery hands them on.
    """
    _publishing.objects = None
    if not sender or headers is None:
        return
    get = getter(headers, body)
    task_id = get("id")
    at = _publishing.moment(task_id)
    running = _running(task_id)
    # Who calls `apply_async(retries=2)` sends a new task, whose first attempt is the third one.
    is_retry = own.count_in(get("retries")) > 0 and bool(running or own.run_in(get(own.RUN)))
    if not is_retry:
        for name in (own.OBJECTS, own.RUN, own.ATTEMPT, own.SHOWN, own.ORIGIN):
            # A caller may have passed the headers of another task on.
            headers.pop(name, None)
    if not running and not registry.for_task(sender):
        return
    objects: tuple[ObjectRef, ...] | None = None
    if is_retry:
        if running:
            objects = running.objects
        _add_shown(headers, body, running.shown if running else own.shown_in(get(own.SHOWN)))
    elif running and _replaces(sender, running, headers, get):
        # The objects of the replaced task come first, in case there are too many.
        others = _objects_of(sender, message_call(headers, body)) or ()
        objects = running.objects + others
        headers[own.ATTEMPT] = running.attempt + 1
        if running.run is not None:
            headers[own.RUN] = running.run
        if running.origin:
            headers[own.ORIGIN] = dict(running.origin)
        _add_shown(headers, body, {})
    else:
        objects = _objects_of(sender, message_call(headers, body))
        headers[own.RUN] = at
        if origin_of(task_id):
            headers[own.ORIGIN] = origin_of(task_id)
        _add_shown(headers, body, {})
    if objects is not None:
        objects = own.fitting(objects)
        headers[own.OBJECTS] = _pairs(objects)
    _publishing.task_id, _publishing.at = task_id, at
    _publishing.priority = (properties or {}).get("priority")
    _publishing.objects = objects


def _add_shown(headers: Any, body: Any, before: Mapping[str, str]) -> None:
    """What the caller wants to be shown of the arguments; ``before``: in the attempt before."""
    shown = dict(before)
    if "task" in headers and config.TASK_TRACKER_STORE_ARGS:
        args, kwargs, _embed = body
        shown |= given_by_publisher(headers, args or (), kwargs or {})
    if shown:
        headers[own.SHOWN] = shown


def _replaces(sender: str, running: Delivery, headers: Any, get: Any) -> bool:
    """Whether the task that runs has called ``self.replace()``, and this takes its place."""
    if "task" in headers:
        return own.count_in(get("replaced_task_nesting")) > 0
    # Protocol 1 has no such field.
    return running.task_name != sender


def _pairs(objects: tuple[ObjectRef, ...]) -> list[list[str]]:
    return [list(ref) for ref in objects]


@harmless
def task_published(
    sender: str | None = None,
    headers: Any = None,
    body: Any = None,
    routing_key: str | None = None,
    **_: Any,
) -> None:
    """after_task_publish: PENDING."""
    if sender and _is_wanted("PENDING"):
        headers = headers or {}
        was_announced = _publishing.task_id == getter(headers, body)("id")
        objects = _publishing.objects if was_announced else None
        delivery = Delivery.of_message(sender, headers, body, routing_key, objects)
        if delivery:
            at = _publishing.at if was_announced else _now()
            fields = delivery.arguments()
            if was_announced and _publishing.priority:
                fields["priority"] = str(_publishing.priority)
            _record(delivery, "PENDING", at, **fields)


@harmless
def task_received(request: Any = None, **_: Any) -> None:
    """task_received, in the parent process of a worker: RECEIVED."""
    if not _is_wanted("RECEIVED"):
        # This process may still have to tell that the task failed.
        _requests[request.id] = request
        return
    delivery = Delivery.of_request(request)
    if delivery:
        _requests[request.id] = request
        _record(delivery, "RECEIVED")


@harmless
def task_started(sender: Any = None, **_: Any) -> None:
    """task_prerun: STARTED.

    The objects are looked up here if the message came without them. What an earlier delivery of the
    same message left behind is removed.
    """
    context = sender.request
    if getattr(context, own.OBJECTS, None) is None and registry.needs_caller(sender.name):
        objects = _objects_of(sender.name, context_call(context))
        setattr(context, own.OBJECTS, _pairs(own.fitting(objects or ())))
    if context.is_eager and not context.retries:
        # It runs eagerly and was never published. Its retries get these headers.
        run = _publishing.moment(context.id)
        context.headers = {**(context.headers or {}), own.RUN: run}
        _publishing.task_id, _publishing.at = context.id, run
        if origin_of(context.id):
            context.headers[own.ORIGIN] = origin_of(context.id)
    delivery = Delivery.of_context(sender.name, context)
    if delivery:
        delivery.keep_with(context)
        context.task_tracker_started = began = _now()
        meter.current.started(delivery, began)
        is_wanted = _is_wanted("STARTED")
        if is_wanted:
            _record(
                delivery,
                "STARTED",
                began,
                **delivery.arguments(),
                **outdated_attempts(delivery),
                pool=_pool,
                progress="",
                alive_at=heartbeat.moment() if heartbeat.is_on() else "",
                log="",
            )
        lines = logs.begin(context)
        if is_wanted:
            heartbeat.begin(delivery, lines)


@harmless
def task_succeeded(sender: Any = None, result: Any = None, **_: Any) -> None:
    """task_success: SUCCESS with the result."""
    delivery = Delivery.of_context(sender.name, sender.request)
    if delivery:
        stored = result_text(result) if config.TASK_TRACKER_STORE_RESULT else ""
        _record(delivery, "SUCCESS", result=stored, **logs.fields_of(sender.request))


@harmless
def task_failed(
    sender: Any = None,
    task_id: str = "",
    exception: Any = None,
    traceback: Any = None,
    einfo: Any = None,
    **_: Any,
) -> None:
    """task_failure: FAILURE with the error.

    It is sent by the process that ran the task, or by its parent if that process was killed or ran
    out of time. Celery 5.7 sends it for a rejected task too, which stays REJECTED, and twice where
    the time ran out.
    """
    if isinstance(exception, Reject):
        return
    if isinstance(exception, TimeLimitExceeded) and _was_told(task_id):
        return
    if sender.request.id == task_id:
        delivery = Delivery.of_context(sender.name, sender.request)
    elif task_id in _requests:
        delivery = Delivery.of_request(_requests[task_id])
    else:
        delivery = None
    if delivery:
        failure = Failure.of(exception, traceback, einfo)
        _record_failure(delivery, failure, exception, **logs.fields_of(sender.request))


@harmless
def task_broke(
    sender: Any = None,
    args: Any = (),
    kwargs: Any = None,
    request: Any = None,
    exception: Any = None,
    traceback: Any = None,
    einfo: Any = None,
    **_: Any,
) -> None:
    """task_internal_error: FAILURE, because Celery itself failed in running the task."""
    context = Context(request or {}, args=args, kwargs=kwargs)
    delivery = Delivery.of_context(sender.name, context)
    if delivery:
        _record_failure(delivery, Failure.of(exception, traceback, einfo), exception)


@harmless
def task_unknown(sender: Any = None, message: Any = None, **_: Any) -> None:
    """task_unknown, in the parent process of a worker that does not know the task: FAILURE."""
    delivery = Delivery.of_refused_message(message, getattr(sender, "hostname", None))
    if delivery:
        # Its `repr` is the whole message, its `str` only the name.
        exception = NotRegistered(delivery.task_name)
        _record_failure(delivery, Failure("NotRegistered", repr(exception), ""), exception)


@harmless
def task_rejected(sender: Any = None, message: Any = None, exc: Any = None, **_: Any) -> None:
    """task_rejected, in the parent process of a worker that cannot read the message: REJECTED."""
    delivery = Delivery.of_refused_message(message, getattr(sender, "hostname", None))
    if delivery:
        failure = Failure.of(exc)
        _record(delivery, "REJECTED", error=failure.error, exception=failure.exception)


@harmless
def task_retried(
    sender: Any = None, request: Any = None, reason: Any = None, einfo: Any = None, **_: Any
) -> None:
    """task_retry: RETRY for the attempt to come, with the error of the attempt that failed.

    A worker that lost its broker cancels its tasks and sends this signal without a reason. No other
    attempt comes then: the broker delivers the same one again.
    """
    if reason is None and einfo is None:
        return
    delivery = Delivery.of_context(sender.name, request)
    if delivery is None:
        return
    cause = getattr(reason, "exc", None)
    # Celery's own traceback shows where the retry was asked for.
    failure = Failure.of_raised(reason if cause is None else cause, einfo)
    ended = _now()
    _record(
        delivery.next_attempt(),
        "RETRY",
        ended,
        **delivery.arguments(),
        **ended_attempt(delivery, failure, getattr(request, "task_tracker_started", None), ended),
        **outdated_attempts(delivery),
        retry_error=failure.error,
        retry_exception=failure.exception,
        retry_traceback=failure.traceback,
        **logs.fields_of(request),
    )


@harmless
def task_revoked(
    sender: Any = None,
    request: Any = None,
    terminated: bool = False,
    expired: bool = False,
    **_: Any,
) -> None:
    """task_revoked, in the parent process of a worker: REVOKED, and how."""
    delivery = Delivery.of_context(sender.name, request)
    if delivery:
        why = "Terminated while running" if terminated else "Revoked before it started"
        error = "Expired before it started" if expired else why
        _record(delivery, "REVOKED", error=error)


@harmless
def task_left(sender: Any = None, state: State | None = None, retval: Any = None, **_: Any) -> None:
    """task_postrun: REJECTED or IGNORED, with the reason if there is one. Celery has no other
    signal for these two."""
    context = sender.request
    heartbeat.end(context.id, own.attempt_of(request_getter(vars(context))))
    began = getattr(context, "task_tracker_started", None)
    if began is not None and (delivery := Delivery.of_context(sender.name, context)):
        meter.current.ran(delivery, (_now() - began) / 1000)
    if state in ("REJECTED", "IGNORED"):
        delivery = Delivery.of_context(sender.name, sender.request)
        if delivery:
            reason = getattr(retval, "reason", retval)
            error = "" if reason is None else text(reason)
            _record(delivery, state, error=error, **logs.fields_of(context))


@harmless
def worker_is_ready(sender: Any = None, **_: Any) -> None:
    """worker_ready: finds out whether this worker can terminate running tasks.

    It cannot be asked later: a worker with the pool solo does not answer while a task runs.
    """
    global _pool
    can = getattr(sender.pool.terminate_job, "__func__", None) is not BasePool.terminate_job
    # Celery's own classes are all called TaskPool.
    _pool = "" if can else type(sender.pool).__module__.rpartition(".")[2]


def _was_told(task_id: str) -> bool:
    """Whether this was called for the same request before."""
    request = _requests.get(task_id)
    was_told = hasattr(request, _FAILED)
    if request is not None:
        setattr(request, _FAILED, True)
    return was_told


def _objects_of(name: str, call: Call) -> tuple[ObjectRef, ...] | None:
    """The objects of this call; ``None`` where the database cannot be asked for them."""
    try:
        return registry.objects_of(name, call)
    except OutOfReach:
        return None


def _running(task_id: str | None) -> Delivery | None:
    """The tracked task that this thread runs now, if it is the one with this id."""
    task = get_current_task()
    if not task_id or task is None or task.request.id != task_id:
        return None
    return Delivery.of_context(task.name, task.request)


def _is_wanted(state: State) -> bool:
    """Whether the project has not left this state out."""
    return state in config.TASK_TRACKER_EVENTS


def _record_failure(delivery: Delivery, failure: Failure, raised: Any, /, **fields: str) -> None:
    _record(
        delivery,
        "FAILURE",
        error=failure.error,
        exception=failure.exception,
        traceback=failure.traceback,
        **fields,
    )
    alert.send(delivery, failure, raised)


def _now() -> int:
    return time.time_ns() // 1_000_000


def _record(delivery: Delivery, state: State, at: int | None = None, /, **fields: str) -> None:
    """Records the event. An empty value of a field removes it."""
    meter.current.recorded(delivery, state)
    process.record(
        Event(
            objects=delivery.objects,
            overviews=delivery.overviews,
            task_id=delivery.task_id,
            name=delivery.task_name,
            state=state,
            run=delivery.run,
            attempt=delivery.attempt,
            at=_now() if at is None else at,
            fields={**delivery.details, **trace_fields(), **fields},
        )
    )
