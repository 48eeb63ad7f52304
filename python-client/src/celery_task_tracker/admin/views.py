"""The task tracker's page, of one object or of a whole model, and the endpoints that it reads.

Each view is called with its ModelAdmin, behind the admin site's login and CSRF protection. The
ModelAdmin's own hooks decide: a user who may view the object sees its tasks, and one who may change
it launches and revokes them. Everything is asked of Redis under the object's own key, so a
task is reachable only through the object that it ran for. Who may see the tasks of all objects is
said in :mod:`.overview`; acting on one takes the permission for its object.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.utils.cache import get_conditional_response, set_response_etag
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from ..config import config
from ..registration.registry import registry
from ..registration.resolution import ObjectRef, OverviewRef, Ref
from ..server.client import get_client
from ..server.errors import LOADMODULE
from ..states import ACTIVE_STATES
from ..templatetags.task_humanize import humanize_task
from .assets import page_assets
from .causes import failed_by_json
from .endpoint import endpoint, record_of
from .filters import query_of
from .found import HIDDEN_FIELDS, with_excerpts
from .hooks import Rights
from .objects import holders, row_fields
from .overview import has_overview, may_see_overview
from .own import own_columns, own_links, with_own
from .owner import Owner, with_owners
from .presentable import presentable
from .revocation import may_terminate
from .silence import MISSED, silent_json, with_silent_count
from .strings import interface_strings, state_labels
from .subject import OneObject, Subject, WholeModel, changelist_url

#: The usual numbers of rows to choose from.
PAGE_SIZES = (10, 25, 50, 100, 200)


def page(request: HttpRequest, object_id: str, *, model_admin: ModelAdmin[Any]) -> HttpResponse:
    """The page of one object. Does not ask Redis: the page fetches its rows itself.

    Costs a query for each relation that the launch arguments follow.
    """
    obj = model_admin.get_object(request, unquote(object_id))
    if obj is None:
        # As Django's own views of a ModelAdmin do, with the same message.
        response: HttpResponse = model_admin._get_obj_does_not_exist_redirect(  # type: ignore[attr-defined]
            request, model_admin.opts, object_id
        )
        return response
    if not model_admin.has_view_permission(request, obj):
        raise PermissionDenied
    return _page(OneObject(request, model_admin, obj))


def overview(request: HttpRequest, *, model_admin: ModelAdmin[Any]) -> HttpResponse:
    """The same page for a whole model. Costs no query."""
    if not has_overview(model_admin.model):
        raise Http404
    if not may_see_overview(request, model_admin):
        raise PermissionDenied
    return _page(WholeModel(request, model_admin))


def _page(subject: Subject) -> HttpResponse:
    request, model_admin = subject.request, subject.model_admin
    opts = model_admin.opts
    names = {
        registration.name: humanize_task(registration.name)
        for registration in registry.for_rows_of(model_admin.model)
    }
    can_change, can_revoke = subject.can_change, subject.can_revoke
    rerunnable = sorted(subject.rerunnable_names)
    columns = list(own_columns(request, model_admin))
    base = subject.page_url
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Task Tracker"),
        "subtitle": subject.name,
        "opts": opts,
        "object": subject.obj,
        "name": subject.name,
        "name_url": subject.name_url,
        "module_name": str(capfirst(opts.verbose_name_plural)),
        "preserved_filters": model_admin.get_preserved_filters(request),
        "change_url": subject.name_url,
        "changelist_url": changelist_url(subject),
        "overview_url": subject.overview_url,
        "can_change": can_change,
        "can_revoke": can_revoke,
        "can_rerun": bool(rerunnable),
        "columns": columns,
        "launchable": subject.launchable,
        "tracked": list(names.values()),
        "states": state_labels(),
        "assets": page_assets(),
        "loadmodule": LOADMODULE,
        "page_sizes": _page_sizes(),
        "page_config": {
            "urls": {
                "list": f"{base}list/",
                "task": f"{base}tasks/",
                "family": f"{base}family/",
                "launch": f"{base}launch/",
                "revoke": f"{base}revoke/",
                "revokeActive": f"{base}revoke-active/",
                "lost": f"{base}lost/",
                "rerun": f"{base}rerun/",
                "several": f"{base}several/",
                "plan": f"{base}several/plan/",
                "picture": f"{base}picture/",
                "causes": f"{base}causes/",
                "usual": f"{base}usual/",
            },
            "hasObjects": subject.obj is None,
            "csrfCookie": settings.CSRF_COOKIE_NAME,
            "canChange": can_change,
            "canRevoke": can_revoke,
            "canTerminate": can_revoke and may_terminate(request),
            "rerunnable": rerunnable,
            "columns": columns,
            "names": names,
            "states": state_labels(),
            "activeStates": sorted(ACTIVE_STATES),
            "silentAfter": MISSED * config.TASK_TRACKER_HEARTBEAT * 1000,
            "refreshInterval": config.TASK_TRACKER_REFRESH_INTERVAL,
            "pageSize": _default_page_size(),
            "strings": interface_strings(),
        },
    }
    request.current_app = model_admin.admin_site.name
    own = getattr(model_admin, "task_tracker_template", None)
    return TemplateResponse(
        request,
        own
        or [
            f"admin/{opts.app_label}/{opts.model_name}/task_tracker.html",
            f"admin/{opts.app_label}/task_tracker.html",
            "admin/celery_task_tracker/task_tracker.html",
        ],
        context,
    )


def _default_page_size() -> int:
    return int(min(config.TASK_TRACKER_PAGE_SIZE, config.TASK_TRACKER_MAX_PAGE_SIZE))


def _page_sizes() -> list[int]:
    """The numbers of rows that the page offers: the default, and the usual ones if allowed."""
    largest = config.TASK_TRACKER_MAX_PAGE_SIZE
    return sorted({_default_page_size(), *(size for size in PAGE_SIZES if size <= largest)})


@endpoint("GET", "view")
def task_list(
    request: HttpRequest, obj: Model | None, ref: Ref, *, model_admin: ModelAdmin[Any]
) -> HttpResponse:
    """One page of rows, as the module's own JSON, narrowed by what :func:`query_of` reads.

    A search (``match``) adds how many records were ``examined``, whether that was ``complete``, and
    the ``until`` to go on with. A row found by a field that it does not show has an excerpt.
    ``silent`` and ``cause`` narrow it further, see :func:`silent_json` and :func:`failed_by_json`.

    Nothing in the reply depends on the clock but how many tasks are silent, so its ETag stays the
    same while the rows and counts do. A request with it as ``If-None-Match`` then gets a 304
    without a body. Costs one command, one more if a task runs that is not among the rows, and once
    per process a query for the module's version; the overview one query of the database.
    """
    query = query_of(request.GET)
    client = get_client()
    client.ensure_compatible()
    if request.GET.get("silent"):
        reply = silent_json(ref, query)
    elif request.GET.get("cause"):
        reply = failed_by_json(ref, query, request.GET["cause"])
    elif query.match:
        reply = client.query_json(ref, query, (*row_fields(ref), *HIDDEN_FIELDS))
        reply = with_excerpts(reply, query.match)
    else:
        reply = client.query_json(ref, query, row_fields(ref))
    reply = with_silent_count(ref, with_own(request, model_admin, reply))
    if isinstance(ref, OverviewRef):
        reply = with_owners(request, model_admin, ref, reply)
    response = HttpResponse(reply, content_type="application/json")
    set_response_etag(response)
    return get_conditional_response(request, response["ETag"], response=response) or response


@endpoint("GET", "view")
def task_detail(
    request: HttpRequest,
    obj: Model | None,
    ref: Ref,
    task_id: str,
    *,
    model_admin: ModelAdmin[Any],
) -> HttpResponse:
    """The whole record of one task: arguments, result, error and traceback included.

    ``objects`` names this object only: the user may not be allowed to see the others. In the
    overview ``object`` says which one it is, see :meth:`.Owner.as_json`. Of a task whose objects no
    longer have a record, or may not be viewed by this user, only what the overview has is shown.
    """
    record = record_of(ref, task_id)
    answer = presentable(record)
    if isinstance(ref, OverviewRef):
        answer["object"] = None
        for owner, owner_ref in holders(request, model_admin, ref, record)[:1]:
            own = get_client().get(owner_ref, task_id)
            answer = presentable(own or record)
            rights = Rights(request, model_admin, owner)
            answer["object"] = Owner(rights).as_json(record["name"])
            ref = owner_ref
    if answer.pop("objects", None) and isinstance(ref, ObjectRef):
        answer["objects"] = [list(ref)]
    answer["links"] = own_links(request, model_admin, answer)
    return JsonResponse(answer)
