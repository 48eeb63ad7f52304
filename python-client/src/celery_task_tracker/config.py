"""The package's settings and their defaults.

A setting is read from Django's settings when it is first needed, and read again after Django's
signal ``setting_changed``, which ``override_settings`` sends.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from django.conf import settings
from django.core.signals import setting_changed

from .redaction import SECRET_NAMES
from .states import EARLY_STATES

#: Every setting with its default.
DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        # The URL of the Redis server that has the tracker module.
        "CELERY_TASKTRACKER_REDIS_URL": "redis://",
        # Whether tasks are tracked. None: yes, except while Django's test environment is set up.
        "TASK_TRACKER_ENABLED": None,
        # Separates projects, tenants and databases that share one Redis: a string, or a function
        # that is called with `model=` and `using=`, the alias of the database.
        "TASK_TRACKER_NAMESPACE": None,
        # Whether each app's `tasks` module is imported at start.
        "TASK_TRACKER_AUTODISCOVER": True,
        # Seconds a record lives after its last update. None: the module's own `retention-window`.
        # A dict has one value per state, and "default" for the states that it does not name.
        "TASK_TRACKER_RETENTION_WINDOW": None,
        # Whether each tracked model has an overview, a page with the tasks of all its objects.
        "TASK_TRACKER_OVERVIEW": True,
        # How many parts an overview is cut into, each in a slot of its own on a cluster.
        "TASK_TRACKER_OVERVIEW_PARTS": 1,
        # The same as TASK_TRACKER_RETENTION_WINDOW for the overviews. None: as the record itself.
        "TASK_TRACKER_OVERVIEW_RETENTION": None,
        # Rows on a page of the dashboard.
        "TASK_TRACKER_PAGE_SIZE": 10,
        # The most rows that a request may ask for.
        "TASK_TRACKER_MAX_PAGE_SIZE": 200,
        # Seconds between two refreshes of the dashboard.
        "TASK_TRACKER_REFRESH_INTERVAL": 5,
        # Seconds that connecting to Redis may take, and that the first event of a process may wait.
        "TASK_TRACKER_CONNECT_TIMEOUT": 0.25,
        # Seconds that a reply from Redis may take.
        "TASK_TRACKER_SOCKET_TIMEOUT": 0.25,
        # Seconds between two attempts to reach Redis after it failed to answer.
        "TASK_TRACKER_RETRY_AFTER": 5,
        # How many events a process keeps while Redis is away. Beyond that the oldest are dropped.
        "TASK_TRACKER_SPOOL_SIZE": 10_000,
        # Seconds between two signs of life of a task that runs. 0: none.
        "TASK_TRACKER_HEARTBEAT": 30,
        # Whether `self.update_state(state="PROGRESS", …)` counts as progress too.
        "TASK_TRACKER_UPDATE_STATE": True,
        # The least level of the lines that a task logs and that are kept, "INFO". None: no lines.
        "TASK_TRACKER_LOG_LEVEL": None,
        # Links from a task to other places: a text with fields of its record in braces, or a
        # function of the record that returns an address or None, by label.
        "TASK_TRACKER_LINKS": {},
        # Which of the states before the end are recorded. The ends and RETRY always are.
        "TASK_TRACKER_EVENTS": EARLY_STATES,
        # Whether arguments of tasks are stored.
        "TASK_TRACKER_STORE_ARGS": True,
        # Whether results of tasks are stored.
        "TASK_TRACKER_STORE_RESULT": True,
        # Arguments and keys whose name matches one of these regular expressions, anywhere and in
        # any case, are stored as "[redacted]". Or a function of a name and its value, which returns
        # what to store instead.
        "TASK_TRACKER_REDACT": SECRET_NAMES,
        # Whether the admin may terminate a running task.
        "TASK_TRACKER_TERMINATE": True,
        # The signal that the process of a terminated task gets.
        "TASK_TRACKER_TERMINATE_SIGNAL": "SIGTERM",
        # A permission ("app.codename") that terminating needs beside the change permission.
        "TASK_TRACKER_TERMINATE_PERMISSION": None,
        # Whether change lists of tracked models have a column with each object's latest task.
        "TASK_TRACKER_CHANGELIST_COLUMN": False,
        # Who of the project's own users may see the progress of which tasks: a function of the
        # request, the object and a task's full name, or its dotted path. None: nobody.
        "TASK_TRACKER_PROGRESS_PERMISSION": None,
        # Whether the admin's front page has a panel with what runs and what has failed.
        "TASK_TRACKER_INDEX": False,
        # Whether this process measures its tasks for Prometheus.
        "TASK_TRACKER_METRICS": False,
        # Where a worker serves its metrics: a port, or "host:port". None: nowhere.
        "TASK_TRACKER_METRICS_PORT": None,
        # What Prometheus has to present to the view of the web process's metrics, as a bearer
        # token. None: only staff may see them.
        "TASK_TRACKER_METRICS_TOKEN": None,
        # Whether deleting an instance deletes its records.
        "TASK_TRACKER_PURGE_ON_DELETE": True,
    }
)


class TaskTrackerConfig:
    """The settings in force, as attributes with the settings' names.

    >>> TaskTrackerConfig().TASK_TRACKER_PAGE_SIZE
    10

    A name that is not in :data:`DEFAULTS` raises ``AttributeError``. All instances share one cache,
    so that every access but the first costs one dictionary look-up.
    """

    _known: ClassVar[dict[str, Any]] = {}

    def __init__(self) -> None:
        self.__dict__ = self._known

    def __getattr__(self, name: str) -> Any:
        if name not in DEFAULTS:
            raise AttributeError(f"{name!r} is not a setting of celery_task_tracker")
        value = getattr(settings, name, DEFAULTS[name])
        setattr(self, name, value)
        return value

    @property
    def is_enabled(self) -> bool:
        """Whether tasks are tracked now."""
        if _is_test_environment():
            # Not from the cache: Django sends no signal when a test deletes a setting.
            return bool(getattr(settings, "TASK_TRACKER_ENABLED", False))
        return self.TASK_TRACKER_ENABLED is None or bool(self.TASK_TRACKER_ENABLED)

    def forget(self, name: str) -> None:
        """Drops the cached value of ``name``, so that the next access reads Django's settings."""
        self.__dict__.pop(name, None)


config = TaskTrackerConfig()


def _is_test_environment() -> bool:
    """Whether ``setup_test_environment()`` was called, as every test runner for Django does."""
    # The module is only looked up: importing it here would slow down every start.
    test_utils = sys.modules.get("django.test.utils")
    return test_utils is not None and hasattr(test_utils._TestState, "saved_data")


def _forget_changed_setting(*, setting: str, **_: Any) -> None:
    if setting in DEFAULTS:
        config.forget(setting)


setting_changed.connect(_forget_changed_setting, dispatch_uid="celery_task_tracker.config")
