"""A Redis with the tracker module that this process starts and ends itself."""

from __future__ import annotations

import ctypes
import importlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import redis

HOST = "127.0.0.1"
PROGRAMS = ("redis-server", "valkey-server")
LOG = "server.log"
#: Seconds that a server may take to start, loading its data included, and to end.
START_PATIENCE = 30.0
STOP_PATIENCE = 30.0
#: A request to Linux: the signal that a process gets when the one that started it has died.
PR_SET_PDEATHSIG = 1


class LocalServerError(Exception):
    """The server cannot run. The message says why, and what to do."""


class LocalServer:
    """A redis-server or valkey-server with the tracker module, at an address of this machine.

    >>> with LocalServer() as server:
    ...     server.url
    'redis://127.0.0.1:40123/0'

    ``port`` is 1 to 65535, or ``None`` for a free one. In ``folder``, which is made if need be, the
    server keeps its data and its log; without one it keeps nothing. ``program`` is the server's
    file, or its name on ``PATH``: redis-server, or else valkey-server, unless given. ``module`` is
    libtracker.so: that of the package celery-task-tracker-module, unless given. Raises
    :class:`LocalServerError` where one of them is missing.
    """

    def __init__(
        self,
        *,
        port: int | None = None,
        folder: Path | None = None,
        program: str | Path | None = None,
        module: Path | None = None,
    ) -> None:
        self.program = find_program(*([str(program)] if program else PROGRAMS))
        self.module = module.absolute() if module else find_module()
        self.port = port
        self.folder = folder and folder.resolve()
        self._temporary: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The value for ``CELERY_TASKTRACKER_REDIS_URL``, once the server has started."""
        return f"redis://{HOST}:{self.port}/0"

    def start(self) -> None:
        """Starts the server and returns when it answers.

        Raises :class:`LocalServerError` if it does not, and leaves nothing behind.
        """
        if not self.module.is_file():
            raise LocalServerError(f"There is no tracker module {self.module}.")
        self.port = _free(self.port)
        try:
            where, durability = self._storage()
            self._process = subprocess.Popen(  # noqa: S603
                [
                    *(str(self.program), "--port", str(self.port), "--bind", HOST),
                    *("--dir", str(where), "--logfile", str(where / LOG), *durability),
                    *("--loadmodule", str(self.module)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                # Ctrl-C in the terminal must reach this process only, which then ends the server.
                start_new_session=True,
                preexec_fn=_dying_with_this_process(),
            )
            self._wait_until_ready(self._process, where / LOG)
        except OSError as error:
            self.stop()
            raise LocalServerError(f"{error.filename}: {error.strerror}.") from error
        except BaseException:
            self.stop()
            raise

    def wait(self) -> None:
        """Returns when the server has ended by itself."""
        if self._process is not None:
            self._process.wait()

    def stop(self) -> None:
        """Ends the server, which first saves its data. Does nothing if the server has ended."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._temporary:
            shutil.rmtree(self._temporary, ignore_errors=True)
        self._process = self._temporary = None

    def clear(self) -> None:
        """Deletes everything that the server keeps."""
        with self._client() as client:
            client.flushall()

    def __enter__(self) -> LocalServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _client(self) -> redis.Redis:
        return redis.Redis(host=HOST, port=self.port or 0, socket_timeout=START_PATIENCE)

    def _storage(self) -> tuple[Path, tuple[str, ...]]:
        """The server's working folder, and the options that say what it writes there."""
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)
            return self.folder, ("--appendonly", "yes")
        self._temporary = Path(tempfile.mkdtemp(prefix="task-tracker-"))
        return self._temporary, ("--appendonly", "no", "--save", "")

    def _wait_until_ready(self, process: subprocess.Popen[bytes], log: Path) -> None:
        deadline = time.monotonic() + START_PATIENCE
        while True:
            try:
                with self._client() as client:
                    client.ping()
                return
            except redis.BusyLoadingError:
                # It is loading its data, however much that is.
                deadline = time.monotonic() + START_PATIENCE
            except redis.RedisError:
                pass
            ended = process.poll() is not None
            if ended or time.monotonic() > deadline:
                what = "ended at once" if ended else "does not answer"
                text = log.read_text(errors="replace") if log.is_file() else ""
                raise LocalServerError(f"{self.program} {what}. Its log ends:\n{_end_of(text)}")
            time.sleep(0.02)


def find_program(*names: str) -> Path:
    """The first of these programs that is on ``PATH``; a name may be a path itself.

    Raises :class:`LocalServerError` if there is none.
    """
    for name in names:
        found = shutil.which(name)
        if found:
            # Links are not resolved: a program may behave by the name that it is called by.
            return Path(found).absolute()
    raise LocalServerError(
        f"No {' or '.join(names)} was found that can be run. Install Redis or Valkey (Debian, "
        "Ubuntu: sudo apt install redis-server; macOS: brew install valkey), or name its file."
    )


def find_module() -> Path:
    """The module's file of the package celery-task-tracker-module."""
    try:
        packaged = importlib.import_module("celery_task_tracker_module")
        return Path(packaged.path())
    except (ImportError, FileNotFoundError) as error:
        raise LocalServerError(
            "The tracker module was not found. Install it (pip install "
            '"celery-task-tracker[module]"), or name its file.'
        ) from error


def _free(port: int | None) -> int:
    """``port`` if it is free; any free port if it is ``None``."""
    if port is not None and not 1 <= port <= 65_535:
        raise LocalServerError(f"A port is a number from 1 to 65535, not {port}.")
    with socket.socket() as probe:
        # As the server does, so that connections which have ended do not count.
        if port is not None:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port or 0))
        except OSError as error:
            raise LocalServerError(f"Port {port} cannot be used: {error.strerror}.") from error
        return int(probe.getsockname()[1])


def _dying_with_this_process() -> Callable[[], None] | None:
    """On Linux, a function that makes a child end when this process is killed; else ``None``.

    Linux watches the thread that started the child, and a thread may end before its process.
    """
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        return None
    system = ctypes.CDLL(None)
    return lambda: system.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _end_of(text: str, lines: int = 15) -> str:
    return "\n".join(text.splitlines()[-lines:])
