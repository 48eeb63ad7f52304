"""Removing records of tasks, whatever their states. The tasks themselves continue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.admin import ModelAdmin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import ngettext

from ..recording.headers import objects_in
from ..recording.overview import overview_with
from ..registration.resolution import ObjectRef
from ..results import value_of
from ..server.client import get_client
from ..server.removals import RecordRemoval
from .log_entry import ids_by_name, log_entry
from .outcome import Outcome, Task
from .selection import Judgement, RecordsOf


class Removal:
    """Removes records. A task that has not ended appears again with its next event."""

    fields: tuple[str, ...] = ("objects",)

    def judge(self, request: HttpRequest, model_admin: ModelAdmin[Any], obj: Model) -> Judgement:
        return lambda record: None

    def carry_out(
        self, request: HttpRequest, model_admin: ModelAdmin[Any], chosen: Iterable[RecordsOf]
    ) -> Outcome:
        """Costs one round trip, two if a task is tracked for several objects of the model."""
        chosen = list(chosen)
        removals = [_removal(ref, records) for _obj, ref, records in chosen]
        for _write, reason in get_client().write(removals):
            raise reason
        outcome = Outcome()
        for obj, _ref, records in chosen:
            tasks = [Task(record["id"], record["name"]) for record in records]
            outcome.done += tasks
            message = ngettext(
                "Removed the record of %(count)d task: %(tasks)s.",
                "Removed the records of %(count)d tasks: %(tasks)s.",
                len(tasks),
            )
            message %= {"count": len(tasks), "tasks": ids_by_name(tasks)}
            log_entry(request, obj, model_admin, message)
        return outcome


def _removal(ref: ObjectRef, records: Sequence[dict[str, Any]]) -> RecordRemoval:
    of_each = {
        record["id"]: objects_in(value_of(record.get("objects", "[]"))) or () for record in records
    }
    return RecordRemoval(ref, of_each, overview_with(ref))
