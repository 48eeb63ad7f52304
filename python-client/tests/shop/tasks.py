"""Tasks of every kind of ending. What tests need to know of a run is told to the broker's Redis."""

import os
import signal
import time

import redis
from celery import shared_task
from celery.exceptions import Ignore, Reject
from django.conf import settings

from celery_task_tracker import FromModel, task_tracker

from .models import Order, Parcel, Shelf


def tell(key, value="1"):
    """Leaves word for the test, in a database of the broker's Redis of its own."""
    url = settings.CELERY_BROKER_URL.rpartition("/")[0] + "/2"
    with redis.Redis.from_url(url) as client:
        client.set(key, value)


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
def retry_once(self, order_id):
    if self.request.retries == 0:
        raise self.retry(exc=ConnectionError("try later"), countdown=1)
    return "second time lucky"


@task_tracker.register(Order)
@shared_task(autoretry_for=(ConnectionError,), max_retries=1, default_retry_delay=0)
def retry_in_vain(order_id):
    raise ConnectionError("never")


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
def sleep(order_id, seconds=30):
    time.sleep(seconds)
    tell(f"slept:{order_id}")
    return seconds


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


@shared_task
def untracked(key):
    tell(key)
