"""``{% load task_tracker %}``: the progress of an object's tasks on a project's own pages."""

from __future__ import annotations

from typing import Any

from django import template
from django.db.models import Model
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from ..progress.element import address_of, element_for

register = template.Library()


@register.simple_tag(takes_context=True)
def task_tracker_progress(
    context: Any, obj: Model, task: str = "", label: str = "", interval: float | None = None
) -> SafeString:
    """The progress of the newest task of ``obj``, and nothing for users who may not see it.

    ``task``: the full name of the tasks to show, such as ``"shop.tasks.generate_invoice"``; all
    that the user may see by default. ``label``: what to call it instead of the task's own name.
    ``interval``: seconds between two refreshes by the script, TASK_TRACKER_REFRESH_INTERVAL by
    default.
    """
    element = element_for(context["request"], obj, task, label, interval)
    if element is None:
        return SafeString()
    return SafeString(render_to_string("celery_task_tracker/progress.html", element))


@register.simple_tag
def task_tracker_progress_url(obj: Model, task: str = "", form: str = "json") -> str:
    """The address of the same progress, as ``"json"`` or as ``"html"``."""
    return address_of(obj, task, form)
