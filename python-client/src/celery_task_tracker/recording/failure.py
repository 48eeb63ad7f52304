"""What is stored of an exception: its class, its message and its traceback."""

from __future__ import annotations

import sys
import traceback as tracebacks
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from celery.exceptions import MaxRetriesExceededError, SoftTimeLimitExceeded, TimeLimitExceeded
from celery.utils.serialization import (
    UnpickleableExceptionWrapper,
    get_pickleable_exception,
)

from .payload import text

#: How many causes of an exception are examined.
MOST_CAUSES = 10


@dataclass(frozen=True)
class Failure:
    """An exception as text."""

    exception: str
    """The name of its class."""

    error: str
    """Its message."""

    traceback: str
    """Empty if there is none."""

    @classmethod
    def of(cls, exception: Any, traceback: Any = None, einfo: Any = None) -> Failure:
        """The failure that one of Celery's signals reports.

        ``traceback``, ``einfo``: what Celery gives beside the exception. The traceback of a process
        that was killed is a string.
        """
        original = original_of(exception)
        if original is not None:
            return cls.of_raised(original)
        if isinstance(exception, UnpickleableExceptionWrapper):
            message = text(Exception(*exception.exc_args))
            return cls(str(exception.exc_cls_name), message, _traceback_text(traceback, einfo))
        return cls(
            type(exception).__name__,
            _message(exception),
            _without_arguments(exception, _traceback_text(traceback, einfo)),
        )

    @classmethod
    def of_raised(cls, exception: Any, einfo: Any = None) -> Failure:
        """The same, with the traceback of where the exception was raised, or else ``einfo``'s."""
        original = original_of(exception)
        exception = exception if original is None else original
        was_raised = getattr(exception, "__traceback__", None) is not None
        if not was_raised or isinstance(exception, UnpickleableExceptionWrapper):
            return cls.of(exception, None, einfo)
        raised = text("".join(tracebacks.format_exception(exception)))
        return cls(
            type(exception).__name__, _message(exception), _without_arguments(exception, raised)
        )


def original_of(exception: Any) -> BaseException | None:
    """The exception that Celery replaced by ``exception``, because it cannot be pickled.

    Celery puts a wrapper in its place, or an exception of the nearest base class that can be
    pickled. While Celery sends its signals the original is still being handled.
    """
    handled = list(_being_handled())
    if any(each is exception for each in handled):
        return None
    return next((each for each in handled if _stands_for(exception, each)), None)


def _being_handled() -> Iterator[BaseException]:
    exception = sys.exc_info()[1]
    for _ in range(MOST_CAUSES):
        if exception is None:
            return
        yield exception
        exception = exception.__cause__ or exception.__context__


def _stands_for(exception: Any, original: BaseException) -> bool:
    if isinstance(exception, UnpickleableExceptionWrapper):
        cls = type(original)
        return (exception.exc_module, exception.exc_cls_name) == (cls.__module__, cls.__name__)
    return (
        isinstance(exception, BaseException)
        and type(exception) is not type(original)
        and isinstance(original, type(exception))
        and len(exception.args) == len(original.args)
        and all(one is other for one, other in zip(exception.args, original.args, strict=True))
        and get_pickleable_exception(original) is not original
    )


def _message(exception: Any) -> str:
    if isinstance(exception, MaxRetriesExceededError):
        # The rest is the arguments, secrets included.
        return text(exception).partition(" args:")[0]
    if type(exception) is SoftTimeLimitExceeded:
        return "Ran longer than its soft time limit"
    if type(exception) is TimeLimitExceeded and exception.args:
        return f"Ran longer than its time limit of {text(exception.args[0])} s"
    return text(exception)


def _without_arguments(exception: Any, traceback: str) -> str:
    if isinstance(exception, MaxRetriesExceededError):
        return traceback.replace(text(exception), _message(exception))
    return traceback


def _traceback_text(traceback: Any, einfo: Any) -> str:
    if isinstance(getattr(einfo, "traceback", None), str):
        return text(einfo.traceback)
    if isinstance(traceback, str) or traceback is None:
        return text(traceback or "")
    return text("".join(tracebacks.format_tb(traceback)))
