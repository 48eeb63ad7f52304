"""Turns Celery's signals into commands and sends them, without ever blocking a task on Redis."""
