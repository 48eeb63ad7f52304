"""The URLs below ``<object>/task-tracker/`` of one ModelAdmin."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib.admin import ModelAdmin
from django.urls import URLPattern, path

from . import actions, causes, family, picture, rerun, several, silence, usual, views


def patterns(model_admin: ModelAdmin[Any]) -> list[URLPattern]:
    """The page and its endpoints, each behind the admin site's login.

    The names are ``<app>_<model>_task_tracker`` for the page, and ``…_task_tracker_list``,
    ``_task``, ``_launch``, ``_revoke``, ``_revoke_active``, ``_lost``, ``_rerun``, ``_several``,
    ``_plan``, ``_picture``, ``_causes``, ``_usual`` and ``_family``.
    """
    prefix = f"{model_admin.opts.app_label}_{model_admin.opts.model_name}_task_tracker"

    def route(suffix: str, view: Any, name: str) -> URLPattern:
        return path(
            f"<path:object_id>/task-tracker/{suffix}",
            model_admin.admin_site.admin_view(partial(view, model_admin=model_admin)),
            name=name,
        )

    return [
        route("", views.page, prefix),
        route("list/", views.task_list, f"{prefix}_list"),
        route("tasks/<path:task_id>/", views.task_detail, f"{prefix}_task"),
        route("family/<path:task_id>/", family.family, f"{prefix}_family"),
        route("launch/", actions.launch, f"{prefix}_launch"),
        route("revoke/", actions.revoke, f"{prefix}_revoke"),
        route("lost/", silence.mark_lost, f"{prefix}_lost"),
        route("revoke-active/", actions.revoke_active, f"{prefix}_revoke_active"),
        route("rerun/", rerun.rerun, f"{prefix}_rerun"),
        route("several/", several.carry_out, f"{prefix}_several"),
        route("several/plan/", several.plan, f"{prefix}_plan"),
        route("picture/", picture.picture, f"{prefix}_picture"),
        route("causes/", causes.causes, f"{prefix}_causes"),
        route("usual/", usual.usual, f"{prefix}_usual"),
    ]
