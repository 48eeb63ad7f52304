"""The overview of a model: who may see it, and where it is."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.options import BaseModelAdmin
from django.db.models import Model
from django.db.models.manager import BaseManager
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from ..registration.models import root_of, tracked_name
from ..registration.registry import registry


def has_overview(model: type[Model]) -> bool:
    """Whether the model has one."""
    return registry.has_overview(tracked_name(model))


def may_see_overview(request: HttpRequest, model_admin: ModelAdmin[Any]) -> bool:
    """Whether there is an overview of the ModelAdmin's model, and this user may see it."""
    asked = getattr(model_admin, "has_task_tracker_overview_permission", None)
    return asked is not None and has_overview(model_admin.model) and bool(asked(request))


def shows_every_object(model_admin: ModelAdmin[Any]) -> bool:
    """Whether who may view objects of the model at all may view every one of them.

    That is known where Django itself decides: no other class has overridden ``get_queryset`` or
    ``has_view_permission`` of the ModelAdmin, or ``get_queryset`` of the model's default manager,
    and the model shares all its rows with the model that the tracker knows it by.
    """
    model: type[Model] = model_admin.model
    return (
        _is_own(model_admin, BaseModelAdmin, "get_queryset")
        and _is_own(model_admin, ModelAdmin, "has_view_permission")
        and _is_own(model._default_manager, BaseManager, "get_queryset")
        and model._meta.concrete_model is root_of(model)
    )


def _is_own(instance: Any, cls: type, name: str) -> bool:
    return getattr(getattr(instance, name), "__func__", None) is getattr(cls, name)


def overview_url(model_admin: ModelAdmin[Any]) -> str | None:
    """The address of the overview; ``None`` if the admin site does not have it."""
    opts = model_admin.opts
    try:
        return reverse(
            f"admin:{opts.app_label}_{opts.model_name}_task_tracker_overview",
            current_app=model_admin.admin_site.name,
        )
    except NoReverseMatch:
        return None
