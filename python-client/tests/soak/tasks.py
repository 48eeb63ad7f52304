"""Tasks that do as they are told, and write it down."""

import os
import time
from pathlib import Path

from celery import shared_task
from celery.exceptions import Ignore, Reject, Retry

from celery_task_tracker import task_tracker
from shop.models import Order

from .diary import FOLDER, VERSION, Diary


class Trouble(Exception):
    pass


def obey(task, book, number, outcomes, seconds):
    """Ends each attempt as ``outcomes`` says, after so many seconds."""
    diary = Diary(Path(os.environ[FOLDER]), book)
    token = diary.begin(task, number, seconds)
    time.sleep(seconds)
    outcome = outcomes[min(task.request.retries, len(outcomes) - 1)]
    if outcome == "RETRY":
        ask_for_another_attempt(task, diary, token)
    diary.end(token, outcome)
    if outcome == "FAILURE":
        raise Trouble(token)
    if outcome == "IGNORED":
        raise Ignore(token)
    if outcome == "REJECTED":
        raise Reject(token, requeue=False)
    return token


def ask_for_another_attempt(task, diary, token):
    try:
        # An eta would be read by the clock of another worker.
        raise task.retry(exc=Trouble(token), countdown=0, max_retries=None)
    except Retry:
        diary.end(token, "RETRY")
        raise
    except Reject:
        # The message of the next attempt could not be sent.
        diary.end(token, "REJECTED")
        raise Reject(token, requeue=False) from None


@task_tracker.register(Order)
@shared_task(bind=True)
def early(task, order_id, **plan):
    """Its message is acknowledged when it begins."""
    return obey(task, **plan)


@task_tracker.register(Order)
@shared_task(bind=True, acks_late=True, reject_on_worker_lost=True)
def late(task, order_id, **plan):
    """Its message is acknowledged when it has ended."""
    return obey(task, **plan)


if VERSION in os.environ:

    @task_tracker.register(Order)
    @shared_task(bind=True)
    def newest(task, order_id, **plan):
        """Only known to workers of the newest version."""
        return obey(task, **plan)
