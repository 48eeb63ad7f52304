"""The addresses that a project includes: ``path("progress/", include(__name__))``."""

from __future__ import annotations

from django.urls import path

from .views import progress, progress_html

app_name = "task_tracker_progress"

urlpatterns = [
    path("", progress, name="json"),
    path("html/", progress_html, name="html"),
]
