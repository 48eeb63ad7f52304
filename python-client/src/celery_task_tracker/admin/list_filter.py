"""The change list's filter by the tasks of the objects."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.db.models import Count, Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..config import config
from ..registration.namespace import WrongNamespace
from ..registration.primary_key import key_value
from ..registration.resolution import overview_of
from ..server.errors import TrackerError
from ..server.pause import pause
from .concerned import Concerned, concerned
from .endpoint import refusal_for
from .overview import has_overview, may_see_overview
from .silence import is_silent

#: The most records that a choice looks at, the newest ones: as many as an overview has by default.
LIMIT = 10_000

#: The states of tasks that have not begun.
WAITING = ("PENDING", "RECEIVED", "RETRY")

#: The most records of a choice that is counted where the list shows counts. They are read for every
#: choice, and each object is a parameter of the query that counts for all of them.
MOST_COUNTED = 2000


class TaskTrackerFilter(SimpleListFilter):
    """*Tasks: failing, running, waiting, no sign of life, no tasks*.

    It narrows the list's own queryset, by the newest :data:`LIMIT` records of the
    model's overview, and is not offered where the model has none. While Redis is away a choice
    shows no object, and a message says why. A choice costs a round trip for each 1,000 records.
    """

    title = gettext_lazy("Tasks")
    parameter_name = "task_tracker"

    def __init__(
        self,
        request: HttpRequest,
        params: dict[str, Any],
        model: type[Model],
        model_admin: ModelAdmin[Any],
    ) -> None:
        self._model = model
        self._answers = _Answers.of(request)
        super().__init__(request, params, model, model_admin)

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        if not has_overview(model_admin.model):
            return []
        if _decides_by_object(model_admin) and not may_see_overview(request, model_admin):
            # It would tell of tasks that the column and the pages do not show.
            return []
        silent = [("silent", _("No sign of life"))] if config.TASK_TRACKER_HEARTBEAT else []
        return [
            ("failing", _("Failing")),
            ("running", _("Running")),
            ("waiting", _("Waiting")),
            *silent,
            ("none", _("No tasks")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        choice = self.value()
        if choice not in dict(self.lookup_choices):
            return queryset
        try:
            found = self._found(choice, LIMIT)
        except (TrackerError, WrongNamespace) as error:
            self._answers.tell(messages.ERROR, str(refusal_for(error)))
            # All objects would look as if the choice were in force.
            return queryset.none()
        if found.is_cut:
            cut = _("Only the newest %(count)d tasks were looked at.") % {"count": LIMIT}
            self._answers.tell(messages.WARNING, cut)
        return queryset.filter(self._condition(choice, found))

    def get_facet_counts(self, pk_attname: str, filtered_qs: QuerySet[Any]) -> dict[str, Any]:
        counts = {}
        for number, (choice, _title) in enumerate(self.lookup_choices):
            with contextlib.suppress(TrackerError, WrongNamespace):
                found = self._found(choice, MOST_COUNTED)
                if not found.is_cut:
                    condition = self._condition(choice, found)
                    counts[f"{number}__c"] = Count(pk_attname, filter=condition)
        return counts

    def _found(self, choice: str, limit: int) -> Concerned:
        known, question = self._answers.found, (self._model, choice, limit)
        if question not in known:
            overview, asked = overview_of(self._model), _QUESTIONS[choice]
            known[question] = pause.unless_paused(lambda: concerned(overview, limit, *asked))
        return known[question]

    def _condition(self, choice: str, found: Concerned) -> Q:
        condition = Q(pk__in=list(self._keys(found)))
        return ~condition if choice == "none" else condition

    def _keys(self, found: Concerned) -> Iterator[Any]:
        for text in found.keys:
            # Another program may have written any text, and a field raises what it likes.
            with contextlib.suppress(Exception):
                yield key_value(self._model, text)


def _decides_by_object(model_admin: ModelAdmin[Any]) -> bool:
    """Whether the ModelAdmin may forbid to view an object that its list shows."""
    return type(model_admin).has_view_permission is not ModelAdmin.has_view_permission


#: What :func:`concerned` is asked for each choice. *None* is all others.
_QUESTIONS: dict[str, tuple[Any, ...]] = {
    "failing": (("FAILURE",),),
    "running": (("STARTED",),),
    "waiting": (WAITING,),
    "silent": (("STARTED",), is_silent, ("state", "alive_at")),
    "none": (),
}


class _Answers:
    """What was found for one request, which makes several filters of its list."""

    def __init__(self, request: HttpRequest) -> None:
        self.found: dict[tuple[type[Model], str, int], Concerned] = {}
        self._request = request
        self._told: set[str] = set()

    @classmethod
    def of(cls, request: HttpRequest) -> _Answers:
        """The answers of ``request``, which it keeps."""
        if not hasattr(request, "_task_tracker_answers"):
            request._task_tracker_answers = cls(request)  # type: ignore[attr-defined]
        answers: _Answers = request._task_tracker_answers  # type: ignore[attr-defined]
        return answers

    def tell(self, level: int, text: str) -> None:
        """Shows ``text`` on the page, once. After a POST the browser loads the list again."""
        if self._request.method == "GET" and text not in self._told:
            self._told.add(text)
            messages.add_message(self._request, level, text, fail_silently=True)
