"""The URL of an object's page."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import quote
from django.db.models import Model
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse


def page_url(model_admin: ModelAdmin[Any], request: HttpRequest | None, obj: Model) -> str | None:
    """The page's URL, with the filters of the change list that ``request`` came from.

    ``None`` if the admin site does not have the page.
    """
    opts = model_admin.opts
    try:
        url = reverse(
            f"admin:{opts.app_label}_{opts.model_name}_task_tracker",
            args=(quote(obj.pk),),
            current_app=model_admin.admin_site.name,
        )
    except NoReverseMatch:
        return None
    filters = model_admin.get_preserved_filters(request) if request else ""
    return f"{url}?{filters}" if filters else url
