"""Real servers for the tests: redis-server with and without the module, and Celery workers."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import redis

TESTS = Path(__file__).resolve().parent
REPOSITORY = TESTS.parent.parent
HOST = "127.0.0.1"
#: The server to test with.
SERVER = os.environ.get("REDIS_SERVER", "redis-server")
#: It, and those that `make test-servers` has got.
EVERY_SERVER = [SERVER, *map(str, sorted(Path(REPOSITORY, "target/servers").glob("*-[0-9]")))]


class MissingModule(Exception):
    pass


def module_path():
    path = Path(
        os.environ.get("TRACKER_MODULE", REPOSITORY / "target" / "release" / "libtracker.so")
    ).resolve()
    if not path.is_file():
        raise MissingModule(
            f"The tracker module {path} is missing. Build it with `make`, "
            "or name another one in TRACKER_MODULE."
        )
    return path


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def wait_for(condition, what, seconds=60):
    """The first true value of ``condition()``."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited {seconds} s in vain for {what}")
        time.sleep(0.02)


def everything_in(file):
    """The text of a file that another process writes by the same descriptor.

    ``seek()`` would move the place where that process writes: lines would be lost.
    """
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode(errors="replace")


class RedisServer:
    """A redis-server on a port of its own.

    It keeps nothing when it ends, except where it is ``durable`` and started again.
    ``program`` is another server than the one of ``REDIS_SERVER``, and ``environment`` what it
    has beside this process's own.
    """

    def __init__(
        self, port, *, with_module, durable=False, options=(), program=SERVER, environment=()
    ):
        self.environment = dict(environment)
        self.program = program
        self.options = options
        self.port = port
        self.with_module = with_module
        self.durable = durable
        self.process = None
        self.directory = tempfile.mkdtemp(prefix="tracker-test-redis-")

    @property
    def url(self):
        return f"redis://{HOST}:{self.port}"

    def client(self, db=0):
        return redis.Redis(host=HOST, port=self.port, db=db, decode_responses=True)

    def start(self, *configuration):
        """Starts it, with these lines in its configuration file."""
        module = ["--loadmodule", str(module_path())] if self.with_module else []
        durability = ("--appendonly", "yes", "--appendfsync", "always") if self.durable else ()
        os.makedirs(self.directory, exist_ok=True)
        file = Path(self.directory, "redis.conf")
        file.write_text("\n".join(configuration))
        self.process = subprocess.Popen(
            [
                *(self.program, str(file), "--port", str(self.port), "--bind", HOST),
                *("--dir", self.directory, "--save", "", *durability),
                *module,
                *self.options,
            ],
            env={**os.environ, **self.environment},
            stdout=subprocess.DEVNULL,
        )
        wait_for(self.answers, f"redis-server on port {self.port}")
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"redis-server ended with status {self.process.returncode}")
        try:
            with self.client() as client:
                return client.ping()
        except redis.RedisError:
            return False

    def round_trips(self, act):
        """How often the server reads from clients while ``act()`` runs."""
        with self.client() as client:
            before = client.info("stats")["total_reads_processed"]
            act()
            # Asking costs one read itself.
            return client.info("stats")["total_reads_processed"] - before - 1

    @contextlib.contextmanager
    def asked(self):
        """The names of the commands that clients send meanwhile, in a list, at the end."""
        names = []
        with self.heard() as commands:
            yield names
        names.extend(command.partition(" ")[0] for command in commands)

    @contextlib.contextmanager
    def heard(self):
        """The commands that clients send meanwhile, in a list that is there at the end."""
        commands = []
        with self.client() as client, client.monitor() as monitor:
            client.echo("from here")
            yield commands
            client.echo("to here")
            for command in monitor.listen():
                if command["command"] == "ECHO from here":
                    commands.clear()
                elif command["command"] == "ECHO to here":
                    break
                # What the module asks of its own server comes from no address.
                elif command["client_address"] != "?":
                    commands.append(command["command"])

    def kill(self):
        self.process.kill()
        self.process.wait()
        if not self.durable:
            shutil.rmtree(self.directory, ignore_errors=True)

    def remove(self):
        """Kills it and deletes its data."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def commands(self):
        """How often each TRACKER command was called since the statistics were reset."""
        with self.client() as client:
            return {
                name.removeprefix("cmdstat_"): figures["calls"]
                for name, figures in client.info("commandstats").items()
                if name.startswith("cmdstat_tracker.")
            }


class Worker:
    """A worker of the tests' project, in a session of its own."""

    def __init__(self, broker_url, tracker_url, *options, pool="prefork", **environment):
        self.log = tempfile.TemporaryFile()  # noqa: SIM115
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "celery", "--app", "project", "worker"),
                *("--pool", pool, "--concurrency", "2", "--loglevel", "INFO"),
                *("--without-mingle", "--without-gossip", "--hostname", "tests@%h", *options),
            ],
            cwd=TESTS,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")]),
                "TEST_BROKER_URL": broker_url,
                "TEST_TRACKER_URL": tracker_url,
                **environment,
            },
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        wait_for(self.is_ready, "the worker")

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"The worker has ended:\n{self.output()}")
        return " ready." in self.output()

    def output(self):
        return everything_in(self.log)

    def kill(self):
        # It may have ended already.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.log.close()
