"""Sending to Celery's message broker with timeouts that fit a web request."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any

from kombu import Connection, Producer
from kombu.exceptions import OperationalError

#: Seconds that the broker may take to accept a connection or to answer.
STEP_TIMEOUT = 1.0

#: Seconds that all tries to connect may take together.
CONNECT_TIMEOUT = 2.0


#: Seconds for which the answers of workers are waited for.
ANSWER_TIMEOUT = 0.5


class Unanswered(OperationalError):
    """The broker stopped answering while a message was being sent. It may have arrived."""


@contextmanager
def connected(app: Any) -> Iterator[Connection]:
    """A connection of its own to the broker of ``app``, closed at the end.

    Celery would wait for a broker as long as the project allows its workers to, which may be
    minutes. On this connection each step ends after :data:`STEP_TIMEOUT`. Raises kombu's
    ``OperationalError`` if the broker does not answer, and :class:`Unanswered` if that happens
    within the block.
    """
    connection = app.connection_for_write(connect_timeout=STEP_TIMEOUT)
    connection.transport_options = {
        **connection.transport_options,
        # The options' names for Redis, then those for AMQP.
        "socket_connect_timeout": STEP_TIMEOUT,
        "socket_timeout": STEP_TIMEOUT,
        "read_timeout": STEP_TIMEOUT,
        "write_timeout": STEP_TIMEOUT,
    }
    errors = (*connection.connection_errors, *connection.channel_errors)
    try:
        connection.ensure_connection(
            max_retries=max(1, len(connection.alt or ())),
            interval_start=0,
            interval_step=0,
            interval_max=0,
            timeout=CONNECT_TIMEOUT,
        )
        try:
            yield connection
        except (OperationalError, *errors) as error:
            raise Unanswered(str(error) or type(error).__name__) from error
    except errors as error:
        raise OperationalError(str(error) or type(error).__name__) from error
    finally:
        # The messages were sent: an error while closing does not matter.
        with suppress(Exception):
            connection.release()


@contextmanager
def sending(app: Any) -> Iterator[Mapping[str, Any]]:
    """Options for ``apply_async()`` that send the task at once or raise ``OperationalError``.

    Celery does not wait for the result backend either.

    Costs a connection to the broker, and none for tasks that run eagerly.
    """
    if app.conf.task_always_eager:
        yield {}
        return
    with connected(app) as connection:
        yield {"connection": connection, "retry": False, "ignore_result": True}


def revoke(app: Any, waiting: Sequence[str], running: Sequence[str], signal: str) -> int | None:
    """Asks the workers to drop the tasks that wait, and to end those that run by a signal.

    Returns how many workers answered within :data:`ANSWER_TIMEOUT`; ``None`` if the broker has no
    way for them to answer. A worker of the pool solo answers nothing while it runs a task. Raises
    kombu's ``OperationalError`` if the broker of ``app`` does not answer.
    Costs a connection, a message or two, and the timeout for each, however many tasks there are.
    """
    if app.conf.task_always_eager:
        return None
    with connected(app) as connection:
        may_answer = "fanout" in connection.transport.implements.exchange_type
        options = {"connection": connection, "reply": may_answer, "timeout": ANSWER_TIMEOUT}
        answers = []
        control = copy.copy(app.control)
        control.mailbox = app.control.mailbox(connection)
        control.mailbox.producer_pool = _OneTry(connection)
        if waiting:
            answers.append(control.revoke(list(waiting), **options))
        if running:
            told = control.revoke(list(running), terminate=True, signal=signal, **options)
            answers.append(told)
    return max((len(each or ()) for each in answers), default=0) if may_answer else None


class _OneTry:
    """Gives a mailbox a producer that sends once; its own tries until the broker answers."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def acquire(self) -> AbstractContextManager[Producer]:
        channel = self._connection.default_channel
        return nullcontext(_ProducerOfOneTry(channel, auto_declare=False))  # type: ignore[no-untyped-call]


class _ProducerOfOneTry(Producer):
    def publish(self, *args: Any, **options: Any) -> Any:
        return super().publish(*args, **{**options, "retry": False})  # type: ignore[no-untyped-call]
