"""Tasks with every kind of end. They leave messages for the tests in the broker's Redis."""

import contextlib
import json
import logging
import os
import signal
import time

import redis
from celery import shared_task
from celery.exceptions import Ignore, Reject
from celery.utils.log import get_task_logger
from django.conf import settings
from django.db import connection
from django.dispatch import receiver

from celery_task_tracker import FromModel, Launch, task_tracker
from celery_task_tracker.recording import process

from .models import Customer, FastVan, Order, Parcel, RushOrder, Shelf, Van, Vehicle, Wreck


def tell(key, value="1"):
    """Leaves a message for the test, in another database of the broker's Redis."""
    url = settings.CELERY_BROKER_URL.rpartition("/")[0] + "/2"
    with redis.Redis.from_url(url) as client:
        client.set(key, value)


def told(key):
    """The message that an earlier run left."""
    url = settings.CELERY_BROKER_URL.rpartition("/")[0] + "/2"
    with redis.Redis.from_url(url) as client:
        return client.get(key)


@contextlib.contextmanager
def taking_sigusr1(handler):
    """Handles SIGUSR1 by ``handler`` in this context.

    Afterwards it means the soft time limit again, which later tasks of this process rely on.
    """
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)


@task_tracker.register(Order)
@shared_task
def succeed(order_id, note=""):
    """Ends well."""
    return {"order": order_id, "note": note}


@task_tracker.register(Order)
@shared_task
def return_what_is_no_json(order_id):
    return object


@task_tracker.register(Order)
@shared_task
def fail(order_id):
    """Ends badly."""
    raise ValueError(f"order {order_id} is <b>wrong</b>")


@task_tracker.register(Order)
@shared_task(bind=True, max_retries=2)
def retry_once(self, order_id, countdown=1):
    if self.request.retries == 0:
        raise self.retry(exc=ConnectionError("try later"), countdown=countdown)
    return "second time lucky"


@task_tracker.register(Order)
@shared_task(autoretry_for=(ConnectionError,), max_retries=1, default_retry_delay=0)
def retry_in_vain(order_id):
    raise ConnectionError("never")


@task_tracker.register(Order)
@shared_task(bind=True, max_retries=3)
def fail_thrice(self, order_id):
    if self.request.retries < 3:
        raise self.retry(exc=ConnectionError(f"try {self.request.retries}"), countdown=0)


@task_tracker.register(Order)
@shared_task(bind=True, max_retries=None)
def fail_often(self, order_id, times):
    if self.request.retries < times:
        raise self.retry(exc=ConnectionError("again"), countdown=0)


@task_tracker.register(Order)
@shared_task(bind=True)
def update(self, order_id, meta, state="PROGRESS", task_id=None):
    self.update_state(task_id, state, meta)
    tell(f"updated:{order_id}")
    sleep(order_id, 60)


@task_tracker.register(Order)
@shared_task
def log_lines(order_id, seconds=0):
    logging.getLogger("shop").warning("order %s is late", order_id)
    get_task_logger(__name__).error("password=hunter2 at https://ada:hunter2@mail.example")
    logging.getLogger("shop").debug("too fine")
    sleep(order_id, seconds)


@task_tracker.register(Order)
@shared_task(acks_late=True)
def reject(order_id):
    raise Reject("not for us", requeue=False)


@task_tracker.register(Order)
@shared_task
def ignore(order_id):
    raise Ignore()


@task_tracker.register(Order)
@shared_task
def ignore_because(order_id, reason):
    raise Ignore(reason)


@task_tracker.register(Order)
@shared_task
def sleep(order_id, seconds=30):
    time.sleep(seconds)
    tell(f"slept:{order_id}")
    return seconds


@task_tracker.register(Order)
@shared_task
def heed(order_id):
    """Ends when it gets SIGUSR1, and says so."""
    heeded = []
    with taking_sigusr1(lambda *_: heeded.append(1)):
        tell(f"heeding:{order_id}")
        while not heeded:
            time.sleep(0.05)
        tell(f"heeded:{order_id}")


@task_tracker.register(Order)
@shared_task
def die(order_id):
    os.kill(os.getpid(), signal.SIGKILL)


@task_tracker.register(Order)
@shared_task(time_limit=1)
def take_too_long(order_id):
    time.sleep(30)


@task_tracker.register(Parcel)
@shared_task
def send_parcel(parcel_id, *, api_key=None, options=None):
    return {"token": "t-1", "options": options}


@task_tracker.register(Order)
@task_tracker.register(Shelf, id_query="shelf")
@shared_task
def move(order_id, shelf):
    return "moved"


@task_tracker.register(
    Order, launch_args=(FromModel("pk"),), launch_kwargs={"email": FromModel("customer.email")}
)
@shared_task
def greet(order_id, email=None):
    return email


@task_tracker.register(Shelf, id_query="shelf")
@shared_task
def dust(times, shelf):
    return times


@task_tracker.register(Order, hidden=True)
@shared_task
def tidy(order_id):
    return None


@task_tracker.register(Order, id_query=("customer_id", "reference"))
@shared_task
def fulfil(customer_id, reference, note=""):
    return note


@task_tracker.register(Order, id_query={"customer__email": "email", "reference": "reference"})
@shared_task
def remind(reference, *, email):
    return "reminded"


@task_tracker.register(Order, id_query={"pk": "number"})
@shared_task(bind=True)
def count(self, times, number=3):
    return times


@task_tracker.register(Order)
@shared_task(bind=True)
def hand_over(self, order_id, to="shop.tasks.succeed", tries=0, more=()):
    """Replaces itself by another task; by a chain, after leaving a message."""
    if self.request.retries < tries:
        raise self.retry(countdown=0)
    if to == "chain":
        raise self.replace(untracked.si(f"before:{order_id}") | succeed.si(order_id))
    raise self.replace(self.app.signature(to, args=(order_id, *more), immutable=True))


@task_tracker.register(Order)
@shared_task(acks_late=True, reject_on_worker_lost=True)
def survive(order_id):
    """Waits in its first run until its worker is killed; succeeds when it is redelivered."""
    if not told(f"pid:{order_id}"):
        tell(f"pid:{order_id}", str(os.getpid()))
        time.sleep(60)
    return "survived"


@task_tracker.register(Order)
@shared_task(ignore_result=False)
def part(order_id):
    return order_id


@task_tracker.register(Order, id_query="order_id")
@shared_task(ignore_result=False)
def whole(parts, order_id):
    return parts


@task_tracker.register(Order)
@shared_task
def advance(order_id, steps=3):
    """Reports progress, and waits for a message before it ends."""
    for step in range(1, steps + 1):
        task_tracker.progress(step, steps, f"step {step}")
    return steps


@shared_task
def quiet(order_id, password=""):
    """Not registered, but it may replace another task."""
    return "in its place"


@shared_task
def untracked(key):
    tell(key)


@shared_task
def untracked_failure(key):
    raise ValueError(key)


@task_tracker.register(RushOrder)
@shared_task
def hurry(order_id):
    """Tracked under a proxy of a model that is tracked too."""


@task_tracker.register(Order)
@shared_task(soft_time_limit=1, time_limit=10)
def report_for_ever(order_id):
    while True:
        task_tracker.progress(0)


@task_tracker.register(Vehicle)
@shared_task
def wash(vehicle_id):
    """Tracked for a model with multi-table children."""


@task_tracker.register(Van)
@shared_task
def load(van_id):
    """Tracked for a multi-table child."""


@task_tracker.register(FastVan)
@shared_task
def race(van_id):
    """Tracked for a proxy of a multi-table child."""


@task_tracker.register(Wreck)
@shared_task
def scrap(number):
    """Tracked for a multi-table child with a primary key of its own."""


@task_tracker.register(Order)
@shared_task
def delete_order(order_id):
    """Deletes the order that it is for, in a database of the worker's own."""
    with connection.schema_editor() as editor:
        for model in (Customer, Order):
            if model._meta.db_table not in connection.introspection.table_names():
                editor.create_model(model)
    Order.objects.create(pk=order_id).delete()


@task_tracker.register(Order, id_query="order_id")
@shared_task
def log_in(user, password, order_id=0, *, api_key=None):
    return user


@task_tracker.register(
    Order,
    launches=[
        Launch("Dry run", kwargs={"is_dry": True}),
        Launch("For good", kwargs={"is_dry": False}, confirm="This changes <b>1,000</b> rows."),
    ],
)
@shared_task
def import_lines(order_id, is_dry=True):
    return "dry" if is_dry else "for good"


class Unpicklable(Exception):
    def __init__(self, code, reason):
        super().__init__(code)
        self.reason = reason

    def __str__(self):
        return f"{self.args[0]}: {self.reason}"


class UnpicklableLookup(LookupError):
    """Celery replaces it by a LookupError."""

    def __init__(self, key, *, where):
        super().__init__(key)
        self.where = where

    def __reduce__(self):
        raise TypeError("it cannot be pickled")

    def __str__(self):
        return f"{self.args[0]} is not in {self.where}"


@task_tracker.register(Order)
@shared_task(bind=True, max_retries=1)
def raise_unpicklable(self, order_id, kind, retry=False):
    exception = (
        UnpicklableLookup("k", where="the shop") if kind == "lookup" else Unpicklable(7, "no")
    )
    if not retry:
        raise exception
    try:
        raise exception
    except Exception as reason:
        raise self.retry(exc=reason, countdown=1) from reason


@task_tracker.register(Order)
@shared_task(bind=True, max_retries=0)
def give_up(self, order_id, password):
    raise self.retry()


@task_tracker.register(Order)
@shared_task
def report(order_id, values):
    """Reports each of ``values`` as progress, and says what the last stored one is."""
    for value in values:
        task_tracker.progress(float(value) if isinstance(value, str) else value)


@task_tracker.register(Order)
@shared_task
def report_after_revocation(order_id):
    """Ignores SIGUSR1, and reports progress once the test has seen that it was revoked."""
    with taking_sigusr1(signal.SIG_IGN):
        task_tracker.progress(1)
        while not told(f"revoked:{order_id}"):
            time.sleep(0.02)
        task_tracker.progress(2, 2)
        process.flush_at_end()
        tell(f"reported:{order_id}")
        time.sleep(1)


@task_tracker.register(Order)
@shared_task(bind=True)
def pass_to_and_fro(self, order_id, times):
    """Replaces itself, for the next order, and reports how long its headers are."""
    tell(f"headers:{order_id}", str(len(repr(self.request.headers))))
    if times:
        raise self.replace(pass_to_and_fro.si(order_id + 1, times - 1))


@task_tracker.register(Order)
@shared_task(bind=True)
def wait_for_word(self, order_id, word):
    """Ends when the test leaves this message."""
    tell(f"waiting:{word}")
    while not told(f"end:{word}"):
        time.sleep(0.02)
    return word


def raises_alarm(objects):
    """Whether the failure is one of those that tests of alerts look at."""
    return any(ref.label == "shop.order" and ref.pk.startswith("77") for ref in objects)


@receiver(task_tracker.on_failure)
def break_down(objects, **_):
    if raises_alarm(objects):
        raise RuntimeError("this receiver is broken")


@receiver(task_tracker.on_failure)
def note(sender, objects, exception, signal, **failure):
    """Leaves the failure with the test."""
    if raises_alarm(objects):
        noted = {
            **failure,
            "pid": os.getpid(),
            "sender": sender and sender.name,
            "objects": objects,
            "exception": repr(exception),
        }
        url = settings.CELERY_BROKER_URL.rpartition("/")[0] + "/2"
        with redis.Redis.from_url(url) as client:
            client.rpush(f"alerts:{objects[0].pk}", json.dumps(noted))


@task_tracker.register(Order, hidden=True)
@shared_task
def speak(order_id):
    tell(f"spoke:{order_id}")
