"""The panel on an admin site's front page: what runs, and what failed in the last hour."""

from __future__ import annotations

import functools
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.template.loader import select_template
from django.template.response import TemplateResponse
from django.utils.text import capfirst

from ..config import config
from ..registration.namespace import WrongNamespace
from ..registration.resolution import OverviewRef, overview_of
from ..server.client import get_client
from ..server.errors import TrackerError
from ..server.pause import pause
from ..server.query import Query
from .assets import front_page_media
from .endpoint import refusal_for
from .overview import may_see_overview, overview_url

logger = logging.getLogger("celery_task_tracker")

#: The period of the failures that are counted, in milliseconds.
PERIOD = 3_600_000


@dataclass(frozen=True)
class Line:
    """What the panel tells of one model."""

    name: str
    running: int
    failed: int
    """How many tasks that were created within :data:`PERIOD` have failed."""

    url: str
    """The page with all its tasks; empty if the site does not have it."""

    @classmethod
    def of(cls, model_admin: ModelAdmin[Any], told: dict[str, Any]) -> Line:
        """The line of a model by what its overview told."""
        return cls(
            name=str(capfirst(model_admin.opts.verbose_name_plural)),
            running=told["states"].get("STARTED", 0),
            failed=told["total"],
            url=overview_url(model_admin) or "",
        )


def with_panel(site: AdminSite) -> Callable[..., HttpResponse]:
    """The front page of ``site``, with the panel where TASK_TRACKER_INDEX is on.

    It costs one round trip for all models, and a page without the setting nothing. While Redis does
    not answer, the panel says so.
    """
    original = site.index

    @functools.wraps(original)
    def index(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = original(request, *args, **kwargs)
        if config.TASK_TRACKER_INDEX and isinstance(response, TemplateResponse):
            try:
                _add_panel(site, request, response)
            except Exception:
                # Whatever it is, the page is there without the panel.
                logger.exception("The front page cannot show what runs")
        return response

    index.shows_task_tracker = True  # type: ignore[attr-defined]
    return index


def _add_panel(site: AdminSite, request: HttpRequest, response: TemplateResponse) -> None:
    models = _models(site, request)
    if not models:
        return
    context: dict[str, Any] = {"task_tracker_media": front_page_media()}
    try:
        context["task_tracker_lines"] = pause.unless_paused(lambda: _lines(models))
    except (TrackerError, WrongNamespace) as error:
        context["task_tracker_error"] = str(refusal_for(error))
    # Our template extends the one that would have been rendered.
    template = response.template_name
    context["task_tracker_index"] = (
        template
        if hasattr(template, "render")
        else select_template([template] if isinstance(template, str) else list(template))
    )
    response.context_data = {**(response.context_data or {}), **context}
    response.template_name = "admin/celery_task_tracker/index.html"


def _models(site: AdminSite, request: HttpRequest) -> dict[OverviewRef, ModelAdmin[Any]]:
    """The overviews that the user may see. Models that share their rows share one."""
    found: dict[OverviewRef, ModelAdmin[Any]] = {}
    for model, model_admin in site._registry.items():
        if may_see_overview(request, model_admin):
            found.setdefault(overview_of(model), model_admin)
    return found


def _lines(models: dict[OverviewRef, ModelAdmin[Any]]) -> list[Line]:
    since = str(int(time.time() * 1000) - PERIOD)
    failed = Query(states=("FAILURE",), since=since, size=1)
    replies = get_client().query_each(list(models), failed, ("id",))
    for reply in replies:
        if isinstance(reply, TrackerError):
            raise reply
    return [
        Line.of(model_admin, json.loads(reply))
        for model_admin, reply in zip(models.values(), replies, strict=True)
        if isinstance(reply, bytes)
    ]
