"""One task that is tracked, and the same one that is not."""

from celery import shared_task

from celery_task_tracker import task_tracker

from .models import Order


@task_tracker.register(Order)
@shared_task
def process_payment(order_id, currency="EUR"):
    return {"paid": True, "amount": "129.90"}


@shared_task
def process_untracked(order_id, currency="EUR"):
    return {"paid": True, "amount": "129.90"}
