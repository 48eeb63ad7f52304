"""``manage.py check --deploy``: whether the tracker's Redis can be used."""

from __future__ import annotations

from typing import Any

from django.core import checks

from ..server.client import get_client
from ..server.errors import LOADMODULE, ModuleMissing, ModuleOutdated, TrackerUnavailable


def check_server(app_configs: Any = None, **_: Any) -> list[checks.CheckMessage]:
    """Whether Redis answers and has a version of the tracker module that fits. Asks Redis.

    So do its replicas, as far as they can be asked from here.
    """
    try:
        client = get_client()
        client.ensure_compatible()
        replicas = client.replicas(client.servers())
    except ModuleMissing:
        return [
            checks.Error(
                "The task tracker's Redis answers, but the tracker module is not loaded in it.",
                hint=(
                    f"Add this line to redis.conf and restart Redis: {LOADMODULE}. The package "
                    "celery-task-tracker-module has the module, and `python -m "
                    "celery_task_tracker_module` prints the line."
                ),
                id="celery_task_tracker.E031",
            )
        ]
    except ModuleOutdated as error:
        return [
            checks.Error(
                f"The task tracker's Redis has a module that is too old: {error}.",
                hint=(
                    "Upgrade celery-task-tracker-module, or build libtracker.so again. "
                    "Then restart Redis."
                ),
                id="celery_task_tracker.E032",
            )
        ]
    except TrackerUnavailable as error:
        # A warning, because Redis may not be reachable from where the project is deployed.
        return [
            checks.Warning(
                f"The task tracker's Redis does not answer: {error}",
                hint="Is it running, and is CELERY_TASKTRACKER_REDIS_URL its address?",
                id="celery_task_tracker.W030",
            )
        ]
    return [
        checks.Warning(
            f"{replica.fault}.",
            hint=(
                "Load the same tracker module on each replica, and on the primary after them. "
                "Otherwise a failover to this one loses what is tracked."
            ),
            id="celery_task_tracker.W033",
        )
        for replica in replicas
        if replica.fault
    ]
