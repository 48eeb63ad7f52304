"""The servers that a run starts for itself, each where it is installed."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def redis_server(directory):
    """A broker without the module. Its URL."""
    port = free_port()
    command = [os.environ.get("REDIS_SERVER", "redis-server"), "--port", str(port)]
    with running([*command, "--save", "", "--dir", directory, "--loglevel", "warning"], port):
        yield f"redis://127.0.0.1:{port}"


@contextmanager
def postgres(directory):
    """A PostgreSQL with its defaults. Django's settings for it; ``None`` where it is missing."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        yield None
        return
    port, data = free_port(), directory / "postgres"
    data.mkdir()
    user = None
    if os.getuid() == 0:
        # It does not run as root.
        user = "postgres"
        directory.chmod(0o755)
        shutil.chown(data, user)
    owner = user or getpass.getuser()
    subprocess.run(
        [programs[-1] / "initdb", "--auth", "trust", "--username", owner, data],
        check=True,
        stdout=subprocess.DEVNULL,
        user=user,
    )
    command = [programs[-1] / "postgres", "-D", data, "-p", str(port), "-k", data]
    with running(command, port, user=user):
        yield {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "USER": owner,
            "HOST": "127.0.0.1",
            "PORT": port,
            # As is usual; and each task would open a connection otherwise.
            "CONN_MAX_AGE": None,
        }


@contextmanager
def rabbitmq(directory):
    """A RabbitMQ with its defaults. Its URL; ``None`` where it is missing."""
    # Debian's own program on the PATH changes to another user.
    program = shutil.which("rabbitmq-server", path=f"/usr/lib/rabbitmq/bin:{os.environ['PATH']}")
    if not program:
        yield None
        return
    port, names, home = free_port(), str(free_port()), directory / "rabbitmq"
    home.mkdir()
    plugins = home / "enabled_plugins"
    plugins.write_text("[].")
    environment = {
        **os.environ,
        "HOME": str(home),
        "RABBITMQ_NODENAME": f"benchmark{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_MNESIA_BASE": str(home),
        "RABBITMQ_LOG_BASE": str(home),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
        "ERL_EPMD_PORT": names,
    }
    try:
        with running([program], port, env=environment):
            yield f"amqp://guest:guest@127.0.0.1:{port}//"
    finally:
        # Erlang's name server outlives what started it.
        subprocess.run(["epmd", "-port", names, "-kill"], check=False, stdout=subprocess.DEVNULL)


@contextmanager
def running(command, port, **options):
    """Runs a server, once it listens on ``port``, and ends it."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
    )
    try:
        deadline = time.monotonic() + 60
        while not is_listening(port):
            assert process.poll() is None, f"{command[0]} does not start"
            assert time.monotonic() < deadline, f"{command[0]} does not listen"
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(30)


def is_listening(port):
    """Whether a server listens on this port."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]
