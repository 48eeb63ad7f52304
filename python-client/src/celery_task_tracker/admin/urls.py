"""The URLs below ``<object>/task-tracker/`` and ``task-tracker/`` of one ModelAdmin."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.contrib.admin import ModelAdmin
from django.urls import URLPattern, path

from . import actions, causes, family, picture, rerun, several, silence, usual, views
from .endpoint import View


def patterns(model_admin: ModelAdmin[Any]) -> list[URLPattern]:
    """The pages and their endpoints, each behind the admin site's login.

    The names are ``<app>_<model>_task_tracker`` for the page of an object, and
    ``…_task_tracker_list``, ``_task``, ``_family``, ``_launch``, ``_revoke``, ``_revoke_active``,
    ``_lost``, ``_rerun``, ``_several``, ``_plan``, ``_picture``, ``_causes`` and ``_usual``. Those
    of the overview begin with ``…_task_tracker_overview`` instead. It can neither launch a task nor
    revoke all active ones.
    """
    name = f"{model_admin.opts.app_label}_{model_admin.opts.model_name}_task_tracker"

    def routes(prefix: str, name: str, page: View, views: Mapping[str, View]) -> list[URLPattern]:
        return [
            path(
                f"{prefix}task-tracker/{suffix}",
                model_admin.admin_site.admin_view(partial(view, model_admin=model_admin)),
                name=f"{name}_{_name_of(suffix)}".removesuffix("_"),
            )
            for suffix, view in {"": page, **views}.items()
        ]

    return [
        # Its addresses have no object before them.
        *routes("", f"{name}_overview", views.overview, {**OF_BOTH, **OF_MODEL}),
        *routes("<path:object_id>/", name, views.page, {**OF_BOTH, **OF_ONE_OBJECT}),
    ]


def _name_of(suffix: str) -> str:
    return _NAMES.get(suffix, suffix.removesuffix("/").replace("-", "_"))


_NAMES = {
    "tasks/<path:task_id>/": "task",
    "family/<path:task_id>/": "family",
    "several/plan/": "plan",
}

#: The endpoints of both pages.
OF_BOTH: Mapping[str, View] = {
    "list/": views.task_list,
    "tasks/<path:task_id>/": views.task_detail,
    "family/<path:task_id>/": family.family,
    "revoke/": actions.revoke,
    "lost/": silence.mark_lost,
    "rerun/": rerun.rerun,
    "picture/": picture.picture,
    "causes/": causes.causes,
    "usual/": usual.usual,
}

#: Those of the page of an object.
OF_ONE_OBJECT: Mapping[str, View] = {
    "launch/": actions.launch,
    "revoke-active/": actions.revoke_active,
    "several/": several.carry_out,
    "several/plan/": several.plan,
}

#: Those for several tasks of the overview, each for an object of its own.
OF_MODEL: Mapping[str, View] = {
    "several/": several.carry_out_of_model,
    "several/plan/": several.plan_of_model,
}
