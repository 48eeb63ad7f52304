"""The tests' project with django-jazzmin, whose own pages are not for a strict policy."""

from .settings import *  # noqa: F403
from .settings import INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = ["jazzmin", *INSTALLED_APPS]
MIDDLEWARE = [each for each in MIDDLEWARE if "ContentSecurityPolicy" not in each]
JAZZMIN_SETTINGS = {"use_google_fonts_cdn": False}
JAZZMIN_UI_TWEAKS = {"default_theme_mode": "auto"}
