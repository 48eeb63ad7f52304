"""``manage.py tracker_status``: whether the tracker's Redis can be used, and its counters."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ...config import config
from ...server.client import get_client
from ...server.errors import (
    LOADMODULE,
    MODULE_MISSING,
    ModuleMissing,
    ModuleOutdated,
    TrackerUnavailable,
)
from ...server.inspection import Replica, version_text
from ...server.url import without_password


class Command(BaseCommand):
    """Prints the connection, the versions, the module's counters and the replicas.

    Fails if Redis is unusable. A replica that is not ready is a warning.
    """

    help = "Shows whether the task tracker's Redis answers, its module's version and counters."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        url = config.CELERY_TASKTRACKER_REDIS_URL
        self.stdout.write(f"Connection: {without_password(str(url))}")
        try:
            client = get_client()
            servers = client.servers()
            for server in servers:
                if server.name:
                    self.stdout.write(f"Node: {server.name}")
                if not server.has_info:
                    self.stdout.write(
                        "Redis: version unknown, the Redis user lacks +info in its ACL"
                    )
                    continue
                self.stdout.write(f"Redis: {server.redis}")
                if server.module is not None:
                    self.stdout.write(f"Tracker module: {version_text(server.module)}")
                for name, value in server.counters.items():
                    self.stdout.write(f"  {name.replace('_', ' ')}: {value}")
            replicas = client.replicas(servers)
            for replica in replicas:
                self._tell(replica)
            client.ensure_compatible()
        except ModuleMissing as error:
            raise CommandError(
                f"{MODULE_MISSING}. Add to redis.conf: {LOADMODULE}. The package "
                "celery-task-tracker-module has it, and `python -m celery_task_tracker_module` "
                "prints the line."
            ) from error
        except ModuleOutdated as error:
            raise CommandError(
                f"{error}. Upgrade celery-task-tracker-module, or build libtracker.so again. "
                "Then restart Redis."
            ) from error
        except TrackerUnavailable as error:
            raise CommandError(
                f"Redis does not answer: {error}. Is it running, and is "
                "CELERY_TASKTRACKER_REDIS_URL its address?"
            ) from error
        if any(replica.fault for replica in replicas):
            self.stdout.write(
                "The tracker works until a failover makes one of these replicas the primary. Load "
                "the same module on each replica."
            )
        elif all(server.has_info for server in servers):
            self.stdout.write(self.style.SUCCESS("The tracker is ready."))
        else:
            self.stdout.write(
                "Redis answers. Give the Redis user +info to see whether the tracker is ready."
            )

    def _tell(self, replica: Replica) -> None:
        self.stdout.write(f"Replica: {replica.name}")
        if replica.unanswered:
            self.stdout.write(f"  It could not be asked: {replica.unanswered}")
        elif replica.fault:
            self.stdout.write(self.style.WARNING(f"  {replica.fault}."))
        elif replica.module is not None:
            self.stdout.write(f"  Tracker module: {version_text(replica.module)}")
