"""Every Celery task that ran for one model instance, live in the Django admin.

>>> from celery_task_tracker import FromModel, task_tracker
>>>
>>> @task_tracker.register("shop.Order")
... @shared_task
... def process_payment(order_id): ...
"""

from .config import TaskTrackerConfig
from .registry import registry as task_tracker
from .resolution import FromModel

__all__ = ["FromModel", "TaskTrackerConfig", "task_tracker"]
__version__ = "0.1.0"
