"""Celery's message broker, asked with a patience that fits a web request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kombu.exceptions import OperationalError

#: Seconds that the broker may take to accept a connection, and all tries together.
CONNECT_TIMEOUT = 1.0
TOTAL_TIMEOUT = 3.0

#: Seconds that a worker may take to say what it made of a command.
REPLY_TIMEOUT = 1.0


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


def revoke(
    app: Any, waiting: Sequence[str], running: Mapping[str, str | None], signal: str
) -> frozenset[str]:
    """Asks the workers to drop the tasks that wait, and to cut off, by a signal, those that run.

    ``waiting``: ids. ``running``: ids, each with the worker that runs it, where that is known.
    Those workers are asked first and for a reply, because only the pools prefork, eventlet and
    gevent can: returns the ids of ``running`` whose workers say that theirs does not. A worker that
    says nothing in time, as a busy one of the solo pool does, may hear of it later. Costs a
    connection, a few messages, and a second's wait at most, however many tasks there are.
    """
    ensure_reachable(app)
    if waiting:
        app.control.revoke(list(waiting))
    workers = sorted({worker for worker in running.values() if worker})
    answers: dict[str, Any] = {}
    if workers:
        command = {"task_id": list(running), "terminate": True, "signal": signal}
        replies = app.control.broadcast(
            "revoke",
            arguments=command,
            destination=workers,
            reply=True,
            timeout=REPLY_TIMEOUT,
            limit=len(workers),
        )
        answers = {worker: answer for reply in replies or () for worker, answer in reply.items()}
    unable = {
        worker
        for worker, answer in answers.items()
        if "NotImplementedError" in str(answer.get("error"))
    }
    told = [id for id, worker in running.items() if worker in answers and worker not in unable]
    silent = [id for id, worker in running.items() if worker not in answers]
    if told:
        # The other workers too, for the case that the broker delivers the message again.
        app.control.revoke(told)
    if silent:
        app.control.revoke(silent, terminate=True, signal=signal)
    return frozenset(id for id, worker in running.items() if worker in unable)
