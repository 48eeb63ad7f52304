"""Celery's message broker, asked with a patience that fits a web request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kombu.exceptions import OperationalError

#: Seconds that the broker may take to accept a connection, and all tries together.
CONNECT_TIMEOUT = 1.0
TOTAL_TIMEOUT = 3.0

#: Seconds that a worker may take to say what it made of a command.
REPLY_TIMEOUT = 1.0


class CannotTerminate(Exception):
    """The worker that runs the task has a pool that cannot cut a task off."""


def ensure_reachable(app: Any) -> None:
    """Raises kombu's ``OperationalError`` unless the broker of ``app`` answers soon.

    Sending would find out too, but by the broker client's own patience, which may be minutes.
    Costs a connection.
    """
    if app.conf.task_always_eager:
        return
    with app.connection_for_write(connect_timeout=CONNECT_TIMEOUT) as connection:
        # What the transports of Redis call it; the others take the argument above.
        connection.transport_options = {
            **connection.transport_options,
            "socket_connect_timeout": CONNECT_TIMEOUT,
            "socket_timeout": CONNECT_TIMEOUT,
        }
        try:
            connection.ensure_connection(
                max_retries=max(1, len(connection.alt or ())),
                interval_start=0,
                interval_step=0,
                interval_max=0,
                timeout=TOTAL_TIMEOUT,
            )
        except connection.connection_errors as error:
            raise OperationalError(str(error)) from error


def revoke(app: Any, task_id: str) -> None:
    """Asks every worker to drop a task that waits."""
    ensure_reachable(app)
    app.control.revoke(task_id)


def terminate(app: Any, task_id: str, worker: str | None, signal: str) -> None:
    """Asks the workers to cut off a task that runs, by a signal to its process.

    The worker that runs it is asked first and for a reply, because only prefork, eventlet and
    gevent can: raises :class:`CannotTerminate` if it says that its pool does not. A worker
    that says nothing in time, as a busy one of the solo pool does, may hear of it later.
    """
    ensure_reachable(app)
    command = {"task_id": task_id, "terminate": True, "signal": signal}
    replies: Iterable[Any] = ()
    if worker:
        replies = app.control.broadcast(
            "revoke",
            arguments=command,
            destination=[worker],
            reply=True,
            timeout=REPLY_TIMEOUT,
            limit=1,
        )
    answers = [answer for reply in replies or () for answer in reply.values()]
    if any("NotImplementedError" in str(answer.get("error")) for answer in answers):
        raise CannotTerminate
    if answers:
        # The others are told for the case that the broker delivers the message again.
        app.control.revoke(task_id)
    else:
        app.control.revoke(task_id, terminate=True, signal=signal)
