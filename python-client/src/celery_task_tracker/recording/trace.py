"""The trace that the current span of OpenTelemetry or Sentry belongs to, if either is in use."""

from __future__ import annotations

import sys

from celery.exceptions import SoftTimeLimitExceeded


def trace_fields() -> dict[str, str]:
    """The field ``trace_id``, or nothing. Imports neither library and does not raise."""
    for module, find in (("opentelemetry.trace", _opentelemetry), ("sentry_sdk", _sentry)):
        if module in sys.modules:
            try:
                trace_id = find()
            except SoftTimeLimitExceeded:
                # Meant for the task that is running.
                raise
            except Exception:
                trace_id = ""
            if trace_id:
                return {"trace_id": trace_id}
    return {}


def _opentelemetry() -> str:
    context = sys.modules["opentelemetry.trace"].get_current_span().get_span_context()
    return format(context.trace_id, "032x") if context.is_valid else ""


def _sentry() -> str:
    span = sys.modules["sentry_sdk"].get_current_span()
    return "" if span is None else str(span.trace_id)[:64]
