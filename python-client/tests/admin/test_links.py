"""Links from a task to where the project keeps more about it."""

import pytest

from celery_task_tracker.admin.links import links_of
from celery_task_tracker.config import config

RECORD = {"id": "t 1", "state": "FAILURE", "worker": "w1@host"}


def fails(record):
    raise RuntimeError


@pytest.mark.parametrize(
    ("rule", "url"),
    [
        ("https://logs.example/?q={task_id}", "https://logs.example/?q=t%201"),
        ("/logs/{id}/{worker}", "/logs/t%201/w1%40host"),
        ("https://traces.example/{trace_id}", None),
        (lambda record: f"http://x.example/{record['state']}", "http://x.example/FAILURE"),
        (lambda record: None, None),
        (fails, None),
        (lambda record: record["missing"], None),
        ("javascript:alert('{id}')", None),
        ("{", None),
        (lambda record: "DATA:text/html,x", None),
    ],
)
def test_a_link_is_made_of_the_record_or_left_out(settings, rule, url):
    settings.TASK_TRACKER_LINKS = {"More": rule, "Last": "/last"}
    more = [] if url is None else [{"label": "More", "url": url}]
    assert links_of(config.TASK_TRACKER_LINKS, RECORD) == [*more, {"label": "Last", "url": "/last"}]


def test_without_the_setting_there_are_none():
    assert links_of(config.TASK_TRACKER_LINKS, RECORD) == []
