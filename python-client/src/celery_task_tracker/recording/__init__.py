"""From a Celery signal to a command on its way, whatever Redis does."""
