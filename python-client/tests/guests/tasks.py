from celery import shared_task

from celery_task_tracker import task_tracker

from .models import Author, Word, Work


@task_tracker.register(Author)
@task_tracker.register(Work)
@task_tracker.register(Word)
@shared_task
def proofread(pk): ...
