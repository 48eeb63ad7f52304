"""The metrics as text, of this process or of all that share a folder."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

#: The variable by which the library is told to keep the metrics of several processes in files.
FOLDER = "PROMETHEUS_MULTIPROC_DIR"

_LIVE = re.compile(r"gauge_live\w*_(\d+)\.db")


def are_shared() -> bool:
    """Whether the metrics of all processes that were started with the same folder are together."""
    return FOLDER in os.environ


class EveryProcess:
    """Collects the metrics of this process, or those in the folder, anew at each scrape."""

    def collect(self):  # type: ignore[no-untyped-def]
        if not are_shared():
            yield from REGISTRY.collect()
            return
        _forget_the_dead(Path(os.environ[FOLDER]))
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        yield from registry.collect()


def every_process() -> Collector:
    """What to expose."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(EveryProcess())
    return registry


def _forget_the_dead(folder: Path) -> None:
    """Removes what processes that were killed have left of gauges for those that live."""
    for file in folder.glob("gauge_live*.db"):
        found = _LIVE.fullmatch(file.name)
        if found and not _lives(int(found[1])):
            # Another process may do the same.
            with suppress(FileNotFoundError):
                mark_process_dead(int(found[1]))  # type: ignore[no-untyped-call]


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
