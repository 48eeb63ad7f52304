"""The Redis module of celery-task-tracker, as a file that Redis and Valkey can load.

>>> import celery_task_tracker_module
>>> print(celery_task_tracker_module.path())
/.../site-packages/celery_task_tracker_module/libtracker.so
"""

from importlib.metadata import version
from pathlib import Path

__all__ = ["loadmodule", "path"]
__version__ = version("celery-task-tracker-module")


def path() -> Path:
    """Where the module lies, for ``loadmodule`` and ``MODULE LOAD``.

    Raises ``FileNotFoundError`` where this package was not installed from a wheel, but is used as
    source code.
    """
    module = Path(__file__).resolve().with_name("libtracker.so")
    if not module.is_file():
        raise FileNotFoundError(
            f"{module} is missing: install celery-task-tracker-module from its wheel."
        )
    return module


def loadmodule() -> str:
    """The line for redis.conf or valkey.conf that loads the module."""
    # Both read what stands in double quotes as one word, with backslashes as in C.
    file = str(path())
    quoted = file.replace("\\", "\\\\").replace('"', '\\"')
    return f"loadmodule {file}" if file.split() == [file] else f'loadmodule "{quoted}"'
