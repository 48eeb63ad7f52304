"""Sends the tasks of a contestant, and tells what became of them.

Reads a request a line, a JSON list of a name and arguments, and prints the reply as JSON.
"""

import json
import sys
import threading
import time

import contestant
from contestant import app, pay, pay_slowly, ring
from django.core.management import call_command

from shop.models import Order

OBJECTS = 50

QUEUE = app.conf.task_default_queue

#: The contestant's own worker. Contestants may share a broker.
WORKER = [f"{QUEUE}@benchmark"]

TASKS = {"pay": pay, "pay_slowly": pay_slowly}


class Publisher:
    """The requests that it serves, each a method."""

    def __init__(self):
        self.succeeded = 0
        self.receiver = None

    def prepare(self):
        """Creates the tables, where no other contestant has."""
        call_command("migrate", run_syncdb=True, verbosity=0)
        for pk in range(OBJECTS):
            Order.objects.get_or_create(pk=1000 + pk)

    def publish(self, name, count):
        """Sends tasks, and a bell before and after. Microseconds of processor time of each call:
        of the calling thread, and of the whole process."""
        task = TASKS[name]
        ring.delay()
        thread, process = time.thread_time(), time.process_time()
        for number in range(count):
            task.delay(1000 + number % OBJECTS, currency="EUR")
        thread = time.thread_time() - thread
        self.settle()
        process = time.process_time() - process
        ring.delay()
        return {"thread": thread / count * 1e6, "process": process / count * 1e6}

    def settle(self):
        """Waits until what was recorded here has been sent."""
        if contestant.IS_PACKAGE:
            from celery_task_tracker.recording import process

            process.settle()

    def pause(self):
        """Makes the worker leave the queue alone."""
        app.control.cancel_consumer(QUEUE, destination=WORKER, reply=True, timeout=10, limit=1)

    def proceed(self):
        """Makes the worker take from the queue again."""
        app.control.add_consumer(QUEUE, destination=WORKER)

    def is_ready(self):
        """Whether the worker answers."""
        return bool(app.control.ping(destination=WORKER, timeout=1, limit=1))

    def clear(self):
        """Removes the results in the database."""
        if "django_celery_results" in contestant.CONTESTANT["apps"]:
            from django_celery_results.models import TaskResult

            TaskResult.objects.all().delete()

    def results(self, name):
        """How many tasks of this name the database says have succeeded, with their arguments."""
        from django_celery_results.models import TaskResult

        done = TaskResult.objects.filter(task_name=TASKS[name].name, status="SUCCESS")
        return done.exclude(task_kwargs=None).exclude(date_started=None).count()

    def watch(self):
        """Counts the events of tasks that have succeeded, until :meth:`watched`."""
        ready = threading.Event()

        def count(event):
            self.succeeded += 1

        self.succeeded = 0
        self.receiver = app.events.Receiver(app.connection_for_read(), {"task-succeeded": count})
        self.receiver.on_consume_ready = lambda *_, **__: ready.set()
        threading.Thread(
            target=self.receiver.capture, kwargs={"wakeup": False}, daemon=True
        ).start()
        assert ready.wait(10), "the receiver of events gets no connection"

    def watched(self, expected):
        """How many there were, after this many were waited for."""
        deadline = time.monotonic() + 10
        while self.succeeded < expected and time.monotonic() < deadline:
            time.sleep(0.01)
        self.receiver.should_stop = True
        return self.succeeded

    def poll(self, rounds):
        """Asks for the rows of an open page again and again. Milliseconds of each, and bytes."""
        from django.contrib.auth.models import User
        from django.test import Client

        client = Client()
        client.force_login(User.objects.create_superuser("admin"))
        url = "/admin/shop/order/1000/task-tracker/list/"
        taken, size = [], 0
        for _ in range(rounds):
            begun = time.process_time()
            response = client.get(url)
            taken.append((time.process_time() - begun) * 1e3)
            assert response.status_code == 200, response.content
            size = len(response.content)
        unchanged = client.get(url, headers={"If-None-Match": response["ETag"]})
        return {"web": taken, "bytes": size, "unchanged": len(unchanged.content)}


def main():
    publisher = Publisher()
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        print(json.dumps(getattr(publisher, name)(*arguments)), flush=True)


if __name__ == "__main__":
    main()
