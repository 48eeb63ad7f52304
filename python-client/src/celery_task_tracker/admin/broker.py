"""Celery's message broker, asked with a patience that fits a web request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kombu.exceptions import OperationalError

#: Seconds that the broker may take to accept a connection, and all tries together.
CONNECT_TIMEOUT = 1.0
TOTAL_TIMEOUT = 3.0


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


def revoke(app: Any, waiting: Sequence[str], running: Sequence[str], signal: str) -> None:
    """Asks the workers to drop the tasks that wait, and to cut off, by a signal, those that run.

    Nobody confirms. Raises kombu's ``OperationalError`` unless the broker of ``app`` answers soon.
    Costs a connection and a message or two, however many tasks there are.
    """
    ensure_reachable(app)
    if waiting:
        app.control.revoke(list(waiting))
    if running:
        app.control.revoke(list(running), terminate=True, signal=signal)
