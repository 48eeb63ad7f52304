"""Removing records of tasks, whatever their states. The tasks themselves continue."""

from __future__ import annotations

from collections.abc import Sequence
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
from .endpoint import Refusal
from .log_entry import ids_by_name, log_entry
from .outcome import Outcome, Task


class Removal:
    """Removes records. A task that has not ended appears again with its next event."""

    fields: tuple[str, ...] = ("objects",)

    def refusal(
        self, request: HttpRequest, model_admin: ModelAdmin[Any], record: dict[str, Any]
    ) -> Refusal | None:
        return None

    def carry_out(
        self,
        request: HttpRequest,
        obj: Model,
        ref: ObjectRef,
        model_admin: ModelAdmin[Any],
        records: Sequence[dict[str, Any]],
    ) -> Outcome:
        tasks = [Task(record["id"], record["name"]) for record in records]
        if tasks:
            of_each = {
                record["id"]: objects_in(value_of(record.get("objects", "[]"))) or ()
                for record in records
            }
            removal = RecordRemoval(ref, of_each, overview_with(ref))
            for _removal, reason in get_client().write([removal]):
                raise reason
            message = ngettext(
                "Removed the record of %(count)d task: %(tasks)s.",
                "Removed the records of %(count)d tasks: %(tasks)s.",
                len(tasks),
            )
            message %= {"count": len(tasks), "tasks": ids_by_name(tasks)}
            log_entry(request, obj, model_admin, message)
        return Outcome(done=tasks)
