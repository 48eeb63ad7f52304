"""A Django project with Celery that tracks its tasks in one of several ways, or not at all.

``CONTESTANT`` in the environment says how, as JSON: the fields of :class:`busy.Contestant`.
``celery -A contestant worker`` runs its worker.
"""

import json
import os
import time

import django
import redis
from celery import Celery
from django.conf import settings
from django.urls import path

CONTESTANT = json.loads(os.environ["CONTESTANT"])
IS_PACKAGE = "celery_task_tracker" in CONTESTANT["apps"]

settings.configure(
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        *CONTESTANT["apps"],
        "shop",
    ],
    DATABASES={"default": CONTESTANT["database"]},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["testserver"],
    SECRET_KEY="benchmark",
    USE_TZ=True,
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    **CONTESTANT["django"],
)
app = Celery("contestant", broker=CONTESTANT["broker"], set_as_current=True)
app.conf.update(
    task_default_queue=CONTESTANT["name"],
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    **CONTESTANT["celery"],
)
django.setup()


@app.task
def pay(order_id, currency="EUR"):
    """Does nothing."""
    return {"paid": True, "amount": "129.90"}


@app.task
def pay_slowly(order_id, currency="EUR"):
    """Waits for 10 ms, as for a database or another service."""
    time.sleep(0.01)
    return {"paid": True, "amount": "129.90"}


@app.task(ignore_result=True)
def ring():
    """Tells the benchmark the time."""
    bell.rpush("bell", time.monotonic())


bell = redis.Redis.from_url(CONTESTANT["bell"])

from django.contrib import admin  # noqa: E402

from shop.models import Order  # noqa: E402

admin.site.register(Order)
urlpatterns = [path("admin/", admin.site.urls)]
if IS_PACKAGE:
    from celery_task_tracker import task_tracker

    for task in (pay, pay_slowly):
        task_tracker.register(Order)(task)
app.finalize()
