"""The object that a row of the overview is for, with what this user may do to its tasks."""

from __future__ import annotations

import json
from collections.abc import Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib.admin import ModelAdmin
from django.http import HttpRequest

from ..registration.resolution import OverviewRef
from .hooks import Rights
from .objects import described, objects_of, visible
from .rerun import rerunnable_names


@dataclass(frozen=True)
class Owner:
    """An object of the overview, which this user may view."""

    rights: Rights

    @cached_property
    def _shown(self) -> dict[str, Any]:
        return described(self.rights.model_admin, self.rights.obj)

    @cached_property
    def _rerunnable(self) -> Set[str]:
        return rerunnable_names(self.rights)

    def as_json(self, task: str) -> dict[str, Any]:
        """``{"name", "url", "canChange", "canRevoke", "canRerun"}`` for the page's scripts.

        ``task`` is the name of the row's task.
        """
        return {
            **self._shown,
            "canChange": self.rights.can_change,
            "canRevoke": self.rights.can_revoke,
            "canRerun": task in self._rerunnable,
        }


def with_owners(
    request: HttpRequest, model_admin: ModelAdmin[Any], overview: OverviewRef, reply: bytes
) -> bytes:
    """``reply``, a page of rows in the module's JSON, each with ``object`` instead of ``objects``.

    That is what :meth:`Owner.as_json` says of it, or ``None`` if the user may not view it or if it
    does not exist. Costs one query, and asks the ModelAdmin once about each object.
    """
    page = json.loads(reply)
    of_each = [objects_of(overview, row) for row in page["tasks"]]
    known = visible(request, model_admin, (ref for refs in of_each for ref in refs))
    owners = {ref: Owner(Rights(request, model_admin, obj)) for ref, obj in known.items()}
    for row, refs in zip(page["tasks"], of_each, strict=True):
        row.pop("objects", None)
        owner = next((owners[ref] for ref in refs if ref in owners), None)
        row["object"] = owner and owner.as_json(row.get("name", ""))
    return json.dumps(page, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
