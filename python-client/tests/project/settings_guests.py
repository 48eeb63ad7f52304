"""The tests' project with packages that have admins of their own."""

from .settings import *  # noqa: F403
from .settings import INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = [
    *INSTALLED_APPS,
    "nested_admin",
    "import_export",
    "simple_history",
    "reversion",
    "polymorphic",
    "guardian",
    "parler",
    "guests",
]
# Their own pages are not for a strict policy.
MIDDLEWARE = [each for each in MIDDLEWARE if "ContentSecurityPolicy" not in each]
ROOT_URLCONF = "project.guests_urls"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
TASK_TRACKER_CHANGELIST_COLUMN = True
