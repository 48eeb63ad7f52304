"""The tests' project with the tasks of the soak, which outlive a broker that is started again."""

from project.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "soak"]  # noqa: F405

CELERY_RESULT_BACKEND = "disabled://"
CELERY_TASK_PUBLISH_RETRY = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 30, "interval_start": 0.1, "interval_max": 1}
if BROKER_URL.startswith("amqp"):  # noqa: F405
    # Otherwise a publisher is not told that a message did not arrive.
    CELERY_BROKER_TRANSPORT_OPTIONS = {"confirm_publish": True}
