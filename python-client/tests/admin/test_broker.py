"""Celery's broker during a launch or a revocation."""

import signal
from contextlib import contextmanager

import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from celery_task_tracker.admin import broker as brokers
from servers import HOST, RedisServer, free_port


def app(url, **settings):
    app = Celery("broker-tests", broker=url, set_as_current=False)
    app.conf.update(settings)
    return app


def connect(app):
    with brokers.connected(app):
        pass


def test_a_broker_that_answers_is_reachable(broker):
    connect(app(broker.url))
    connect(app("memory://"))


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_nobody_is_is_not(scheme):
    with pytest.raises(OperationalError):
        connect(app(f"{scheme}://{HOST}:{free_port()}//"))


@pytest.fixture
def freezing():
    """A broker that can be frozen: it still accepts connections, but answers nothing."""
    server = RedisServer(free_port(), with_module=False).start()
    server.freeze = lambda: server.process.send_signal(signal.SIGSTOP)
    yield server
    server.remove()


def test_a_broker_that_is_frozen_is_not(freezing):
    freezing.freeze()
    with pytest.raises(OperationalError) as raised:
        connect(app(freezing.url))
    assert not isinstance(raised.value, brokers.Unanswered)


@pytest.mark.parametrize("patience", [None, 3600])
def test_a_broker_that_freezes_before_a_task_is_sent_is_not_waited_for(freezing, patience):
    celery = app(freezing.url, broker_transport_options={"socket_timeout": patience})
    task = celery.task(name="t", ignore_result=True)(does_nothing)

    def send():
        with brokers.sending(celery) as options:
            freezing.freeze()
            task.apply_async(**options)

    with pytest.raises(brokers.Unanswered):
        send()


def does_nothing(): ...


@pytest.mark.parametrize("acts", [{"waiting": ["a"]}, {"running": ["b"]}])
def test_a_broker_that_freezes_before_a_revoking_is_not_waited_for(freezing, monkeypatch, acts):
    @contextmanager
    def freezes(app):
        with connected(app) as connection:
            freezing.freeze()
            yield connection

    connected = brokers.connected
    monkeypatch.setattr(brokers, "connected", freezes)
    acts = {"waiting": [], "running": [], "signal": "SIGTERM", **acts}
    with pytest.raises(brokers.Unanswered):
        brokers.revoke(app(freezing.url), **acts)


def test_one_of_several_brokers_is_enough(broker):
    connect(app(f"redis://{HOST}:{free_port()};{broker.url}"))


def test_eager_tasks_need_none():
    eager = app(f"redis://{HOST}:{free_port()}", task_always_eager=True)
    with brokers.sending(eager) as options:
        assert options == {}
    brokers.revoke(eager, waiting=["a"], running=[], signal="SIGTERM")
