import pytest

from celery_task_tracker.recording import spool
from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server.writes import Event


def event(number, text=""):
    ref = ObjectRef("shop.order", "1")
    return Event((ref,), f"t{number}", "shop.t", "PENDING", 0, number, {"args": text})


@pytest.fixture
def waiting():
    waiting = spool.Spool()
    for number in range(5):
        waiting.append(event(number))
    return waiting


def ids(events):
    return [event.task_id for event in events]


def test_events_come_out_in_the_order_in_which_they_went_in(waiting):
    assert ids(waiting.take()) == ["t0", "t1", "t2", "t3", "t4"]
    assert len(waiting) == 0
    assert waiting.take() == []


def test_what_was_put_back_comes_first_again(waiting):
    batch = waiting.take()
    waiting.append(event(5))
    waiting.put_back(batch)
    assert ids(waiting.take()) == ["t0", "t1", "t2", "t3", "t4", "t5"]


def test_too_many_push_out_the_oldest_and_are_counted(waiting, settings):
    settings.TASK_TRACKER_SPOOL_SIZE = 3
    waiting.append(event(5))
    assert waiting.lost == 3
    assert ids(waiting.take()) == ["t3", "t4", "t5"]


def test_too_much_text_pushes_out_the_oldest(waiting, monkeypatch):
    monkeypatch.setattr(spool, "MAX_TEXT", 100)
    waiting.append(event(5, "x" * 60))
    waiting.append(event(6, "x" * 60))
    assert ids(waiting.take()) == ["t6"]


def test_what_does_not_fit_when_put_back_is_lost(waiting, settings):
    batch = waiting.take()
    settings.TASK_TRACKER_SPOOL_SIZE = 2
    waiting.put_back(batch)
    assert ids(waiting.take()) == ["t3", "t4"]
    assert waiting.lost == 3


def test_a_batch_is_bounded_in_number_and_in_text(monkeypatch):
    monkeypatch.setattr(spool, "BATCH_EVENTS", 2)
    monkeypatch.setattr(spool, "BATCH_TEXT", 10)
    waiting = spool.Spool()
    for number, length in enumerate([1, 1, 1, 8, 2, 50]):
        waiting.append(event(number, "x" * length))
    taken = []
    while waiting:
        taken.append(ids(waiting.take()))
    assert taken == [["t0", "t1"], ["t2", "t3"], ["t4"], ["t5"]]
