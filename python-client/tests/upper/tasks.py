from celery import shared_task

from celery_task_tracker import task_tracker


@task_tracker.register("Upper.Thing")
@shared_task
def use(thing_id):
    """Tracked for a model by a label with capital letters."""
