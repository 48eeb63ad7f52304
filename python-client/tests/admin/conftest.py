import signal

import pytest
from celery import Celery
from django.conf import settings as project
from django.contrib import admin

from celery_task_tracker.admin.button import equip
from celery_task_tracker.registration.registry import registry
from servers import HOST, RedisServer, free_port
from shop.admin import OrderAdmin
from shop.models import Order


@pytest.fixture
def as_configured(monkeypatch):
    """``as_configured(name=value)``: the admin of orders with these attributes of its own."""
    model_admin = admin.site._registry[Order]

    def configure(**attributes):
        monkeypatch.setattr(model_admin, "__class__", type("Configured", (OrderAdmin,), attributes))
        equip(admin.site)

    return configure


@pytest.fixture
def without_broker(monkeypatch):
    """A task of orders whose Celery app has an unreachable broker."""
    app = Celery("without-broker", broker=f"amqp://{HOST}:{free_port()}//", set_as_current=False)
    app.conf.task_publish_retry = False
    app.conf.broker_transport_options = {"max_retries": 1, "interval_start": 0}

    @app.task(name="without_broker")
    def task(order_id): ...

    monkeypatch.setattr(registry, "_by_task", dict(registry._named()))
    registry.register(Order)(task)
    registry.for_task(task.name)
    return task


@pytest.fixture
def with_frozen_results(monkeypatch):
    """A task of orders whose Celery app has a result backend that answers nothing."""
    backend = RedisServer(free_port(), with_module=False).start()
    app = Celery(
        "frozen-results", broker=project.BROKER_URL, backend=backend.url, set_as_current=False
    )

    app.conf.task_default_queue = "frozen-results"

    @app.task(name="frozen_results")
    def task(order_id): ...

    monkeypatch.setattr(registry, "_by_task", dict(registry._named()))
    registry.register(Order)(task)
    registry.for_task(task.name)
    backend.process.send_signal(signal.SIGSTOP)
    yield task
    backend.remove()
