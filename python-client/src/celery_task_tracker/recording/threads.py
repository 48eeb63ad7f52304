"""Whether a thread of this process runs while the process has nothing else to do."""

from __future__ import annotations

import importlib


def threads_run() -> bool:
    """``False`` in a uWSGI process that was started without threads.

    Between two requests such a process holds the interpreter's lock, so that threads stand still:
    https://uwsgi-docs.readthedocs.io/en/latest/ThingsToKnow.html
    """
    try:
        options = importlib.import_module("uwsgi").opt
    except ImportError:
        return True
    return "threads" in options or "enable-threads" in options
