"""The trace of the current span is stored, whichever library has one, without needing either."""

import sys
from types import SimpleNamespace

import pytest

from celery_task_tracker.recording.trace import trace_fields
from shop import tasks


def opentelemetry(trace_id, is_valid=True):
    context = SimpleNamespace(trace_id=trace_id, is_valid=is_valid)
    return SimpleNamespace(
        get_current_span=lambda: SimpleNamespace(get_span_context=lambda: context)
    )


def sentry(span):
    return SimpleNamespace(get_current_span=lambda: span)


def test_without_a_library_there_is_none():
    assert trace_fields() == {}


@pytest.mark.parametrize(
    ("module", "library", "trace_id"),
    [
        ("opentelemetry.trace", opentelemetry(255), "ff".zfill(32)),
        ("opentelemetry.trace", opentelemetry(0, is_valid=False), None),
        ("opentelemetry.trace", SimpleNamespace(), None),
        ("sentry_sdk", sentry(SimpleNamespace(trace_id="abc")), "abc"),
        ("sentry_sdk", sentry(None), None),
        ("sentry_sdk", sentry(object()), None),
    ],
)
def test_the_current_span_tells_it(monkeypatch, module, library, trace_id):
    monkeypatch.setitem(sys.modules, module, library)
    assert trace_fields().get("trace_id") == trace_id


def test_it_is_stored_with_the_task(tracker, record, monkeypatch):
    monkeypatch.setitem(sys.modules, "sentry_sdk", sentry(SimpleNamespace(trace_id="abc")))
    assert record(160, tasks.succeed.apply((160,)).id)["trace_id"] == "abc"
