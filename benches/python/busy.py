"""What tracking costs a system at work: real workers, brokers and publishers.

Each contestant has a prefork worker with two processes, a publisher, and a queue, all of which
stay for the whole run. They take turns in every round, so that whatever else the machine does
hits all of them alike. Prints the figures of every round as JSON.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

import brokers
import redis

HERE = Path(__file__).parent

#: The number of the broker's database that has the results of all contestants, and the bells.
RESULTS = 15

#: The tasks, and how many more of the quick ones there are.
KINDS = {"pay": 10, "pay_slowly": 1}


@dataclass
class Contestant:
    """A way to track tasks. See ``contestant.py``."""

    name: str
    broker: str
    bell: str
    database: dict
    apps: list = field(default_factory=list)
    django: dict = field(default_factory=dict)
    celery: dict = field(default_factory=dict)


def contestants(broker, tracker, database, postgres, rabbit):
    """All that can run here. ``broker``: the URL of a Redis server without a database number."""
    bell = f"{broker}/{RESULTS}"

    def contestant(name, address, **more):
        more.setdefault("database", database(name))
        celery = {"result_backend": bell, **more.pop("celery", {})}
        return Contestant(name=name, broker=address, bell=bell, celery=celery, **more)

    def package(name, address, **settings):
        settings["CELERY_TASKTRACKER_REDIS_URL"] = tracker
        return contestant(name, address, apps=["celery_task_tracker"], django=settings)

    def events(name, address):
        conf = {"worker_send_task_events": True, "task_send_sent_event": True}
        return contestant(name, address, celery=conf)

    def results(name, address, **more):
        conf = {"result_backend": "django-db", "result_extended": True, "task_track_started": True}
        return contestant(name, address, apps=["django_celery_results"], celery=conf, **more)

    address = (f"{broker}/{number}" for number in range(RESULTS))
    yield contestant("untracked", next(address))
    yield package("package", next(address))
    yield package("package_no_overview", next(address), TASK_TRACKER_OVERVIEW=False)
    yield package("package_no_heartbeat", next(address), TASK_TRACKER_HEARTBEAT=None)
    yield events("events", next(address))
    if has("django_celery_results"):
        yield results("results_sqlite", next(address))
        if postgres and has("psycopg"):
            yield results("results_postgres", next(address), database=postgres)
    if rabbit:
        yield contestant("untracked_rabbit", rabbit)
        yield package("package_rabbit", rabbit)
        yield events("events_rabbit", rabbit)


def has(module):
    """Whether the module can be imported."""
    try:
        __import__(module)
    except ImportError:
        return False
    return True


class Team:
    """The processes of one contestant."""

    def __init__(self, contestant, stack, directory):
        self.contestant = contestant
        self.name = contestant.name
        environment = {**os.environ, "CONTESTANT": json.dumps(asdict(contestant))}
        self.publisher = subprocess.Popen(
            [sys.executable, HERE / "publisher.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=HERE,
            env=environment,
        )
        stack.callback(ended, self.publisher)
        self.log = directory / f"{self.name}.log"
        with self.log.open("w") as log:
            self.worker = subprocess.Popen(
                [
                    *(sys.executable, "-m", "celery", "--app", "contestant", "worker"),
                    *("--concurrency", "2", "--loglevel", "WARNING"),
                    *("--hostname", f"{self.name}@benchmark"),
                    *("--without-mingle", "--without-gossip"),
                ],
                cwd=HERE,
                env=environment,
                stdout=log,
                stderr=log,
            )
        stack.callback(ended, self.worker)

    def ask(self, *request):
        """The reply of the publisher."""
        self.publisher.stdin.write(json.dumps(request) + "\n")
        self.publisher.stdin.flush()
        reply = self.publisher.stdout.readline()
        assert reply, f"the publisher of {self.name} has failed"
        return json.loads(reply)

    def make_ready(self):
        """Waits until all answers, and makes the worker leave its queue alone."""
        if "django_celery_results" in self.contestant.apps:
            self.ask("prepare")
        deadline = time.monotonic() + 120
        while not self.ask("is_ready"):
            assert self.worker.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, f"the worker of {self.name} does not answer"
        self.ask("pause")

    def processor(self):
        """Seconds of processor time of the worker's three processes."""
        children = Path(f"/proc/{self.worker.pid}/task/{self.worker.pid}/children").read_text()
        return sum(map(seconds_of, [self.worker.pid, *children.split()]))


class Busy:
    """A run: rounds in which the contestants take turns."""

    def __init__(self, teams, broker, tracker):
        self.teams = teams
        self.bell = redis.Redis.from_url(f"{broker}/{RESULTS}", socket_timeout=None)
        self.broker = redis.Redis.from_url(broker)
        self.tracker = redis.Redis.from_url(tracker, decode_responses=True)
        self.figures = {
            team.name: {"delay": [], "delay_thread": [], **{kind: [] for kind in KINDS}}
            for team in teams
        }

    def run(self, rounds, tasks):
        """Measures. ``tasks``: how many of 10 ms each contestant runs in a round."""
        for team in self.teams:
            self.check(team)
        for number in range(-1, rounds):
            for team in rotated(self.teams, number):
                for kind, factor in KINDS.items():
                    count = tasks * factor if number >= 0 else tasks
                    self.turn(team, kind, count, is_kept=number >= 0)
        return self.figures

    def check(self, team):
        """Makes sure that the contestant does what it says it does."""
        is_watched = team.contestant.celery.get("worker_send_task_events")
        if is_watched:
            team.ask("watch")
        self.turn(team, "pay", 20, is_kept=False)
        if is_watched:
            # The bells have events too.
            seen = team.ask("watched", 22)
            assert seen == 22, f"{team.name} has {seen} events of success for 22 tasks"

    def turn(self, team, kind, count, is_kept):
        """One turn of one contestant: ``count`` tasks of one kind, sent and then run."""
        self.bell.flushdb()
        self.tracker.flushall()
        team.ask("clear")
        redis_before = self.main_threads()
        call = team.ask("publish", kind, count)
        before = team.processor()
        team.ask("proceed")
        began, over = (self.rung(team) for _ in range(2))
        self.await_records(team, kind, count)
        processor = team.processor() - before
        broker, tracker = (
            (now - then) / count * 1e6
            for now, then in zip(self.main_threads(), redis_before, strict=True)
        )
        team.ask("pause")
        if is_kept:
            kept = self.figures[team.name]
            if kind == "pay":
                kept["delay"].append(call["process"])
                kept["delay_thread"].append(call["thread"])
            kept[kind].append(
                {
                    "rate": count / (over - began),
                    "worker": processor / count * 1e6,
                    "broker": broker,
                    "tracker": tracker,
                }
            )

    def rung(self, team):
        """When the worker rang the bell."""
        rung = self.bell.blpop("bell", timeout=300)
        assert rung, f"the worker of {team.name} does not run its tasks: {team.log.read_text()}"
        return float(rung[1])

    def await_records(self, team, kind, count):
        """Waits until every task is known to have succeeded, where they are tracked."""
        if "celery_task_tracker" in team.contestant.apps:
            stored = self.stored
        elif "django_celery_results" in team.contestant.apps:
            stored = lambda: team.ask("results", kind)  # noqa: E731
        else:
            time.sleep(0.05)
            return
        deadline = time.monotonic() + 10
        # The last task may have run beside the bell.
        time.sleep(0.05)
        while (found := stored()) != count:
            assert time.monotonic() < deadline, f"{team.name} has stored {found} of {count} tasks"
            time.sleep(0.05)

    def stored(self):
        """How many records of the package say SUCCESS."""
        pipeline = self.tracker.pipeline(transaction=False)
        for number in range(50):
            pipeline.zcard(f"shop.order:{{{1000 + number}}}:state:SUCCESS")
        return sum(pipeline.execute())

    def main_threads(self):
        """Seconds of processor time of the main threads of the broker and the tracker."""
        infos = [client.info("cpu") for client in (self.broker, self.tracker)]
        return [
            info["used_cpu_user_main_thread"] + info["used_cpu_sys_main_thread"] for info in infos
        ]

    def poll(self, team, rounds):
        """What an open page asks for, with 20 finished tasks of its object."""
        team.ask("prepare")
        self.turn(team, "pay", 50 * 20, is_kept=False)
        self.tracker.config_resetstat()
        before = self.main_threads()[1]
        polled = team.ask("poll", rounds)
        polled["tracker"] = (self.main_threads()[1] - before) / rounds * 1e6
        stats = self.tracker.info("commandstats")
        spent = [each["usec"] for name, each in stats.items() if name.startswith("cmdstat_tracker")]
        polled["commands"] = sum(spent) / rounds
        return polled


def rotated(teams, number):
    """The teams in another order every time."""
    at = number % len(teams)
    return teams[at:] + teams[:at]


def seconds_of(pid):
    """Processor time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ended(process):
    """Ends a process of this run."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tracker", help="the URL of a redis-server with the module")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--tasks", type=int, default=100)
    parser.add_argument("--only", nargs="+", help="the names of the contestants to run")
    options = parser.parse_args()

    directory = Path(tempfile.mkdtemp())
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        broker = stack.enter_context(brokers.redis_server(directory))
        postgres = stack.enter_context(brokers.postgres(directory))
        rabbit = stack.enter_context(brokers.rabbitmq(directory))

        def database(name):
            return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(directory / f"{name}.db")}

        teams = [
            Team(each, stack, directory)
            for each in contestants(broker, options.tracker, database, postgres, rabbit)
            if not options.only or each.name in options.only
        ]
        for team in teams:
            team.make_ready()
        busy = Busy(teams, broker, options.tracker)
        figures = {"contestants": busy.run(options.rounds, options.tasks)}
        for team in teams:
            if team.name == "package":
                figures["poll"] = busy.poll(team, 20)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
