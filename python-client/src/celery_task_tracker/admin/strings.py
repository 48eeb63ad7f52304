"""The texts of the page's scripts. They are translated on the server and sent with the page."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from ..states import STATES


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
    """The scripts' texts. The scripts replace names in braces."""
    return {
        # The table
        "copy": _("Copy"),
        "copied": _("Copied"),
        "copyId": _("Copy task id {id}"),
        "details": _("Details"),
        "detailsOf": _("Details of {name} {id}"),
        "attemptOf": _("attempt {n} of {total}"),
        "attempt": _("attempt {n}"),
        "ran": _("ran {time}"),
        "running": _("running {time}"),
        "waited": _("waited {time}"),
        "waiting": _("waiting {time}"),
        "due": _("due {time}"),
        "progress": _("Progress"),
        "updated": _("Updated"),
        "badRecord": _("This record cannot be shown."),
        "noObject": _("Its object does not exist, or you may not view it."),
        # Durations
        "milliseconds": pgettext("duration", "{ms} ms"),
        "seconds": pgettext("duration", "{s} s"),
        "minutesSeconds": pgettext("duration", "{m} m {s} s"),
        "hoursMinutes": pgettext("duration", "{h} h {m} m"),
        # Filters and pages
        "all": _("All"),
        "allTasks": _("All tasks"),
        "tasksChosen": _("Tasks selected: {n}"),
        "foundInNewestOf": _("{found} found in the newest {examined} of {total} tasks."),
        "foundInNewest": _("{found} found in the newest {examined} tasks."),
        "rangeOf": _("{first} to {last} of {total}"),
        # Above the table
        "time": _("Time"),
        "total": _("Total"),
        "marks": _("Marks"),
        "pictureNone": _("No task was created in this time."),
        "cause": _("Failures of one cause"),
        "andMore": _("and {n} more"),
        "causesRest": _("Show {n} more"),
        "causesPart": _("The newest {examined} of {total} failures were examined."),
        "rerunCause": _("Run again: {exception} ({n})"),
        "removeCause": _("Remove: {exception} ({n})"),
        "usualEnded": _("Ended"),
        "usualFailed": _("Failed"),
        "usualRan": _("Run time"),
        "usualWaited": _("Waiting time"),
        "usualSlowest": _("Slowest"),
        "usualSlowestOf": _("Slowest run of {name}: {time}"),
        "usualP95": _("95% within {time}"),
        "longer": _("longer than usual ({time})"),
        # Launching and revoking
        "launch": pgettext("task", "Launch"),
        "launched": _("“{name}” was sent to the workers."),
        "revoke": _("Revoke"),
        "revokeOf": _("Revoke {name} {id}"),
        "revokeTitle": _("Revoke this task?"),
        "revokeWaiting": _("“{name}” has not started. Workers will drop it when its turn comes."),
        "revokeRunning": _(
            "“{name}” is running. It will be stopped immediately, before it finishes."
        ),
        "revokeRequested": _("Revoke requested"),
        "revokeSent": _("The workers were asked to revoke “{name}”."),
        "workersAnswered": _("Workers that answered: {n}."),
        "noWorkerAnswered": _(
            "No worker answered. Those that connect later will drop what has not started."
        ),
        "revokeAll": _("Revoke all"),
        "revokeActive": _("Revoke all active ({n})"),
        "revokeActiveTitle": _("Revoke all active tasks ({n})?"),
        "revokeActiveText": _(
            "Workers will drop waiting tasks and immediately stop running ones, before they finish."
        ),
        "revokeActiveWaiting": _("Workers will drop waiting tasks. Running tasks continue."),
        "revokeActiveSent": _("Tasks that the workers were asked to revoke: {n}."),
        "revokeActiveRefused": _("Not revoked: {n}."),
        "silentFor": _("No sign of life for {time}"),
        "silent": _("No sign of life"),
        "silentAmong": _("Among the {n} newest running tasks"),
        "silentWorker": _("No sign of life for {time} from the worker {worker}."),
        "markLost": _("Mark as lost"),
        "markLostTitle": _("Mark this task as lost?"),
        "markLostText": _(
            "“{name}” will be shown as failed. If it ends after all, its own result replaces this."
        ),
        "markedLost": _("“{name}” was marked as lost."),
        # Several tasks at once
        "selectOf": _("Select {name} {id}"),
        "selected": _("Selected: {n}"),
        "selectAll": _("Select all {n} that match"),
        "leftOut": _("{n} left out: {reason}"),
        "severalRefused": _("Not done: {n}."),
        "severalRemaining": _(
            "At most {limit} tasks are handled at a time. {n} older ones are left as they are."
        ),
        "rerun": _("Run again"),
        "rerunOf": _("Run {name} {id} again"),
        "rerunTitle": _("Run “{name}” again?"),
        "rerunText": _("It runs with the arguments that it had. You can edit them first."),
        "rerunNotExact": _(
            "This run cannot be repeated: its stored arguments are not exactly those that it had. "
            "They are redacted, truncated, hidden or not plain JSON."
        ),
        "rerunSeveralTitle": _("Run the selected tasks again ({n})?"),
        "rerunSeveralText": _("Each is sent once more, with the arguments that it had."),
        "rerunSeveralNone": _("None of these tasks can be run again."),
        "rerunSeveralDone": _("Tasks sent again: {n}."),
        "revokeSeveralTitle": _("Revoke the selected tasks ({n})?"),
        "revokeSeveralText": _(
            "Workers will drop waiting tasks and immediately stop running ones, before they finish."
        ),
        "revokeSeveralNone": _("None of these tasks can be revoked."),
        "revokeSeveralDone": _("Tasks that the workers were asked to revoke: {n}."),
        "remove": pgettext("record", "Remove"),
        "removeSeveralTitle": _("Remove records ({n})?"),
        "removeSeveralText": _(
            "The records disappear from this page and cannot be restored. Running tasks continue."
        ),
        "removeSeveralNone": _("There is nothing to remove."),
        "removeSeveralDone": _("Records removed: {n}."),
        "removeActive": _(
            "Not finished: {n}. Such a task appears again if a worker still runs it."
        ),
        # The dialog
        "loading": _("Loading…"),
        "life": _("Timeline"),
        "published": _("Published"),
        "received": _("Received"),
        "started": _("Started"),
        "finished": _("Finished"),
        "now": _("Now"),
        "notBefore": _("Not before"),
        "gapQueue": _("in the queue {time}"),
        "gapDue": _("held back {time}"),
        "result": _("Result"),
        "noResult": _("The task returned nothing."),
        "notFinished": _("There is no result yet."),
        "error": _("Error"),
        "traceback": _("Traceback"),
        "previousAttempt": _("Why it was retried"),
        "previousTraceback": _("Traceback of the previous attempt"),
        "log": _("Log"),
        "logLevel": _("Least level"),
        "links": _("Links"),
        "traceId": _("Trace id"),
        "attempts": _("Attempts"),
        "attemptNumber": _("Attempt {n}"),
        "arguments": pgettext("task", "Arguments"),
        "keywordArguments": _("Keyword arguments"),
        "noArguments": _("none"),
        "cut": _("Truncated: {kept} of {size} stored."),
        "taskId": _("Task id"),
        "worker": _("Worker"),
        "queue": _("Queue"),
        "created": _("Created"),
        "workflow": _("Workflow"),
        "workflowDone": _("{done} of {total} done"),
        "workflowFailed": _("{done} of {total} done, {failed} failed"),
        "workflowNear": _(
            "There may be more: only the {n} tasks sent closest to this one were examined."
        ),
        "then": pgettext("task", "then"),
        "more": pgettext("tasks", "{n} more"),
        "root": _("Root task"),
        "parent": _("Parent task"),
        "group": _("Group"),
        "by": _("by {name}"),
        "launchedBy": _("Launched by"),
        "revokedBy": _("Revoke requested by"),
        "repeats": _("Runs again"),
        "rerunAs": _("Run again as"),
        # What is wrong
        "updatedAt": _("Updated {time}"),
        "refreshEvery": _("Refresh every {seconds} s"),
        "offline": _("The connection to the server was lost."),
        "noAnswer": _("The server's answer was not understood ({status}). Reload the page."),
        "tryingAgain": _("Trying again in {time}."),
        "failed": _("That did not work: {message}"),
    }
