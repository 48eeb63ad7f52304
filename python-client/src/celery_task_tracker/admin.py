"""The *Task Tracker* button and its pages on every ModelAdmin of a registered model.

Nothing has to be configured: an admin site builds its URLs after every app has registered its
models and tasks, and at that moment the ModelAdmins of tracked models become
:class:`TaskTrackerAdminMixin`, whatever the order in which all that was registered.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import quote
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.loader import select_template
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, reverse

from .registry import registry

if TYPE_CHECKING:
    Base = ModelAdmin[Any]
else:
    Base = object


class TaskTrackerAdminMixin(Base):
    """Adds the task tracker to a ModelAdmin: the button on the change form, and the pages.

    ``task_tracker_template`` replaces the page's template for this ModelAdmin; without it
    ``admin/<app>/<model>/task_tracker.html`` and ``admin/<app>/task_tracker.html`` are looked
    for before the package's own.
    """

    task_tracker_template: str | None = None

    def get_urls(self) -> list[URLPattern]:
        from . import urls

        # Ahead of the ModelAdmin's own, whose last pattern takes any address.
        return [*urls.patterns(self), *super().get_urls()]

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        response = super().render_change_form(request, context, add, change, form_url, obj)
        if (
            obj is None
            or not isinstance(response, TemplateResponse)
            or not self.has_view_permission(request, obj)
            or response.context_data is None
        ):
            return response
        url = self._task_tracker_url(request, obj)
        if url:
            # The model's or the app's own template stays what it is: ours extends it.
            template = response.template_name
            response.context_data |= {
                "task_tracker_url": url,
                "task_tracker_change_form": template
                if hasattr(template, "render")
                else select_template([template] if isinstance(template, str) else list(template)),
            }
            response.template_name = "admin/celery_task_tracker/change_form.html"
        return response

    def _task_tracker_url(self, request: HttpRequest, obj: Model) -> str | None:
        """The page's address with the change list's filters kept; ``None`` where there is none."""
        opts = self.opts
        try:
            url = reverse(
                f"admin:{opts.app_label}_{opts.model_name}_task_tracker",
                args=(quote(obj.pk),),
                current_app=self.admin_site.name,
            )
        except NoReverseMatch:
            return None
        filters = self.get_preserved_filters(request)
        return add_preserved_filters({"preserved_filters": filters, "opts": opts}, url)


def install() -> None:
    """Makes every admin site equip its ModelAdmins when it builds its URLs."""
    original = AdminSite.get_urls
    if hasattr(original, "equips_task_tracker"):
        return

    @functools.wraps(original)
    def get_urls(site: AdminSite) -> Any:
        equip(site)
        return original(site)

    get_urls.equips_task_tracker = True  # type: ignore[attr-defined]
    AdminSite.get_urls = get_urls  # type: ignore[method-assign, assignment]


def equip(site: AdminSite) -> None:
    """Gives the mixin to each ModelAdmin of ``site`` whose model has tracked tasks."""
    for model, model_admin in site._registry.items():
        cls = type(model_admin)
        if registry.for_model(model) and not issubclass(cls, TaskTrackerAdminMixin):
            model_admin.__class__ = type(
                cls.__name__, (TaskTrackerAdminMixin, cls), {"__module__": cls.__module__}
            )
