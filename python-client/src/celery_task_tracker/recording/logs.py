"""The lines that a task logs while it runs, if the setting TASK_TRACKER_LOG_LEVEL is set."""

from __future__ import annotations

import json
import logging
import re
import threading
from collections import deque
from typing import Any

from celery._state import get_current_task
from celery.exceptions import SoftTimeLimitExceeded

from ..config import config
from .payload import text
from .secrets import REDACTED, is_secret

#: How many lines are kept of one attempt, the last ones, and how long their JSON is in bytes.
MOST_LINES = 200
MAX_BYTES = 16 * 1024

#: The longest line, in characters.
MAX_LINE = 2000

#: The loggers that the handler is added to. Celery's does not propagate its lines to the root.
LOGGERS = ("", "celery.task")

#: The attribute of a task's request that holds its lines.
ATTRIBUTE = "task_tracker_log"


class Lines:
    """The last lines that one attempt has logged."""

    def __init__(self) -> None:
        self._lines: deque[tuple[int, str, str]] = deque(maxlen=MOST_LINES)
        self._last: logging.LogRecord | None = None

    def add(self, record: logging.LogRecord) -> None:
        """Adds a line. One that reaches several of the loggers is added once."""
        if record is self._last:
            return
        self._last = record
        self._lines.append((int(record.created * 1000), record.levelname, _line(record)))

    def fields(self) -> dict[str, str]:
        """The field ``log``: JSON of ``[[unix ms, level, message], …]``, or nothing."""
        kept: list[str] = []
        room = MAX_BYTES - 2
        for line in reversed(self._lines.copy()):
            encoded = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
            room -= len(encoded.encode(errors="replace")) + 1
            if room < 0:
                break
            kept.append(encoded)
        return {"log": f"[{','.join(reversed(kept))}]"} if kept else {}


class TaskHandler(logging.Handler):
    """Adds what is logged to the lines of the task that this thread runs.

    It never raises. What it causes to be logged itself is left out.
    """

    def __init__(self) -> None:
        super().__init__()
        self._busy = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(self._busy, "is_busy", False) or record.levelno < (level() or 0):
            return
        task = get_current_task()
        lines = getattr(task.request, ATTRIBUTE, None) if task else None
        if lines is None:
            return
        self._busy.is_busy = True
        try:
            lines.add(record)
        except SoftTimeLimitExceeded:
            # Meant for the task that is running.
            raise
        except Exception:  # noqa: S110 - logging it would log a line of this task again
            pass
        finally:
            self._busy.is_busy = False


def begin(context: Any) -> Lines | None:
    """Keeps what the task of this request logs from now on; ``None`` if the setting is off."""
    if level() is None:
        return None
    for name in LOGGERS:
        logger = logging.getLogger(name)
        # Configuring logging may have removed it.
        if _handler not in logger.handlers:
            logger.addHandler(_handler)
    lines = Lines()
    setattr(context, ATTRIBUTE, lines)
    return lines


def fields_of(context: Any) -> dict[str, str]:
    """What the task of this request has logged, as fields of its record."""
    lines = getattr(context, ATTRIBUTE, None)
    return {} if lines is None else lines.fields()


def level() -> int | None:
    """The lowest level that is kept; ``None`` to keep no lines."""
    name = config.TASK_TRACKER_LOG_LEVEL
    found = logging.getLevelName(name) if isinstance(name, str) else None
    return found if isinstance(found, int) else None


def _line(record: logging.LogRecord) -> str:
    message = record.getMessage()
    if record.exc_info:
        message = f"{message}\n{_formatter.formatException(record.exc_info)}"
    if len(message) > MAX_LINE:
        message = f"{message[:MAX_LINE]}…"
    return _NAMED.sub(_redacted, text(message))


def _redacted(found: re.Match[str]) -> str:
    name, separator, _value = found.groups()
    is_shown = callable(config.TASK_TRACKER_REDACT) or not is_secret(name)
    return found.group() if is_shown else f"{name}{separator}{REDACTED}"


#: A name and its value in a text: ``password=hunter2``, ``"token": "x"``.
_NAMED = re.compile(r"""([A-Za-z_][\w-]{0,99})(["']?\s?[=:]\s?)("[^"]*"|'[^']*'|[^\s,;&)}\]]+)""")

_formatter = logging.Formatter()
_handler = TaskHandler()
