"""The tests' project with django-unfold, whose own pages are not for a strict policy."""

from .settings import *  # noqa: F403
from .settings import INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = ["unfold", *INSTALLED_APPS]
MIDDLEWARE = [each for each in MIDDLEWARE if "ContentSecurityPolicy" not in each]
