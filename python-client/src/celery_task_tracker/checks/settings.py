"""Whether each setting of the package has a value that it can have."""

from __future__ import annotations

import logging
import math
import re
import signal
from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.core import checks
from django.utils.module_loading import import_string

from ..config import config
from ..metrics.address import address
from ..metrics.installed import EXTRA, LIBRARY, is_installed
from ..registration.namespace import EXPECTED, is_namespace, takes_model_and_database
from ..server.url import without_password, wrong_with
from ..states import EARLY_STATES, STATES

#: The longest retention that the module accepts, in seconds: a hundred years.
MAX_RETENTION = 100 * 365 * 86_400

#: The most parts of an overview. A page of it asks each of them.
MOST_PARTS = 64


def check_settings(app_configs: Any = None, **_: Any) -> list[checks.CheckMessage]:
    """An error for each setting with a wrong value. It names the setting and what was expected."""
    found = [
        (number, setting, expected)
        for number, setting, check in _CHECKS
        if (expected := check(getattr(config, setting))) is not None
    ]
    if not found and config.TASK_TRACKER_PAGE_SIZE > config.TASK_TRACKER_MAX_PAGE_SIZE:
        most = f"at most TASK_TRACKER_MAX_PAGE_SIZE ({config.TASK_TRACKER_MAX_PAGE_SIZE})"
        found.append((10, "TASK_TRACKER_PAGE_SIZE", most))
    return [_error(*each) for each in found]


def _error(number: int, setting: str, expected: str) -> checks.Error:
    value = getattr(config, setting)
    shown = without_password(value) if isinstance(value, str) else value
    return checks.Error(
        f"{setting} must be {expected}, not {shown!r}.",
        hint=f"Correct {setting} in your settings, or remove it to have the default.",
        id=f"celery_task_tracker.E{number:03d}",
    )


# Each takes the value of a setting and returns what it should be instead, or None.


def _url(value: Any) -> str | None:
    wrong = wrong_with(value)
    return f"a URL that {wrong}" if wrong else None


def _retention(value: Any) -> str | None:
    if isinstance(value, Mapping):
        is_valid = all(
            (state in STATES or state == "default") and _is_retention(seconds)
            for state, seconds in value.items()
        )
    else:
        is_valid = value is None or _is_retention(value)
    expected = f"a whole number of seconds from 1 to {MAX_RETENTION}"
    return None if is_valid else f"{expected}, or a dict of such by state or 'default'"


def _is_retention(value: Any) -> bool:
    return _count(value) is None and value <= MAX_RETENTION


def _count(value: Any) -> str | None:
    is_valid = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return None if is_valid else "a whole number above 0"


def _seconds(value: Any) -> str | None:
    is_valid = type(value) in (int, float) and 0 < value < math.inf
    return None if is_valid else "a number of seconds above 0"


def _seconds_or_zero(value: Any) -> str | None:
    is_valid = type(value) in (int, float) and 0 <= value < math.inf
    return None if is_valid else "a number of seconds above 0, or 0"


def _events(value: Any) -> str | None:
    is_valid = isinstance(value, Collection) and not isinstance(value, str)
    is_valid = is_valid and all(state in EARLY_STATES for state in value)
    return None if is_valid else f"a list with none but {', '.join(EARLY_STATES)}"


def _redaction(value: Any) -> str | None:
    is_valid = callable(value) or _are_patterns(value)
    return None if is_valid else "regular expressions in a list or tuple, or a function"


def _are_patterns(value: Any) -> bool:
    if not isinstance(value, list | tuple):
        return False
    try:
        for pattern in value:
            re.compile(pattern)
    except (TypeError, re.error):
        return False
    return True


def _switch(value: Any) -> str | None:
    return None if isinstance(value, bool) else "True or False"


def _switch_or_none(value: Any) -> str | None:
    return None if value is None or isinstance(value, bool) else "True, False or None"


def _signal(value: Any) -> str | None:
    is_valid = isinstance(value, str) and value.startswith("SIG") and hasattr(signal, value)
    return None if is_valid else 'the name of a signal, such as "SIGTERM"'


def _permission(value: Any) -> str | None:
    is_valid = value is None or (isinstance(value, str) and "." in value)
    return None if is_valid else 'a permission, "app.codename", or None'


def _namespace(value: Any) -> str | None:
    if callable(value):
        is_valid = takes_model_and_database(value)
        return None if is_valid else "a function that accepts model= and using="
    is_valid = value is None or value == "" or is_namespace(value)
    return None if is_valid else f"{EXPECTED}, or a function"


def _parts(value: Any) -> str | None:
    is_valid = _count(value) is None and value <= MOST_PARTS
    return None if is_valid else f"a whole number from 1 to {MOST_PARTS}"


def _log_level(value: Any) -> str | None:
    is_valid = value is None or (
        isinstance(value, str) and isinstance(logging.getLevelName(value), int)
    )
    return None if is_valid else 'the name of a log level, such as "INFO", or None'


def _links(value: Any) -> str | None:
    is_valid = isinstance(value, Mapping) and all(
        isinstance(label, str) and (isinstance(link, str) or callable(link))
        for label, link in value.items()
    )
    return None if is_valid else "a dict of addresses or functions by label"


def _function(value: Any) -> str | None:
    try:
        is_valid = value is None or callable(
            import_string(value) if isinstance(value, str) else value
        )
    except Exception:
        # Importing the project's module may raise anything.
        is_valid = False
    return None if is_valid else 'a function, its dotted path "app.module.name", or None'


def _metrics(value: Any) -> str | None:
    if value is True and not is_installed():
        return f"False where {LIBRARY} is not installed ({EXTRA})"
    return _switch(value)


def _address_or_none(value: Any) -> str | None:
    if value is None:
        return None
    try:
        address(value)
    except ValueError:
        return 'a port, "host:port", or None'
    return None


def _token_or_none(value: Any) -> str | None:
    is_valid = value is None or (isinstance(value, str) and value.isascii() and value != "")
    return None if is_valid else "a text in ASCII, or None"


#: The number of the check's id, the setting, and its check.
_CHECKS: tuple[tuple[int, str, Callable[[Any], str | None]], ...] = (
    (1, "CELERY_TASKTRACKER_REDIS_URL", _url),
    (2, "TASK_TRACKER_RETENTION_WINDOW", _retention),
    (3, "TASK_TRACKER_PAGE_SIZE", _count),
    (4, "TASK_TRACKER_MAX_PAGE_SIZE", _count),
    (5, "TASK_TRACKER_CONNECT_TIMEOUT", _seconds),
    (6, "TASK_TRACKER_SOCKET_TIMEOUT", _seconds),
    (7, "TASK_TRACKER_RETRY_AFTER", _seconds),
    (8, "TASK_TRACKER_REFRESH_INTERVAL", _seconds),
    (9, "TASK_TRACKER_REDACT", _redaction),
    (11, "TASK_TRACKER_SPOOL_SIZE", _count),
    (12, "TASK_TRACKER_STORE_ARGS", _switch),
    (13, "TASK_TRACKER_STORE_RESULT", _switch),
    (14, "TASK_TRACKER_TERMINATE", _switch),
    (15, "TASK_TRACKER_PURGE_ON_DELETE", _switch),
    (16, "TASK_TRACKER_TERMINATE_SIGNAL", _signal),
    (17, "TASK_TRACKER_TERMINATE_PERMISSION", _permission),
    (18, "TASK_TRACKER_CHANGELIST_COLUMN", _switch),
    (19, "TASK_TRACKER_NAMESPACE", _namespace),
    (40, "TASK_TRACKER_ENABLED", _switch_or_none),
    (41, "TASK_TRACKER_AUTODISCOVER", _switch),
    (42, "TASK_TRACKER_HEARTBEAT", _seconds_or_zero),
    (43, "TASK_TRACKER_UPDATE_STATE", _switch),
    (44, "TASK_TRACKER_LOG_LEVEL", _log_level),
    (45, "TASK_TRACKER_LINKS", _links),
    (46, "TASK_TRACKER_EVENTS", _events),
    (47, "TASK_TRACKER_OVERVIEW", _switch),
    (48, "TASK_TRACKER_OVERVIEW_RETENTION", _retention),
    (49, "TASK_TRACKER_INDEX", _switch),
    (50, "TASK_TRACKER_OVERVIEW_PARTS", _parts),
    (60, "TASK_TRACKER_PROGRESS_PERMISSION", _function),
    (61, "TASK_TRACKER_METRICS", _metrics),
    (62, "TASK_TRACKER_METRICS_PORT", _address_or_none),
    (63, "TASK_TRACKER_METRICS_TOKEN", _token_or_none),
)
