"""Publishers: processes that send tasks until they are told to stop.

``python -m soak.senders`` reads a round per line of its input, forks processes that send tasks, and
answers with a line when they have ended. Each is a new process for the tracker.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
import traceback
import uuid
from pathlib import Path

import django

from celery_task_tracker.recording import process
from servers import TESTS, wait_for

from .diary import FOLDER, PACKAGE, VERSION, Diary

#: The objects of one round. Another round has others.
ORDERS = 20

#: The last word of a publisher that could not store what it had recorded.
LEFT_OVER = "left over"

#: What may be sent: the task, its attempts' outcomes, the most seconds of each, and how often.
PLANS = [
    ("early", ["SUCCESS"], 0.01, 6),
    ("early", ["SUCCESS"], 0.3, 2),
    ("early", ["FAILURE"], 0.01, 2),
    ("early", ["RETRY", "SUCCESS"], 0.01, 2),
    ("early", ["RETRY", "RETRY", "FAILURE"], 0.01, 1),
    ("early", ["IGNORED"], 0.01, 1),
    ("late", ["SUCCESS"], 0.01, 3),
    ("late", ["SUCCESS"], 0.4, 2),
    ("late", ["RETRY", "SUCCESS"], 0.1, 2),
    ("late", ["REJECTED"], 0.01, 1),
    ("late", ["FAILURE"], 0.1, 1),
    ("newest", ["SUCCESS"], 0.01, 1),
]

#: The share of tasks that are sent once more under their id.
TWICE = 0.05


class Senders:
    """The publishers' parent process."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._stop = folder / "stop"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "soak.senders"],
            cwd=TESTS,
            env={**environment, FOLDER: str(folder), VERSION: "2"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def start(
        self, *, round: int, seed: int, processes: int, least: int, most: int, pause: float
    ) -> None:
        """Has so many processes send that many tasks each, with a pause in seconds after each."""
        self._stop.unlink(missing_ok=True)
        order = {
            "round": round,
            "seed": seed,
            "processes": processes,
            "least": least,
            "most": most,
            "pause": pause,
        }
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def stop(self) -> None:
        """Returns when they have sent their last task and stored what they recorded."""
        self._stop.touch()
        assert self._process.stdout
        answer = self._process.stdout.readline()
        assert answer == "done\n", f"The publishers ended: {answer}"

    def kill(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()


def main() -> None:
    from project import celery_app

    django.setup()
    celery_app.autodiscover_tasks(force=True)
    folder = Path(os.environ[FOLDER])
    fork = multiprocessing.get_context("fork")
    for line in sys.stdin:
        order = json.loads(line)
        processes = [
            fork.Process(target=send_tasks, args=(folder, number, order))
            for number in range(order["processes"])
        ]
        for each in processes:
            each.start()
        for each in processes:
            each.join()
        is_well = all(each.exitcode == 0 for each in processes)
        print("done" if is_well else LEFT_OVER, flush=True)


def send_tasks(folder: Path, number: int, order: dict) -> None:
    chance = random.Random(f"{order['seed']} {order['round']} {number}")
    diary = Diary(folder, order["round"])
    stopwatch = Stopwatch()
    for sent in range(order["most"]):
        if sent >= order["least"] and (folder / "stop").exists():
            break
        send_one(chance, diary, stopwatch)
        time.sleep(order["pause"] * chance.uniform(0.5, 1.5))
    wait_for(
        lambda: process.recorder is None or not process.recorder.waiting,
        "the tracker's Redis to take what a publisher recorded",
        120,
    )


def send_one(chance: random.Random, diary: Diary, stopwatch: Stopwatch) -> None:
    from . import tasks

    name, outcomes, seconds, _ = chance.choices(PLANS, [often for *_, often in PLANS])[0]
    task_id = str(uuid.UUID(int=chance.getrandbits(128)))
    object_id = diary.round * ORDERS + chance.randrange(ORDERS)
    for sending in range(1, 3 if name != "newest" and chance.random() < TWICE else 2):
        plan = {
            "book": diary.round,
            "number": sending,
            "outcomes": outcomes,
            "seconds": chance.uniform(0, seconds),
        }
        stopwatch.waited = 0.0
        is_sure = True
        try:
            getattr(tasks, name).apply_async((object_id,), plan, task_id=task_id)
        except Exception:
            # Without its broker kombu does not only raise its own OperationalError.
            if PACKAGE in traceback.format_exc():
                raise
            is_sure = False
        diary.send(
            task_id=task_id,
            number=sending,
            task=name,
            order=object_id,
            is_late=name == "late",
            is_sure=is_sure,
            waited=stopwatch.waited,
        )


class Stopwatch:
    """Measures how long the tracker holds up whoever sends a task."""

    def __init__(self) -> None:
        self.waited = 0.0
        self._record = process.record
        process.record = self._timed

    def _timed(self, write) -> None:
        begun = time.monotonic()
        try:
            self._record(write)
        finally:
            self.waited += time.monotonic() - begun


if __name__ == "__main__":
    main()
