"""What tracking costs a Python process: this package, and the tracker that one would write first.

Prints microseconds, round by round, as JSON. The tasks are sent, received and run by Celery's own
code in this process; what that takes by itself, with no tracker connected, is measured beside it
and taken off.
"""

import argparse
import json
import time
from statistics import median

import redis
from celery import signals

import project

SIGNALS = (
    signals.before_task_publish,
    signals.after_task_publish,
    signals.task_received,
    signals.task_prerun,
    signals.task_success,
    signals.task_postrun,
)
HOSTNAME = "celery@worker-7.example.com"
OBJECTS = 50


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("redis_url")
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()

    nothing = listening()
    app = project.set_up(options.redis_url)
    trackers = {"nothing": nothing, "package": listening()}
    from plain import PlainTracker

    for name, is_pipelined in (("plain", False), ("plain_pipelined", True)):
        listen(nothing)
        PlainTracker(options.redis_url, is_pipelined).connect()
        trackers[name] = listening()

    bench = Bench(app, trackers, redis.Redis.from_url(options.redis_url, decode_responses=True))
    bench.check()
    lives = bench.lives(max(2, options.rounds // 4), min(200, options.rounds * 10))
    print(json.dumps({"life": lives, "delay": bench.delays(options.rounds)}))


def listening():
    """The receivers of Celery's signals."""
    return [list(signal.receivers) for signal in SIGNALS]


def listen(receivers):
    """Connects these receivers only, in place, because Celery's tracer holds the lists."""
    for signal, those in zip(SIGNALS, receivers, strict=True):
        signal.receivers[:] = those


class Bench:
    """The tasks of one process, with the trackers in turn."""

    def __init__(self, app, trackers, client):
        from shop.tasks import process_payment, process_untracked

        self.app = app
        self.trackers = trackers
        self.redis = client
        self.tracked = process_payment
        self.untracked = process_untracked
        self.channel = app.connection_for_read().channel()
        self.sent = 0

    def live(self):
        """The whole life of one task. Its id."""
        self.sent += 1
        sent = self.tracked.delay(1000 + self.sent % OBJECTS, currency="EUR")
        message = self.channel.basic_get("celery", no_ack=True)
        task = self.app.tasks[message.headers["task"]]
        request = task_request(message, self.app, task)
        signals.task_received.send(sender=None, request=request)
        request.execute()
        return sent.id

    def lives(self, rounds, tasks):
        """Microseconds that each tracker takes of one task's life.

        ``tasks``: how many live in a round. The package sends a packet each 10 ms, so with few of
        them the wait for the last one would be most of what is measured.
        """
        from celery_task_tracker.recording import process

        taken = {name: [] for name in self.trackers if name != "nothing"}
        for number in range(-2, rounds):
            totals = {}
            for name in rotated(list(self.trackers), number):
                listen(self.trackers[name])
                begun = time.perf_counter()
                for _ in range(tasks):
                    self.live()
                if name == "package":
                    process.settle()
                totals[name] = (time.perf_counter() - begun) / tasks * 1e6
            # The first rounds are for warming up.
            if number >= 0:
                for name, figures in taken.items():
                    figures.append(totals[name] - totals["nothing"])
        return taken

    def delays(self, rounds, tasks=50):
        """Microseconds of ``.delay()`` of a tracked task and of another one, and of a PING."""
        from celery_task_tracker.config import config
        from celery_task_tracker.server.connection import connect

        client = connect(
            config.CELERY_TASKTRACKER_REDIS_URL,
            config.TASK_TRACKER_CONNECT_TIMEOUT,
            config.TASK_TRACKER_SOCKET_TIMEOUT,
        )
        calls = {
            "tracked": lambda number: self.tracked.delay(1000 + number % OBJECTS, currency="EUR"),
            "untracked": lambda number: self.untracked.delay(1000 + number, currency="EUR"),
            "ping": lambda _: client.ping(),
        }
        listen(self.trackers["package"])
        taken = {name: [] for name in calls}
        for number in range(-2, rounds):
            times = {name: [] for name in calls}
            for each in range(tasks):
                for name in rotated(list(calls), each):
                    begun = time.perf_counter()
                    calls[name](each)
                    times[name].append((time.perf_counter() - begun) * 1e6)
            self.channel.queue_purge("celery")
            if number >= 0:
                for name, figures in taken.items():
                    figures.append(median(times[name]))
        return taken

    def wait_for(self, task_id):
        """Waits until this package has stored the end of a task."""
        key = f"shop.order:{{{1000 + self.sent % OBJECTS}}}:record:{task_id}"
        while self.redis.hget(key, "state") != "SUCCESS":
            pass

    def check(self):
        """All trackers keep a task's end, each in its own key structure."""
        for name, receivers in self.trackers.items():
            if name == "nothing":
                continue
            listen(receivers)
            task_id = self.live()
            pk = 1000 + self.sent % OBJECTS
            if name == "package":
                self.wait_for(task_id)
                prefix, key = f"shop.order:{{{pk}}}", f"shop.order:{{{pk}}}:record:{task_id}"
                state = "SUCCESS"
            else:
                prefix, key, state = f"shop.Order:{pk}", task_id, "Success"
            record = self.redis.hgetall(key)
            assert (record["id"], record["name"]) == (task_id, self.tracked.name), record
            assert record["state"] == state, record
            assert json.loads(record["result"]) == self.tracked.run(pk), record
            for index in ("tasks", f"state:{state}", f"task:{self.tracked.name}"):
                assert self.redis.zscore(f"{prefix}:{index}", task_id) is not None, index
            before = {"SUCCESS": "STARTED", "Success": "Started"}[state]
            assert self.redis.zscore(f"{prefix}:state:{before}", task_id) is None, before


def task_request(message, app, task):
    """A task as a worker's parent process holds it."""
    from celery.worker.request import Request

    return Request(message, app=app, hostname=HOSTNAME, task=task)


def rotated(names, number):
    """The names in another order every time."""
    at = number % len(names)
    return names[at:] + names[:at]


if __name__ == "__main__":
    main()
