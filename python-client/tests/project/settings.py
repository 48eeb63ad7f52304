import os

from servers import HOST, free_port

# A process of pytest-xdist inherits the ports of the process that starts it, and needs its own.
RUNNER = os.environ.get("PYTEST_XDIST_WORKER", "")
if os.environ.get("TEST_RUNNER", "") != RUNNER:
    os.environ["TEST_RUNNER"] = RUNNER
    for name in ("TEST_BROKER_URL", "TEST_TRACKER_URL"):
        os.environ.pop(name, None)

# The tests' own process chooses the ports of the servers it starts, and passes them to its workers.
BROKER_URL = os.environ.setdefault("TEST_BROKER_URL", f"redis://{HOST}:{free_port()}/1")
TRACKER_URL = os.environ.setdefault("TEST_TRACKER_URL", f"redis://{HOST}:{free_port()}/0")

SECRET_KEY = "tests"
DEBUG = False
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = [
    "celery_task_tracker",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "shop",
    "upper.apps.UpperConfig",
]
MIDDLEWARE = [
    "project.middleware.StrictContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
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
    alias: {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    for alias in ("default", "second")
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
STATIC_URL = "/static/"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

CELERY_BROKER_URL = BROKER_URL
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_RESULT_BACKEND = BROKER_URL.rpartition("/")[0] + "/3"
if "TEST_TIMEZONE" in os.environ:
    CELERY_TIMEZONE = os.environ["TEST_TIMEZONE"]
    CELERY_ENABLE_UTC = os.environ["TEST_ENABLE_UTC"] == "yes"
if "TEST_VISIBILITY_TIMEOUT" in os.environ:
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": int(os.environ["TEST_VISIBILITY_TIMEOUT"])
    }

CELERY_TASKTRACKER_REDIS_URL = TRACKER_URL
# These tests are about what is tracked.
TASK_TRACKER_ENABLED = True
# Long enough for busy machines. The tests of timeouts set short ones.
TASK_TRACKER_CONNECT_TIMEOUT = TASK_TRACKER_SOCKET_TIMEOUT = float(
    os.environ.get("TEST_TIMEOUT", "10")
)
TASK_TRACKER_RETRY_AFTER = float(os.environ.get("TEST_RETRY_AFTER", "5"))
if "TEST_EVENTS" in os.environ:
    TASK_TRACKER_EVENTS = os.environ["TEST_EVENTS"].split()
TASK_TRACKER_HEARTBEAT = float(os.environ.get("TEST_HEARTBEAT", "30"))
TASK_TRACKER_LOG_LEVEL = os.environ.get("TEST_LOG_LEVEL")
TASK_TRACKER_METRICS = "TEST_METRICS_PORT" in os.environ
TASK_TRACKER_METRICS_PORT = os.environ.get("TEST_METRICS_PORT")
