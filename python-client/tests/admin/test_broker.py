"""Celery's broker, asked before a launch or a revoking."""

import signal

import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from celery_task_tracker.admin import broker as brokers
from servers import HOST, RedisServer, free_port


def app(url, **settings):
    app = Celery("broker-tests", broker=url, set_as_current=False)
    app.conf.update(settings)
    return app


def test_a_broker_that_answers_is_reachable(broker):
    brokers.ensure_reachable(app(broker.url))
    brokers.ensure_reachable(app("memory://"))


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_nobody_is_is_not(scheme):
    with pytest.raises(OperationalError):
        brokers.ensure_reachable(app(f"{scheme}://{HOST}:{free_port()}//"))


def test_a_broker_that_is_frozen_is_not():
    server = RedisServer(free_port(), with_module=False).start()
    server.process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(OperationalError):
            brokers.ensure_reachable(app(server.url))
    finally:
        server.remove()


def test_one_of_several_brokers_is_enough(broker):
    brokers.ensure_reachable(app(f"redis://{HOST}:{free_port()};{broker.url}"))


def test_eager_tasks_need_none():
    brokers.ensure_reachable(app(f"redis://{HOST}:{free_port()}", task_always_eager=True))
