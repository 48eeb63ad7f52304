"""A broker, the tracker's Redis, workers and publishers, and rounds of trouble with them."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from servers import TESTS, wait_for

from .brokers import RabbitMQ, RedisBroker
from .diary import Diary
from .faults import Fault
from .senders import ORDERS, Senders
from .store import records_of, rows_of_overview
from .tracker import Tracker
from .verdict import Damage, Verdict
from .workers import Workers

#: Seconds for which a round has to be right before it counts, so that late events are seen.
CALM = 1.0

#: The most seconds for what was sent to be done and told.
PATIENCE = 150

#: Seconds without a run, while messages wait, after which a worker is taken for stuck.
STUCK = 30

#: What a busy machine may add to a timeout, in seconds.
SLACK = 0.05


class Stage:
    """``timeout``: the package's timeouts, and ``outage``: how long an outage lasts; in seconds."""

    def __init__(
        self,
        folder: Path,
        broker: RedisBroker | RabbitMQ,
        tracker: Tracker,
        workers: Workers,
        senders: Senders,
        *,
        timeout: float,
        outage: float,
    ) -> None:
        self.broker = broker
        self.tracker = tracker
        self.workers = workers
        self.outage = outage
        self.has_broker_died = False
        self._folder = folder
        self._senders = senders
        self._timeout = timeout
        self._round = 0

    @property
    def diary(self) -> Diary:
        """What was written down in this round."""
        return Diary(self._folder, self._round)

    def round(
        self,
        faults: Sequence[Fault],
        *,
        seed: int,
        processes: int,
        least: int,
        most: int,
        pause: float,
    ) -> Verdict:
        """Has each process send so many tasks while the faults happen, one after the other.

        Returns what came out when all was done, or when it does not get right.
        """
        self._round += 1
        self.has_broker_died = False
        self.workers.killed.clear()
        self._senders.start(
            round=self._round,
            seed=seed,
            processes=processes,
            least=least,
            most=most,
            pause=pause,
        )
        wait_for(self.diary.sendings, "the first task to be sent")
        for fault in faults:
            time.sleep(self.outage / 2)
            fault(self)
            self.workers.revive()
        time.sleep(self.outage / 2)
        self._senders.stop()
        return self._settled()

    def _settled(self) -> Verdict:
        """The verdict once it is right and nothing moves any more."""
        idle_since = time.monotonic()
        deadline = idle_since + PATIENCE
        right_since = None
        runs = -1
        dead: dict[str, str] = {}
        while True:
            verdict = self._verdict()
            now = time.monotonic()
            does_nothing = verdict.counts["runs"] == runs
            runs = verdict.counts["runs"]
            waiting = self.broker.waiting()
            is_idle = does_nothing and not waiting
            if verdict.differences or not is_idle:
                right_since = None
            elif right_since is None:
                right_since, dead = now, verdict.dead
            elif now - right_since > CALM:
                alive = verdict.dead.items() - dead.items()
                verdict.differences += [
                    f"{each} is dead, and gives signs of life" for each in alive
                ]
                verdict.differences += self.workers.refusals()
                return verdict
            if now > deadline:
                return verdict
            if not (does_nothing and waiting):
                idle_since = now
            elif now - idle_since > STUCK:
                # Workers may stop to consume when Redis as a broker was away.
                self.workers.replace()
                idle_since = time.monotonic()
            self.workers.revive()
            time.sleep(0.25)

    def _verdict(self) -> Verdict:
        orders = range(self._round * ORDERS, (self._round + 1) * ORDERS)
        sendings, deliveries = self.diary.sendings(), self.diary.deliveries()
        with self.tracker.primary.client() as client:
            records = records_of(client, orders)
            rows = rows_of_overview(client, records)
        damage = Damage(frozenset(self.workers.killed), self.has_broker_died)
        verdict = Verdict.on(sendings, deliveries, records, damage)
        for task_id, record in records.items():
            row = rows[task_id]
            if any(row.get(name) != record.get(name) for name in ("state", "attempt", "run")):
                verdict.differences.append(f"{task_id} is otherwise in the overview: {row}")
        longest = self._timeout + SLACK
        verdict.counts["long waits"] = sum(each.waited > longest for each in sendings)
        verdict.longest_wait = max((each.waited for each in sendings), default=0.0)
        return verdict


@contextmanager
def stage(
    broker: type[RedisBroker | RabbitMQ], *, timeout: float, outage: float, old: Sequence[str] = ()
) -> Iterator[Stage]:
    """Starts everything, and ends it. Workers of the pools ``old`` do not know the newest task."""
    package = {
        "DJANGO_SETTINGS_MODULE": "soak.settings",
        "TEST_TIMEOUT": str(timeout),
        "TEST_RETRY_AFTER": "0.5",
        "TEST_HEARTBEAT": str(CALM / 2),
        # Seconds after which Redis as a broker takes a worker for dead.
        "TEST_VISIBILITY_TIMEOUT": "6",
    }
    with ExitStack() as at_end:
        folder = Path(tempfile.mkdtemp(prefix="tracker-soak-"))
        at_end.callback(shutil.rmtree, folder, ignore_errors=True)
        messages = broker()
        at_end.callback(messages.remove)
        tracker = Tracker(folder)
        at_end.callback(tracker.remove)
        workers = Workers(messages.url, tracker.url, folder, **package)
        at_end.callback(workers.remove)
        workers.start("prefork", "gevent", old=old)
        publishing = {
            **os.environ,
            **package,
            "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")]),
            "TEST_BROKER_URL": messages.url,
            "TEST_TRACKER_URL": tracker.url,
        }
        senders = Senders(folder, publishing)
        at_end.callback(senders.kill)
        yield Stage(folder, messages, tracker, workers, senders, timeout=timeout, outage=outage)
