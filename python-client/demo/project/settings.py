"""Settings of the demo shop. `run.py` sets the variables that are read from the environment."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
STATE_DIR = Path(os.environ.get("DEMO_STATE_DIR", BASE_DIR / "var"))
STATE_DIR.mkdir(parents=True, exist_ok=True)

#: How the admin looks: Django's own way, or as "jazzmin" or "unfold", which have to be installed.
THEME = os.environ.get("DEMO_THEME", "")

SECRET_KEY = "the demo keeps no secrets"
DEBUG = True
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]

INSTALLED_APPS = [
    *([THEME] if THEME else []),
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "celery_task_tracker",
    "shop",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "project.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": STATE_DIR / "shop.sqlite3",
        "OPTIONS": {"timeout": 20},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"

JAZZMIN_SETTINGS = {
    "site_title": "Demo shop",
    "site_header": "Demo shop",
    "site_brand": "Demo shop",
    "use_google_fonts_cdn": False,
}
JAZZMIN_UI_TWEAKS = {"default_theme_mode": "auto"}
UNFOLD = {"SITE_TITLE": "Demo shop", "SITE_HEADER": "Demo shop"}

# Plain passwords for a demo that anyone may log in to: PBKDF2 would only slow its start.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

CELERY_BROKER_URL = os.environ.get("DEMO_BROKER_URL", "redis://127.0.0.1:6379/1")
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True  # the tracker keeps the results
CELERY_RESULT_BACKEND = CELERY_BROKER_URL  # chords need one

CELERY_TASKTRACKER_REDIS_URL = os.environ.get("DEMO_TRACKER_URL", "redis://127.0.0.1:6379/0")
TASK_TRACKER_CHANGELIST_COLUMN = True
TASK_TRACKER_INDEX = True
TASK_TRACKER_RETENTION_WINDOW = 7 * 86_400
TASK_TRACKER_LOG_LEVEL = "INFO"
# Short, so that a killed worker is noticed while one looks.
TASK_TRACKER_HEARTBEAT = 5
TASK_TRACKER_LINKS = {"Logs": "https://logs.shop.example/?q={task_id}"}
TASK_TRACKER_PROGRESS_PERMISSION = "shop.customers.may_see"
