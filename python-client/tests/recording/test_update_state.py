"""Progress told by Celery's own ``update_state`` is shown as progress."""

import json

import pytest
from celery.app.task import Task

from celery_task_tracker.recording import update_state
from servers import wait_for
from shop import tasks

pytestmark = pytest.mark.usefixtures("tracker")


def progress(record, pk, sent):
    return json.loads(record(pk, sent.id).get("progress", "null"))


@pytest.mark.parametrize(
    ("meta", "shown"),
    [
        ({"current": 3, "total": 10}, {"current": 3, "total": 10, "message": ""}),
        ({"current": 3, "total": 0}, {"current": 3, "total": None, "message": ""}),
        (
            {"current": 3, "total": 10, "percent": 30, "description": "rows"},
            {"current": 3, "total": 10, "message": "rows"},
        ),
    ],
)
def test_it_is_shown_while_the_task_runs(worker, record, told, meta, shown):
    sent = tasks.update.delay(150, meta)
    told("updated:150")
    wait_for(lambda: progress(record, 150, sent), "the progress")
    assert progress(record, 150, sent) == shown
    # The worker has two processes, and would sleep in both.
    tasks.update.app.control.revoke(sent.id, terminate=True)


@pytest.mark.parametrize(
    ("meta", "state", "task_id"),
    [
        ({"current": 3}, "ODD", None),
        ({"current": "x"}, "PROGRESS", None),
        ({"current": 3}, "PROGRESS", "another"),
        ({"done": 3}, "PROGRESS", None),
        (["current"], "PROGRESS", None),
        (None, "PROGRESS", None),
    ],
)
def test_anything_else_is_not(record, meta, state, task_id, monkeypatch):
    monkeypatch.setattr(tasks, "sleep", lambda *_: None)
    monkeypatch.setattr(tasks, "tell", lambda *_: None)
    seen = []
    monkeypatch.setattr(update_state, "report", lambda *said: seen.append(said))
    tasks.update.apply((151, meta, state, task_id))
    assert seen in ([], [("x", None, "")])


def test_a_setting_turns_it_off(settings, monkeypatch):
    settings.TASK_TRACKER_UPDATE_STATE = False
    monkeypatch.setattr(tasks, "sleep", lambda *_: None)
    monkeypatch.setattr(tasks, "tell", lambda *_: None)
    monkeypatch.setattr(update_state, "report", lambda *_: pytest.fail("it was reported"))
    tasks.update.apply((152, {"current": 3}))


def test_celery_is_wrapped_once():
    before = Task.update_state
    update_state.watch()
    assert Task.update_state is before
