"""The metrics of the web processes, for Prometheus and for staff."""

from __future__ import annotations

import hmac

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from ..config import config
from .exposition import every_process


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """The metrics as text, for the token of TASK_TRACKER_METRICS_TOKEN and for staff."""
    if not (_has_token(request) or _is_staff(request)):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse(generate_latest(every_process()), content_type=CONTENT_TYPE_LATEST)


# Prometheus does not log in: for Django's LoginRequiredMiddleware.
metrics.login_required = False  # type: ignore[attr-defined]


def _has_token(request: HttpRequest) -> bool:
    token = config.TASK_TRACKER_METRICS_TOKEN
    given = request.headers.get("Authorization", "")
    return bool(token) and hmac.compare_digest(given.encode(), f"Bearer {token}".encode())


def _is_staff(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)
    return user is not None and user.is_active and user.is_staff
