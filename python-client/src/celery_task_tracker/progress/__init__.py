"""The progress of an object's tasks for a project's own users: an address and a template tag.

A project includes ``celery_task_tracker.progress.urls`` and says in
``TASK_TRACKER_PROGRESS_PERMISSION`` who may see what.
"""
