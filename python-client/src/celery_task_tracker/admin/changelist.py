"""The change list's column: the state of each object's latest task, and the number of failures."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

from django.contrib.admin import ModelAdmin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ..config import config
from ..registration.namespace import WrongNamespace
from ..registration.resolution import object_of
from ..results import LastTask, TaskStats
from ..server.client import get_client
from ..server.errors import TrackerError
from ..server.pause import pause
from ..templatetags.task_humanize import humanize_task
from .address import page_url
from .endpoint import refusal_for
from .silence import is_silent, running_of_each
from .strings import state_labels

logger = logging.getLogger("celery_task_tracker")

#: What ``list_display`` calls the column.
COLUMN = "task_tracker_status"
TITLE = gettext_lazy("Tasks")


class StatusColumn:
    """The column's cells on one page, as a callable for ``list_display``.

    ``rows`` gives all objects of the page. The first cell asks Redis for those that the user of
    ``request`` may view, or for all of them if there is no request. Costs one round trip, and
    nothing while :data:`~..server.pause.pause` is on.
    """

    __name__ = COLUMN
    short_description = TITLE

    def __init__(
        self,
        model_admin: ModelAdmin[Any],
        request: HttpRequest | None,
        rows: Callable[[], Iterable[Model]],
    ) -> None:
        self._model_admin = model_admin
        self._request = request
        self._rows = rows

    def __call__(self, obj: Model) -> SafeString:
        reply = self._replies.get(obj.pk)
        if reply is None:
            return self._nothing(_("You do not have permission to do this."))
        if not isinstance(reply, bytes):
            return self._nothing(str(refusal_for(reply)))
        try:
            return self._cell(obj, TaskStats.of(reply))
        except Exception:
            # Another program may have written anything into a record.
            logger.warning(
                "The tasks of %s %r cannot be shown", obj._meta.label, obj.pk, exc_info=True
            )
            return self._nothing(_("This record cannot be shown."))

    def _cell(self, obj: Model, stats: TaskStats) -> SafeString:
        if stats.last is None and stats.total:
            return self._nothing(_("This record cannot be shown."))
        if stats.last is None:
            return self._nothing(_("No task has run for this object yet"))
        url = page_url(self._model_admin, self._request, obj)
        if url is None:
            return format_html("{}", _label(stats.last.state))
        failures = _failures(stats.states.get("FAILURE", 0), url)
        return _latest(stats.last, url) + failures + _silent(self._silent.get(obj.pk, 0), url)

    @cached_property
    def _silent(self) -> dict[Any, int]:
        """How many running tasks of each object give no sign of life.

        Costs a round trip if any task runs.
        """
        if not config.TASK_TRACKER_HEARTBEAT:
            return {}
        running = [obj for obj in self._rows() if _has_running(self._replies.get(obj.pk))]
        try:
            refs = [object_of(obj) for obj in running]
            replies = running_of_each(refs)
        except TrackerError:
            return {}
        return {
            obj.pk: sum(map(is_silent, json.loads(reply)["tasks"]))
            for obj, reply in zip(running, replies, strict=True)
            if isinstance(reply, bytes)
        }

    def _nothing(self, why: str) -> SafeString:
        empty = self._model_admin.get_empty_value_display()
        return format_html('<span role="img" aria-label="{}" title="{}">{}</span>', why, why, empty)

    @cached_property
    def _replies(self) -> dict[Any, bytes | TrackerError | WrongNamespace]:
        objects = [
            obj
            for obj in self._rows()
            if self._request is None or self._model_admin.has_view_permission(self._request, obj)
        ]
        replies: Sequence[bytes | TrackerError | WrongNamespace]
        try:
            refs = [object_of(obj) for obj in objects]
            replies = pause.unless_paused(lambda: get_client().stats_of_each(refs))
        except (TrackerError, WrongNamespace) as error:
            replies = [error] * len(objects)
        return dict(zip((obj.pk for obj in objects), replies, strict=True))


def _latest(task: LastTask, url: str) -> SafeString:
    return format_html(
        '<a href="{}" class="task-tracker-state" data-state="{}" title="{}">{}</a>',
        url,
        task.state,
        humanize_task(task.name),
        _label(task.state),
    )


def _label(state: str) -> str:
    return state_labels().get(state, state)


def _has_running(reply: Any) -> bool:
    return isinstance(reply, bytes) and TaskStats.of(reply).states.get("STARTED", 0) > 0


def _silent(count: int, url: str) -> SafeString:
    if not count:
        return SafeString()
    return format_html(
        ' <a href="{}{}silent=1" class="task-tracker-silent">{}</a>',
        url,
        "&" if "?" in url else "?",
        ngettext("%(count)d without a sign of life", "%(count)d without a sign of life", count)
        % {"count": count},
    )


def _failures(count: int, url: str) -> SafeString:
    if not count:
        return SafeString()
    return format_html(
        ' <a href="{}{}state=FAILURE" class="task-tracker-failures">{}</a>',
        url,
        "&" if "?" in url else "?",
        ngettext("%(count)d failure", "%(count)d failures", count) % {"count": count},
    )
