"""Removing records of tasks, whatever their states. The tasks themselves continue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.admin import ModelAdmin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import ngettext

from ..registration.resolution import ObjectRef
from ..server.client import get_client
from .endpoint import Refusal
from .log_entry import ids_by_name, log_entry
from .outcome import Outcome, Task


class Removal:
    """Removes records. A task that has not ended appears again with its next event."""

    fields: tuple[str, ...] = ()

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
            get_client().delete(ref, [task.id for task in tasks])
            message = ngettext(
                "Removed the record of %(count)d task: %(tasks)s.",
                "Removed the records of %(count)d tasks: %(tasks)s.",
                len(tasks),
            )
            message %= {"count": len(tasks), "tasks": ids_by_name(tasks)}
            log_entry(request, obj, model_admin, message)
        return Outcome(done=tasks)
