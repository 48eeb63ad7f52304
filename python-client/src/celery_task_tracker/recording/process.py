"""The recorder of this process: fresh in each one, and flushed when it ends."""

from __future__ import annotations

import atexit
import logging
import os
import threading
from typing import Any

from django.core.signals import setting_changed

from ..server.client import CONNECTION_SETTINGS
from ..server.writes import Write
from .recorder import Recorder

logger = logging.getLogger("celery_task_tracker")

#: This process's recorder, once there was an event. Not before: a server that makes its threads
#: greenlets may do so after it has imported the project, as gunicorn does with ``--preload``, and
#: the locks of before would hold up all of them.
recorder: Recorder | None = None
_making = threading.Lock()


def record(event: Write) -> None:
    """Stores ``event`` by this process's recorder."""
    (recorder or _made()).record(event)


def _made() -> Recorder:
    global recorder
    with _making:
        recorder = recorder or Recorder()
        return recorder


def is_away() -> bool:
    """Whether this process believes that Redis does not answer."""
    return recorder is not None and recorder.is_away


def flush_at_end(**_: object) -> None:
    """Sees to what still waits when this process ends."""
    if recorder is None:
        return
    if recorder.waiting:
        recorder.flush()
    if recorder.waiting:
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
    # The events that wait are the parent's to write. A lock that another thread held while the
    # process forked would never be released, and the thread is not there.
    os.register_at_fork(after_in_child=_start_afresh)
