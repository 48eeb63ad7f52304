"""The words that the page's scripts show, translated on the server and passed with the page."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from .states import STATES


def state_labels() -> dict[str, str]:
    """Celery's states in the reader's language, in the order in which a task goes through them."""
    labels = {
        "PENDING": pgettext("task state", "Pending"),
        "RECEIVED": pgettext("task state", "Received"),
        "STARTED": pgettext("task state", "Started"),
        "RETRY": pgettext("task state", "Retry"),
        "SUCCESS": pgettext("task state", "Success"),
        "FAILURE": pgettext("task state", "Failure"),
        "REVOKED": pgettext("task state", "Revoked"),
        "REJECTED": pgettext("task state", "Rejected"),
        "IGNORED": pgettext("task state", "Ignored"),
    }
    return {state: labels[state] for state in STATES}


def interface_strings() -> dict[str, str]:
    """What the scripts say. A name in braces is replaced by the script."""
    return {
        "copy": _("Copy"),
        "copied": _("Copied"),
        "copyId": _("Copy task id {id}"),
        "details": _("Details"),
        "detailsOf": _("Details of {name} {id}"),
        "revoke": _("Revoke"),
        "revokeOf": _("Revoke {name} {id}"),
        "revokeWaiting": _("“{name}” has not started. Workers will drop it when its turn comes."),
        "revokeRunning": _("“{name}” is running. It will be stopped at once, unfinished."),
        "revokeRequested": _("Revoke requested"),
        "revokeSent": _("The workers were asked to revoke “{name}”."),
        "launched": _("“{name}” was sent to the workers."),
        "attemptOf": _("attempt {n} of {total}"),
        "attempt": _("attempt {n}"),
        "ran": _("ran {time}"),
        "running": _("running {time}"),
        "waiting": _("waiting {time}"),
        "due": _("due {time}"),
        "updatedAt": _("Updated {time}"),
        "rangeOf": _("{first} to {last} of {total}"),
        "all": _("All"),
        "result": _("Result"),
        "error": _("Error"),
        "traceback": _("Traceback"),
        "previousAttempt": _("Why it was retried"),
        "arguments": _("Arguments"),
        "keywordArguments": _("Keyword arguments"),
        "noArguments": _("none"),
        "noResult": _("The task returned nothing."),
        "notFinished": _("There is no result yet."),
        "taskId": _("Task id"),
        "run": _("Run"),
        "created": _("Created"),
        "published": _("Published"),
        "received": _("Received"),
        "started": _("Started"),
        "finished": _("Finished"),
        "eta": _("Not before"),
        "progress": _("Progress"),
        "worker": _("Worker"),
        "queue": _("Queue"),
        "parent": _("Parent task"),
        "root": _("Root task"),
        "group": _("Group"),
        "cut": _("Cut off: it was {size} long."),
        "unreachable": _("The connection to the server was lost. Trying again…"),
        "failed": _("That did not work: {message}"),
    }
