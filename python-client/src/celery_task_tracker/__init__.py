"""Shows every Celery task that ran for a model instance, live in the Django admin.

>>> from celery_task_tracker import FromModel, task_tracker
>>>
>>> @task_tracker.register("shop.Order")
... @shared_task
... def process_payment(order_id): ...
"""

from .config import TaskTrackerConfig
from .registration.launch import FromModel, Launch
from .results import Progress, TaskPage, TaskStats, TrackedTask
from .server.errors import TrackerError
from .tracker import task_tracker

__all__ = [
    "FromModel",
    "Launch",
    "Progress",
    "TaskPage",
    "TaskStats",
    "TaskTrackerConfig",
    "TrackedTask",
    "TrackerError",
    "task_tracker",
]
__version__ = "0.2.0"
