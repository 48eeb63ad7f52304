"""The *Task Tracker* button and its pages on every ModelAdmin of a registered model.

Nothing has to be configured. When an admin site builds its URLs, every app has registered its
models and tasks. At that moment the ModelAdmins of tracked models get
:class:`TaskTrackerAdminMixin`, so the order of registration does not matter.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.contrib.admin import AdminSite, ModelAdmin, display
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.loader import select_template
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils.translation import gettext as _

from ..config import config
from ..registration.registry import registry
from . import rerun_failed
from .address import page_url
from .assets import column_media
from .changelist import COLUMN, TITLE, StatusColumn
from .front_page import with_panel
from .hooks import offered_names
from .list_filter import TaskTrackerFilter
from .overview import may_see_overview, overview_url, shows_every_object
from .rerun import rerunnable

if TYPE_CHECKING:
    Base = ModelAdmin[Any]
else:
    Base = object


class TaskTrackerAdminMixin(Base):
    """Adds the task tracker to a ModelAdmin: the button on the change form, and the page.

    ``task_tracker_template`` is the page's template for this ModelAdmin. Without it Django looks
    for ``admin/<app>/<model>/task_tracker.html`` and ``admin/<app>/task_tracker.html``, then takes
    the package's own.

    ``task_tracker_column`` is whether the change list has a column with each object's tasks. If it
    is missing or ``None``, the setting TASK_TRACKER_CHANGELIST_COLUMN decides. The column comes
    last, or where ``list_display`` names ``"task_tracker_status"``. Naming it there is enough to
    have it.

    ``task_tracker_filter = False`` leaves out the filter that a list with the column has.

    The methods whose names begin with ``get_task_tracker_`` or ``has_task_tracker_`` are for
    overriding. A ModelAdmin may have them without inheriting from this class; to call ``super()``
    it has to.
    """

    # No values here: this class comes first in the MRO, so they would hide those of the ModelAdmin.
    task_tracker_template: str | None
    task_tracker_column: bool | None
    task_tracker_filter: bool

    def get_urls(self) -> list[URLPattern]:
        from . import urls

        # Before the ModelAdmin's own URLs, whose last pattern matches anything.
        return [*urls.patterns(self), *super().get_urls()]

    def has_task_tracker_overview_permission(self, request: HttpRequest) -> bool:
        """Whether this user may see the overview: tasks of every object, and how many there are.

        A ModelAdmin may have a method of its own. Without one, users with the permission to view
        the model may, provided that Django itself decides who views which object, see
        :func:`~.overview.shows_every_object`.
        """
        own = getattr(super(), "has_task_tracker_overview_permission", None)
        if own is not None:
            return bool(own(request))
        return shows_every_object(self) and self.has_view_permission(request)

    def get_task_tracker_tasks(self, request: HttpRequest, obj: Model) -> Iterable[str]:
        """The names of the tasks that this user may launch for ``obj``, and run again.

        Others are left out and refused. Without a method of its own: all registered tasks of the
        model that are not hidden. It cannot add to these.
        """
        own = getattr(super(), "get_task_tracker_tasks", None)
        return own(request, obj) if own is not None else offered_names(self.model)

    def has_task_tracker_launch_permission(self, request: HttpRequest, obj: Model) -> bool:
        """Whether this user may launch tasks for ``obj`` and run them again.

        Asked of those who may change it. Without a method of its own: yes.
        """
        own = getattr(super(), "has_task_tracker_launch_permission", None)
        return own is None or bool(own(request, obj))

    def has_task_tracker_revoke_permission(self, request: HttpRequest, obj: Model) -> bool:
        """Whether this user may revoke tasks of ``obj``.

        Asked of those who may change it. Without a method of its own: yes.
        """
        own = getattr(super(), "has_task_tracker_revoke_permission", None)
        return own is None or bool(own(request, obj))

    def get_task_tracker_links(
        self, request: HttpRequest, record: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """The links of a task, in the form of the setting TASK_TRACKER_LINKS, its default.

        ``record`` has the fields of the record as text or as what their JSON means, in a row those
        of the row alone.
        """
        own = getattr(super(), "get_task_tracker_links", None)
        links: Mapping[str, Any] = (
            own(request, record) if own is not None else config.TASK_TRACKER_LINKS
        )
        return links

    def get_task_tracker_columns(self, request: HttpRequest) -> Mapping[str, Any]:
        """Columns of the page's table beside its own: a field of the row, or a function of its
        fields that returns a text, by the column's heading. Without a method of its own: none."""
        own = getattr(super(), "get_task_tracker_columns", None)
        columns: Mapping[str, Any] = own(request) if own is not None else {}
        return columns

    @display(description=TITLE)
    def task_tracker_status(self, obj: Model) -> str:
        """The column's cell for one object. Costs a round trip; a change list needs one for all."""
        return StatusColumn(self, None, lambda: [obj])(obj)

    def get_actions(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        actions = super().get_actions(request, *args, **kwargs)
        # As in Django's own method: None is for no actions at all, and a popup has none.
        wanted = self.actions is not None and IS_POPUP_VAR not in request.GET
        if (
            wanted
            and self._has_task_tracker_column(request)
            and self.has_change_permission(request)
            and rerunnable(self.model)
        ):
            act: Any = (rerun_failed.rerun_failed, rerun_failed.NAME, rerun_failed.TITLE)
            actions = {**actions, rerun_failed.NAME: act}
        return actions

    def get_list_filter(self, request: HttpRequest) -> Any:
        filters = super().get_list_filter(request)
        if TaskTrackerFilter in filters or getattr(self, "task_tracker_filter", True) is False:
            return filters
        return [*filters, TaskTrackerFilter] if self._has_task_tracker_column(request) else filters

    def _has_task_tracker_column(self, request: HttpRequest) -> bool:
        return COLUMN in self.get_list_display(request)

    def get_list_display(self, request: HttpRequest) -> Any:
        names = super().get_list_display(request)
        if IS_POPUP_VAR in request.GET:
            # A popup is for choosing an object.
            return [name for name in names if name != COLUMN]
        wanted = getattr(self, "task_tracker_column", None)
        if wanted is None:
            wanted = config.TASK_TRACKER_CHANGELIST_COLUMN
        return [*names, COLUMN] if wanted and COLUMN not in names else names

    def get_list_display_links(self, request: HttpRequest, list_display: Any) -> Any:
        # The column's cells are links already.
        others = [name for name in list_display if name != COLUMN]
        return super().get_list_display_links(request, others)

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        changelist = super().get_changelist_instance(request)
        column = StatusColumn(self, request, lambda: changelist.result_list)
        changelist.list_display = [
            column if name == COLUMN else name for name in changelist.list_display
        ]
        return changelist

    # The next two pass on exactly what Django gives them: other people's overrides take no more.

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().changelist_view(request, *args, **kwargs)
        context = getattr(response, "context_data", None) or {}
        changelist = context.get("cl")
        if changelist and any(isinstance(each, StatusColumn) for each in changelist.list_display):
            context["media"] += column_media()
        if (
            isinstance(response, TemplateResponse)
            and changelist
            and not changelist.is_popup
            and may_see_overview(request, self)
        ):
            self._add_button(response, "list", overview_url(self))
        return response

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        *args: Any,
        **kwargs: Any,
    ) -> HttpResponse:
        response = super().render_change_form(request, context, *args, **kwargs)
        if not isinstance(response, TemplateResponse) or response.context_data is None:
            return response
        obj = response.context_data.get("original")
        if (
            obj is None
            or response.context_data.get("is_popup")
            or not self.has_view_permission(request, obj)
        ):
            return response
        self._add_button(response, "detail", page_url(self, request, obj))
        return response

    def _add_button(self, response: TemplateResponse, place: str, url: str | None) -> None:
        """Adds the button that leads to ``url``. ``place``: ``detail`` for the change form, and
        ``list`` for the change list."""
        context = response.context_data
        if not url or context is None:
            return
        if f"actions_{place}" in context:
            # django-unfold's own list of buttons, each with one of its icons.
            button = {"title": _("Task Tracker"), "path": url, "icon": "checklist"}
            context[f"actions_{place}"] = [*(context[f"actions_{place}"] or ()), button]
            return
        # Our template extends the one that would have been rendered.
        template = response.template_name
        context |= {
            "task_tracker_url": url,
            "task_tracker_extends": template
            if hasattr(template, "render")
            else select_template([template] if isinstance(template, str) else list(template)),
        }
        response.template_name = "admin/celery_task_tracker/with_button.html"


def install() -> None:
    """Makes every admin site call :func:`equip` when it is checked and when it builds its URLs."""
    for name in ("check", "get_urls"):
        original = getattr(AdminSite, name)
        if not hasattr(original, "equips_task_tracker"):
            setattr(AdminSite, name, _equipping(original))


def _equipping(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def method(site: AdminSite, *args: Any, **kwargs: Any) -> Any:
        equip(site)
        return original(site, *args, **kwargs)

    method.equips_task_tracker = True  # type: ignore[attr-defined]
    return method


def equip(site: AdminSite) -> None:
    """Gives the mixin to each ModelAdmin of ``site`` whose model has tracked tasks, and the panel
    to its front page."""
    if not hasattr(site.index, "shows_task_tracker"):
        site.index = with_panel(site)  # type: ignore[method-assign, assignment]
    for model, model_admin in site._registry.items():
        cls = type(model_admin)
        if registry.tracks(model) and not issubclass(cls, TaskTrackerAdminMixin):
            model_admin.__class__ = type(
                cls.__name__, (TaskTrackerAdminMixin, cls), {"__module__": cls.__module__}
            )
