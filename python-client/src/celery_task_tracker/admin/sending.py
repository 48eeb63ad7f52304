"""Sending a task for an object, on behalf of a user of the admin."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from celery.signals import before_task_publish
from celery.utils import uuid
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from ..recording.origin import Origin, coming_from
from ..recording.payload import text
from ..registration.registry import Registration
from ..registration.resolution import Call, sending_for
from . import broker
from .endpoint import Refusal


def send(
    request: HttpRequest,
    obj: Model,
    registration: Registration,
    call: Call,
    options: Mapping[str, Any],
    rerun_of: str = "",
) -> str:
    """Sends the task with the arguments of ``call``, and returns its id.

    ``options``: those of ``apply_async()``, with what :func:`broker.sending` gives. Its record
    names the user, and ``rerun_of``, the id of the task that it runs again.
    """
    origin = Origin(uuid(), launched_by=user_name(request), rerun_of=rerun_of)
    task = registration.task
    with sending_for(obj), coming_from(origin), no_wait_for_result(origin.task_id, task):
        task.apply_async(
            args=call.args, kwargs=dict(call.kwargs), task_id=origin.task_id, **options
        )
    return origin.task_id


class _Sent(threading.local):
    """The task that this thread sends."""

    task_id = ""
    ignores_result = False


_sent = _Sent()


@contextmanager
def no_wait_for_result(task_id: str, task: Any) -> Iterator[None]:
    """For a task that is sent in this block with ``ignore_result=True``.

    Celery then does not subscribe to the result, which nobody reads here: a result backend that is
    frozen would be waited for, for minutes. The message still says what the task says of itself.
    """
    _sent.task_id, _sent.ignores_result = task_id, bool(task.ignore_result)
    try:
        yield
    finally:
        _sent.task_id = ""


def _tell_of_result(headers: Any = None, **_: Any) -> None:
    # Messages of protocol 1 do not say it, and have no headers.
    if headers and headers.get("id") == _sent.task_id and "ignore_result" in headers:
        headers["ignore_result"] = _sent.ignores_result


before_task_publish.connect(
    _tell_of_result, weak=False, dispatch_uid="celery_task_tracker.no_wait_for_result"
)


def user_name(request: HttpRequest) -> str:
    """The name that the user logs in with."""
    return str(request.user.get_username())


def not_sent(error: Exception) -> Refusal:
    """The response when sending a task raised ``error``."""
    if isinstance(error, OperationalError):
        return Refusal(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "broker-unreachable",
            _("Celery's message broker stopped answering. The task may or may not have been sent.")
            if isinstance(error, broker.Unanswered)
            else _("Celery's message broker does not answer, so the task was not sent."),
            hint=str(error),
        )
    return Refusal(
        HTTPStatus.BAD_REQUEST,
        "not-launchable",
        _("The task could not be launched with its arguments: %(error)s")
        % {"error": text(error) or type(error).__name__},
    )
