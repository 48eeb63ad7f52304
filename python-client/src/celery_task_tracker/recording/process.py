"""The recorder of this process: a new one after a fork, flushed when the process ends."""

from __future__ import annotations

import atexit
import logging
import os
import threading
from typing import Any

from django.core.signals import setting_changed

from ..server.client import CONNECTION_SETTINGS
from ..server.writes import Write
from . import meter
from .recorder import Recorder

logger = logging.getLogger("celery_task_tracker")

#: This process's recorder, made for the first event. Not earlier: gunicorn with ``--preload`` may
#: import the project before it replaces threads by greenlets, and locks from before that would
#: block all greenlets.
recorder: Recorder | None = None
_making = threading.Lock()


def record(write: Write) -> None:
    """Stores ``write`` by this process's recorder."""
    # uWSGI forks without running Python's fork hooks, unless --py-call-uwsgi-fork-hooks is given.
    if recorder is not None and recorder.pid == os.getpid():
        recorder.record(write)
    else:
        _made().record(write)


def _made() -> Recorder:
    global recorder
    with _making:
        if recorder is None or recorder.pid != os.getpid():
            recorder = Recorder()
        return recorder


def refused() -> int:
    """How many events this process dropped, because Redis refused them or they cannot be sent."""
    return 0 if recorder is None else recorder.refused


def settle() -> None:
    """Waits until Redis has answered what was recorded, for about one timeout at most.

    Does nothing while Redis is away.
    """
    if recorder is not None and not recorder.is_away:
        recorder.settle()


def flush_at_end(**_: object) -> None:
    """Sends the remaining events when this process ends, or logs how many are lost."""
    if recorder is None:
        return
    if recorder.waiting:
        recorder.flush()
    if recorder.waiting:
        meter.current.lost(recorder.waiting - recorder.given_up)
        recorder.given_up = recorder.waiting
        logger.warning(
            "The task tracker is still away; %d events are lost with this process.",
            recorder.waiting + recorder.lost,
        )


def _start_afresh() -> None:
    global recorder, _making
    recorder, _making = None, threading.Lock()


def _start_afresh_elsewhere(*, setting: str, **_: Any) -> None:
    if setting in CONNECTION_SETTINGS:
        flush_at_end()
        _start_afresh()


setting_changed.connect(_start_afresh_elsewhere, dispatch_uid="celery_task_tracker.recording")
atexit.register(flush_at_end)
if hasattr(os, "register_at_fork"):
    # The parent stores the events that wait. Its sending thread does not exist in the child, and
    # a lock that the thread held would never be released.
    os.register_at_fork(after_in_child=_start_afresh)
