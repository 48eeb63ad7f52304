"""Celery's signals as tracker events: one event per signal, one command per object.

Signals of one task come from several processes and in any order; the module's transition rule
puts them right. See https://docs.celeryq.dev/en/stable/userguide/signals.html for what each
signal carries. No handler raises, asks the database, or touches Redis for a task that nobody
registered.
"""

from __future__ import annotations

import threading
import time
import traceback as tracebacks
from typing import Any
from weakref import WeakValueDictionary

from celery import signals
from celery._state import get_current_task
from celery.app.task import Context
from celery.concurrency.base import BasePool
from celery.exceptions import Reject

from ..config import config
from ..registration.registry import registry
from ..registration.resolution import Call, ObjectRef, OutOfReach
from ..server.writes import Event
from ..states import State
from . import process
from .delivery import (
    ATTEMPT_HEADER,
    OBJECTS_HEADER,
    Delivery,
    context_call,
    message_call,
    message_id,
)
from .guard import harmless
from .payload import result_text, text

#: The requests that this worker's parent process holds now, by task id.
_requests: WeakValueDictionary[str, Any] = WeakValueDictionary()

#: The pool of the worker that this process is, where it cannot cut off a task that runs.
_pool = ""

#: The task that this thread sends now, and since when: a worker may have it before it is sent.
_publishing = threading.local()


def connect() -> None:
    """Connects every handler, once however often it is called."""
    for signal, handler in (
        (signals.before_task_publish, announce_objects),
        (signals.after_task_publish, task_published),
        (signals.task_received, task_received),
        (signals.task_prerun, task_started),
        (signals.task_success, task_succeeded),
        (signals.task_failure, task_failed),
        (signals.task_retry, task_retried),
        (signals.task_revoked, task_revoked),
        (signals.task_postrun, task_left),
        (signals.task_internal_error, task_broke),
        (signals.worker_ready, worker_is_ready),
        # The children of a prefork worker end without Python's own exit handlers.
        (signals.worker_process_shutdown, process.flush_at_end),
        (signals.worker_shutdown, process.flush_at_end),
    ):
        signal.connect(handler, weak=False, dispatch_uid=f"celery_task_tracker.{handler.__name__}")


@harmless
def announce_objects(
    sender: str | None = None, headers: Any = None, body: Any = None, **_: Any
) -> None:
    """before_task_publish: the objects go with the message, so that no worker has to find them.

    A task that sends itself again, by a retry or with another task in its place, keeps its own.
    """
    if not sender or headers is None:
        return
    running = _running(headers.get("id") or message_id(body))
    if running is None:
        if not registry.for_task(sender):
            return
        found = _objects_of(sender, message_call(headers, body))
        if found is None:
            return
        objects = found
    elif running.task_name == sender:
        objects = running.objects
    else:
        others = _objects_of(sender, message_call(headers, body)) or ()
        objects = tuple(dict.fromkeys(running.objects + others))
        headers[ATTEMPT_HEADER] = running.attempt + 1
    headers[OBJECTS_HEADER] = [list(ref) for ref in objects]
    _publishing.task_id, _publishing.at = headers.get("id") or message_id(body), _now()


@harmless
def task_published(
    sender: str | None = None,
    headers: Any = None,
    body: Any = None,
    routing_key: str | None = None,
    **_: Any,
) -> None:
    """after_task_publish: PENDING."""
    if sender:
        delivery = Delivery.of_message(sender, headers or {}, body, routing_key)
        if delivery:
            was_announced = getattr(_publishing, "task_id", None) == delivery.task_id
            at = _publishing.at if was_announced else _now()
            _record(delivery, "PENDING", at, **delivery.arguments())


@harmless
def task_received(request: Any = None, **_: Any) -> None:
    """task_received, in a worker's parent process: RECEIVED."""
    delivery = Delivery.of_request(request)
    if delivery:
        _requests[request.id] = request
        _record(delivery, "RECEIVED")


@harmless
def task_started(sender: Any = None, **_: Any) -> None:
    """task_prerun: STARTED. Of a message that came without its objects, they are found here."""
    context = sender.request
    if getattr(context, OBJECTS_HEADER, None) is None and registry.asks_database(sender.name):
        objects = _objects_of(sender.name, context_call(context))
        setattr(context, OBJECTS_HEADER, [list(ref) for ref in objects or ()])
    delivery = Delivery.of_context(sender.name, context)
    if delivery:
        _record(delivery, "STARTED", **delivery.arguments(), pool=_pool)


@harmless
def task_succeeded(sender: Any = None, result: Any = None, **_: Any) -> None:
    """task_success: SUCCESS with the result."""
    delivery = Delivery.of_context(sender.name, sender.request)
    if delivery:
        stored = result_text(result) if config.TASK_TRACKER_STORE_RESULT else ""
        _record(delivery, "SUCCESS", result=stored)


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

    It comes from the process that ran the task, or from the parent when that process was killed
    or ran out of time. A rejected message, which Celery 5.7 reports here too, stays REJECTED.
    """
    if isinstance(exception, Reject):
        return
    if sender.request.id == task_id:
        delivery = Delivery.of_context(sender.name, sender.request)
    elif task_id in _requests:
        delivery = Delivery.of_request(_requests[task_id])
    else:
        delivery = None
    if delivery:
        _record_failure(delivery, exception, traceback, einfo)


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
    """task_internal_error: FAILURE, because Celery itself failed around the task."""
    context = Context(request or {}, args=args, kwargs=kwargs)
    delivery = Delivery.of_context(sender.name, context)
    if delivery:
        _record_failure(delivery, exception, traceback, einfo)


@harmless
def task_retried(
    sender: Any = None, request: Any = None, reason: Any = None, einfo: Any = None, **_: Any
) -> None:
    """task_retry: RETRY for the attempt that is to come, with the error of the one that was.

    Without reason and error it is a worker that lost its broker and cancelled the task: the
    broker delivers the same attempt again, and no other attempt is to come.
    """
    if reason is None and einfo is None:
        return
    delivery = Delivery.of_context(sender.name, request)
    if delivery is None:
        return
    cause = getattr(reason, "exc", None)
    if cause is None:
        cause = reason
    _record(
        delivery.next_attempt(),
        "RETRY",
        **delivery.arguments(),
        retry_error=text(cause),
        retry_exception=type(cause).__name__,
        # Its own traceback, where it was raised; Celery's tells where the retry was asked for.
        retry_traceback=_own_traceback(cause) or _traceback_text(None, einfo),
    )


@harmless
def task_revoked(
    sender: Any = None,
    request: Any = None,
    terminated: bool = False,
    expired: bool = False,
    **_: Any,
) -> None:
    """task_revoked, in a worker's parent process: REVOKED, and in which way."""
    delivery = Delivery.of_context(sender.name, request)
    if delivery:
        why = "Terminated while running" if terminated else "Revoked before it started"
        _record(delivery, "REVOKED", error="Expired before it started" if expired else why)


@harmless
def task_left(sender: Any = None, state: State | None = None, retval: Any = None, **_: Any) -> None:
    """task_postrun: REJECTED or IGNORED, which no other signal tells, with the reason if given."""
    if state in ("REJECTED", "IGNORED"):
        delivery = Delivery.of_context(sender.name, sender.request)
        if delivery:
            reason = getattr(retval, "reason", retval)
            _record(delivery, state, error="" if reason is None else text(reason))


@harmless
def worker_is_ready(sender: Any = None, **_: Any) -> None:
    """worker_ready: whether the tasks of this process can be terminated.

    The worker itself cannot be asked later: that of the pool solo is deaf while a task runs.
    """
    global _pool
    can = getattr(sender.pool.terminate_job, "__func__", None) is not BasePool.terminate_job
    # Celery's own classes are all called TaskPool.
    _pool = "" if can else type(sender.pool).__module__.rpartition(".")[2]


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


def _record_failure(delivery: Delivery, exception: Any, traceback: Any, einfo: Any) -> None:
    _record(
        delivery,
        "FAILURE",
        error=text(exception),
        exception=type(exception).__name__,
        traceback=_traceback_text(traceback, einfo),
    )


def _now() -> int:
    return time.time_ns() // 1_000_000


def _record(delivery: Delivery, state: State, at: int | None = None, /, **fields: str) -> None:
    process.record(
        Event(
            objects=delivery.objects,
            task_id=delivery.task_id,
            name=delivery.task_name,
            state=state,
            attempt=delivery.attempt,
            at=_now() if at is None else at,
            # Of a run before this one nothing is to stay: an empty value removes it.
            fields={
                **delivery.details,
                **{key: value for key, value in fields.items() if value or delivery.again},
            },
            # The others of this attempt come after one of these two.
            rerun=delivery.again and state in ("PENDING", "STARTED"),
        )
    )


def _own_traceback(exception: Any) -> str:
    """The traceback of an exception that was raised, as text; empty for any other."""
    if getattr(exception, "__traceback__", None) is None:
        return ""
    return text("".join(tracebacks.format_exception(exception)))


def _traceback_text(traceback: Any, einfo: Any) -> str:
    """The traceback as text: a killed child's comes as a string, a task's own as an object."""
    if isinstance(getattr(einfo, "traceback", None), str):
        return text(einfo.traceback)
    if isinstance(traceback, str) or traceback is None:
        return text(traceback or "")
    return text("".join(tracebacks.format_tb(traceback)))
