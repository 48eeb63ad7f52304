"""Whether a thread of this process runs while the process has nothing else to do."""

from __future__ import annotations

import importlib
import sys


def threads_run() -> bool:
    """``False`` in a uWSGI process that was started without threads.

    Between two requests such a process holds the interpreter's lock, so that threads stand still:
    https://uwsgi-docs.readthedocs.io/en/latest/ThingsToKnow.html
    """
    # uWSGI builds its module in. To look for it everywhere would take a tenth of a millisecond.
    if "uwsgi" not in sys.modules and "uwsgi" not in sys.builtin_module_names:
        return True
    options = importlib.import_module("uwsgi").opt
    return "threads" in options or "enable-threads" in options
