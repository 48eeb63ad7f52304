"""Runs the demo: Redis with the tracker module, a Celery worker, a trickle of tasks, the admin.

    python demo/run.py --module target/release/libtracker.so

DEMO_PORT changes the admin's port (8000). DEMO_RECORDS is the number of tasks that the shop begins
with (600): with 200000, of 5,000 orders, it is a busy one. Ctrl-C, SIGTERM, or the end of any part
ends all of them; the worker may finish what it runs, and nothing is left behind.
"""

import argparse
import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import redis

DEMO = Path(__file__).resolve().parent
HOST = "127.0.0.1"
ORDER = 1042
#: Seconds in which the worker may finish its tasks: the longest takes thirty.
WARM_SHUTDOWN = 45
PR_SET_PDEATHSIG = 1


class Failed(Exception):
    """The demo cannot run. The message is the one line to show."""


class Part:
    """One process of the demo, with its own log file."""

    def __init__(self, name, command, logs, env):
        self.name = name
        self.log = logs / f"{name}.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=DEMO,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # A Ctrl-C in the terminal is for this script, which ends its parts in order.
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    @property
    def ended(self):
        return self.process.poll() is not None

    def stop(self, patience, impatient):
        """Asks the part to end; after ``patience`` seconds, or once ``impatient``, kills it."""
        if not self.ended:
            self.process.terminate()
            deadline = time.monotonic() + patience
            while not self.ended and time.monotonic() < deadline and not impatient.is_set():
                time.sleep(0.05)
        # The processes that the part has started are in its session, and end with it.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def last_words(self, lines=15):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class Demo:
    def __init__(self, module, port, records, state):
        self.module = module
        self.port = port
        self.records = records
        self.state = state
        self.parts = []
        self.stop = threading.Event()
        self.impatient = threading.Event()
        self.asked = 0.0

    def on_signal(self, *_):
        # One signal may arrive twice: to this script, and passed on by the `make` that runs it.
        if self.stop.is_set() and time.monotonic() - self.asked > 1:
            self.impatient.set()
        elif not self.stop.is_set():
            self.asked = time.monotonic()
            self.stop.set()

    def run(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.on_signal)
        _check_port_is_free(self.port)
        temp = Path(tempfile.mkdtemp(prefix="task-tracker-demo-"))
        try:
            self.start(temp)
            self.watch()
        finally:
            self.end()
            shutil.rmtree(temp, ignore_errors=True)

    def start(self, temp):
        redis_port = _free_port()
        self.env = {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "TMPDIR": str(temp),  # so that a worker which is cut off leaves nothing elsewhere
            "DEMO_STATE_DIR": str(self.state),
            "DEMO_TRACKER_URL": f"redis://{HOST}:{redis_port}/0",
            "DEMO_BROKER_URL": f"redis://{HOST}:{redis_port}/1",
        }
        say(f"Starting redis-server with the tracker module on port {redis_port}")
        server = self.add(
            "redis",
            [
                *("redis-server", "--port", str(redis_port), "--bind", HOST),
                *("--dir", str(temp), "--save", "", "--appendonly", "no"),
                *("--loadmodule", str(self.module)),
                # The overview of the orders has all their tasks.
                *("max-tasks-per-object", str(max(10_000, 2 * self.records))),
            ],
            temp,
        )
        self.wait_for(server, lambda: _answers(redis_port))
        say("Preparing the shop's database")
        self.manage("migrate", "--verbosity", "0")
        self.seed(temp)
        say("Starting a Celery worker, the admin and a trickle of tasks")
        self.add(
            "worker",
            [
                *(sys.executable, "-m", "celery", "--app", "project", "worker"),
                *("--pool", "prefork", "--concurrency", "4", "--loglevel", "INFO"),
                *("--hostname", "demo@shop", "--without-mingle", "--without-gossip"),
            ],
            temp,
        )
        web = self.add(
            "admin",
            [sys.executable, "manage.py", "runserver", "--noreload", f"{HOST}:{self.port}"],
            temp,
        )
        self.add("trickle", [sys.executable, "manage.py", "trickle"], temp)
        self.wait_for(web, lambda: _listens(self.port))
        if not self.stop.is_set():
            say("")
            say(f"  The tasks of order {ORDER}:")
            say(f"    http://{HOST}:{self.port}/admin/shop/order/{ORDER}/task-tracker/")
            say("  Log in as admin, password admin (or viewer / viewer, who may only look)")
            say(f"  What its customer sees: http://{HOST}:{self.port}/customer/")
            say(f"  Ask Redis: redis-cli -p {redis_port} TRACKER.QUERY shop.order {ORDER}")
            say("")
            say("Ctrl-C ends the demo.")

    def add(self, name, command, temp):
        if self.stop.is_set():
            raise KeyboardInterrupt
        try:
            part = Part(name, command, temp, self.env)
        except FileNotFoundError as error:
            raise Failed(f"{error.filename} is not installed") from error
        self.parts.append(part)
        return part

    def manage(self, *command):
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=DEMO,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        if self.stop.is_set():
            raise KeyboardInterrupt
        if done.returncode:
            raise Failed(f"`manage.py {' '.join(command)}` failed:\n{done.stderr.strip()}")

    def seed(self, temp):
        """Fills the shop, and passes on what that says: many records take a while."""
        seed = self.add(
            "seed", [sys.executable, "manage.py", "seed", "--records", str(self.records)], temp
        )
        told = 0
        while True:
            ended = seed.ended
            lines = seed.log.read_text(errors="replace").splitlines()
            for line in lines[told:]:
                say(line)
            told = len(lines)
            if ended:
                break
            if self.stop.wait(0.05):
                raise KeyboardInterrupt
        if seed.process.returncode:
            raise Failed("The shop could not be filled: see above")
        self.parts.remove(seed)

    def wait_for(self, part, ready, seconds=30):
        deadline = time.monotonic() + seconds
        while not ready():
            if self.stop.is_set():
                raise KeyboardInterrupt
            if part.ended or time.monotonic() > deadline:
                what = "ended at once" if part.ended else f"was not ready in {seconds} s"
                raise Failed(f"The {part.name} {what}. Its last words:\n{part.last_words()}")
            time.sleep(0.05)

    def watch(self):
        """Returns on a signal. Raises :class:`Failed` when a part has ended by itself."""
        while not self.stop.wait(0.2):
            for part in self.parts:
                if part.ended:
                    raise Failed(
                        f"The {part.name} has ended (status {part.process.returncode}), "
                        f"so the demo ends. Its last words:\n{part.last_words()}"
                    )

    def end(self):
        """Ends the parts, those that others need last."""
        self.stop.set()
        order = {"seed": 0, "trickle": 0, "admin": 1, "worker": 2, "redis": 3}
        for part in sorted(self.parts, key=lambda part: order[part.name]):
            if part.name == "worker" and not part.ended:
                say("Ending: the worker finishes what it runs (Ctrl-C again cuts it off) ...")
                part.stop(WARM_SHUTDOWN, self.impatient)
            else:
                part.stop(5, self.impatient)
        say("The demo has ended.")


def say(text):
    with contextlib.suppress(BrokenPipeError):
        print(text, flush=True)


def _die_with_parent():
    """Even if this script is killed outright, Linux asks its parts to end."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _check_port_is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise Failed(
                f"Port {port} is taken. Choose another one: DEMO_PORT={port + 1} make demo"
            ) from error


def _free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def _listens(port):
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def _answers(port):
    try:
        with redis.Redis(host=HOST, port=port, socket_timeout=1) as client:
            return client.ping()
    except redis.RedisError:
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--module", type=Path, required=True, help="path of libtracker.so")
    parser.add_argument("--port", type=int, default=int(os.environ.get("DEMO_PORT", "8000")))
    parser.add_argument("--records", type=int, default=os.environ.get("DEMO_RECORDS", "600"))
    parser.add_argument(
        "--state", type=Path, default=DEMO / "var", help="where the shop's database is kept"
    )
    options = parser.parse_args()
    try:
        if not options.module.is_file():
            raise Failed(f"{options.module} is missing. Build it: make")
        Demo(options.module.resolve(), options.port, options.records, options.state.resolve()).run()
    except KeyboardInterrupt:
        return 130
    except Failed as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
