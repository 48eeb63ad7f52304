"""The message broker, Redis or RabbitMQ, with messages that outlive it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import amqp
import redis

from servers import HOST, REPOSITORY, RedisServer, free_port, wait_for

QUEUE = "celery"

#: Where `.ci/rabbitmq` puts the script that starts it.
RABBITMQ = REPOSITORY / "target" / "servers" / "rabbitmq"


class RedisBroker:
    name = "Redis"

    def __init__(self) -> None:
        self._server = RedisServer(
            free_port(), with_module=False, durable=True, options=("--appendfsync", "no")
        ).start()
        self.url = f"{self._server.url}/1"

    def restart(self) -> None:
        self._server.kill()
        self._server.start()

    def remove(self) -> None:
        self._server.remove()

    def waiting(self) -> int:
        """How many messages wait in it, or are with a worker that has not acknowledged them."""
        with redis.Redis.from_url(self.url) as client:
            return client.llen(QUEUE) + client.hlen("unacked")


class RabbitMQ:
    name = "RabbitMQ"

    def __init__(self) -> None:
        self._port = free_port()
        self._folder = tempfile.mkdtemp(prefix="tracker-test-rabbitmq-")
        self.url = f"amqp://guest:guest@{HOST}:{self._port}//"
        self._start()

    def restart(self) -> None:
        self._kill()
        self._start()

    def remove(self) -> None:
        self._kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def waiting(self) -> int:
        """How many messages wait in it. Those that a worker has are not among them."""
        with amqp.Connection(f"{HOST}:{self._port}") as connection:
            return connection.channel().queue_declare(QUEUE, passive=True).message_count

    def _start(self) -> None:
        environment = {
            "HOME": self._folder,
            "RABBITMQ_NODENAME": f"soak{self._port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": HOST,
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "ERL_EPMD_ADDRESS": HOST,
            "ERL_EPMD_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": self._folder,
            "RABBITMQ_LOG_BASE": self._folder,
            "RABBITMQ_PID_FILE": str(Path(self._folder, "pid")),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(Path(self._folder, "plugins")),
            "RABBITMQ_GENERATED_CONFIG_DIR": self._folder,
        }
        self._process = subprocess.Popen(
            [RABBITMQ],
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_for(self._answers, "RabbitMQ", 120)

    def _answers(self) -> bool:
        assert self._process.poll() is None, f"RabbitMQ ended: {self._folder}"
        try:
            amqp.Connection(f"{HOST}:{self._port}").connect()
        except (OSError, amqp.AMQPError):
            return False
        return True

    def _kill(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


#: By the names of SOAK_BROKER.
BROKERS = {"redis": RedisBroker, "rabbitmq": RabbitMQ}
