"""The metrics of the web processes: ``path("metrics/", include(__name__))``."""

from __future__ import annotations

from django.urls import path

from .views import metrics

app_name = "task_tracker_metrics"

urlpatterns = [path("", metrics, name="metrics")]
