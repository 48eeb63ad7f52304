"""The Django app: connects Celery's signals and the admin, and imports the project's tasks."""

from __future__ import annotations

from django.apps import AppConfig, apps
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class CeleryTaskTrackerAppConfig(AppConfig):
    """``"celery_task_tracker"`` in INSTALLED_APPS, anywhere."""

    name = "celery_task_tracker"
    verbose_name = _("Celery Task Tracker")

    def ready(self) -> None:
        """Connects the package to Celery and Django, then imports each app's ``tasks`` module."""
        from . import checks
        from .config import config
        from .recording import purge, revoked, signals

        checks.register()
        signals.connect()
        revoked.connect()
        if config.TASK_TRACKER_UPDATE_STATE:
            from .recording import update_state

            update_state.watch()
        purge.watch_waiting()
        if config.TASK_TRACKER_METRICS:
            from .metrics import installed

            installed.install()
        # A worker's settings may leave out the admin.
        if apps.is_installed("django.contrib.admin"):
            from .admin import button

            button.install()
        if config.TASK_TRACKER_AUTODISCOVER:
            autodiscover_modules("tasks")
