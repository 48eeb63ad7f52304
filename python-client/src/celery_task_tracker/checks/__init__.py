"""System checks: they report settings and registrations that cannot work."""

from __future__ import annotations

from django.apps import apps
from django.core import checks

from .registrations import check_registrations
from .server import check_server
from .settings import check_settings

__all__ = ["check_registrations", "check_server", "check_settings", "register"]

TAG = "celery_task_tracker"


def register() -> None:
    """Registers the checks with Django."""
    checks.register(check_settings, TAG)
    checks.register(check_registrations, TAG)
    checks.register(check_server, TAG, deploy=True)
    # A worker's settings may leave out the admin.
    if apps.is_installed("django.contrib.admin"):
        from .admins import check_admins
        from .change_forms import check_change_forms

        checks.register(check_admins, TAG)
        checks.register(check_change_forms, TAG)
