"""A Django project with Celery, whose broker is in memory, so that Redis is the trackers' alone."""

import django
from celery import Celery
from django.conf import settings


def set_up(redis_url):
    """The project's Celery app, with what the package connects."""
    settings.configure(
        INSTALLED_APPS=["celery_task_tracker", "shop"],
        CELERY_TASKTRACKER_REDIS_URL=redis_url,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        USE_TZ=True,
    )
    app = Celery("benchmark", broker="memory://")
    app.conf.update(task_ignore_result=True, worker_hijack_root_logger=False)
    app.set_default()
    django.setup()
    app.finalize()
    return app
