"""A project of somebody who only has the documentation: its folder, its commands, its processes."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import celery_task_tracker
from servers import everything_in, module_path, wait_for

#: It stands for the package with the module, which tests/test_dist.py builds and installs.
MODULE_PACKAGE = """
def path():
    return {!r}
"""
#: Only needed on busy machines.
PATIENCE = "TASK_TRACKER_CONNECT_TIMEOUT = TASK_TRACKER_SOCKET_TIMEOUT = 10\n"


class OwnProject:
    """Runs commands in a folder of its own, with nothing of the tests' environment but packages."""

    def __init__(self, folder):
        self.folder = folder / "project"
        self.folder.mkdir()
        self._packages = folder / "packages"
        (self._packages / "celery_task_tracker_module").mkdir(parents=True)
        (self._packages / "celery_task_tracker_module/__init__.py").write_text(
            MODULE_PACKAGE.format(str(module_path()))
        )
        self._started = []

    def write(self, name, text, mode="w"):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open(mode) as file:
            file.write(text)

    def run(self, command):
        """What a command prints. It has to succeed."""
        done = subprocess.run(
            command,
            shell=True,
            cwd=self.folder,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"$ {command}\n{done.stdout}"
        return done.stdout

    def start(self, command, ready):
        """Starts a command that goes on, and returns when it has printed ``ready``."""
        output = tempfile.TemporaryFile()  # noqa: SIM115
        process = subprocess.Popen(
            command,
            shell=True,
            cwd=self.folder,
            env=self._environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._started.append((process, output))

        def is_ready():
            text = everything_in(output)
            assert process.poll() is None, f"$ {command}\n{text}"
            return ready in text

        wait_for(is_ready, f"{ready!r} of $ {command}")

    def stop(self):
        """Ends the processes that it started, the last one first."""
        for process, output in reversed(self._started):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            output.close()

    def _environment(self):
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTHON", "DJANGO", "CELERY", "TEST", "TRACKER", "COV"))
        }
        package = Path(celery_task_tracker.__file__).parents[1]
        return {
            **inherited,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), inherited["PATH"]]),
            "PYTHONPATH": os.pathsep.join(map(str, (package, self._packages))),
            "PYTHONUNBUFFERED": "1",
        }
