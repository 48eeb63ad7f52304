import pytest

from celery_task_tracker.recording import outbox
from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server.removals import Deletion
from celery_task_tracker.server.writes import WORDS_SIZE, Event


def event(number, text="", order="1"):
    refs = tuple(ObjectRef("shop.order", key) for key in order)
    return Event(refs, f"t{number}", "shop.t", "PENDING", 0, number, {"a": text})


@pytest.fixture
def waiting():
    waiting = outbox.Outbox()
    for number in range(5):
        waiting.append(event(number))
    return waiting


def ids(events):
    return [event.task_id for event in events]


def test_events_come_out_in_the_order_in_which_they_went_in(waiting):
    assert ids(waiting.take()) == ["t0", "t1", "t2", "t3", "t4"]
    waiting.settle()
    assert len(waiting) == 0
    assert waiting.take() == []


def test_what_follows_a_deletion_of_its_object_waits_for_the_next_packet(waiting):
    """A deletion takes several commands, and a new object may have the same key."""
    deletions = [Deletion(ObjectRef("shop.order", key)) for key in "12"]
    for write in (*deletions, event(5, order="3"), event(6, order="2"), event(7, order="3")):
        waiting.append(write)
    assert waiting.take()[5:] == [*deletions, event(5, order="3")]
    waiting.settle()
    assert ids(waiting.take()) == ["t6", "t7"]


def test_what_was_taken_counts_until_it_is_settled(waiting):
    waiting.take()
    assert len(waiting) == 5
    assert not waiting.has_waiting
    waiting.settle()
    assert len(waiting) == 0


def test_what_was_put_back_comes_first_again(waiting):
    waiting.take()
    waiting.append(event(5))
    waiting.put_back()
    assert ids(waiting.take()) == ["t0", "t1", "t2", "t3", "t4", "t5"]


def test_too_many_push_out_the_oldest_and_are_counted(waiting, settings):
    settings.TASK_TRACKER_SPOOL_SIZE = 3
    waiting.append(event(5))
    waiting.trim()
    assert waiting.lost == 3
    assert ids(waiting.take()) == ["t3", "t4", "t5"]


def test_too_many_bytes_push_out_the_oldest(waiting, monkeypatch):
    monkeypatch.setattr(outbox, "MAX_BYTES", WORDS_SIZE + 100)
    waiting.append(event(5, "x" * 60))
    waiting.append(event(6, "x" * 60))
    waiting.trim()
    assert ids(waiting.take()) == ["t6"]


def test_what_does_not_fit_when_put_back_is_lost(waiting, settings):
    waiting.take()
    settings.TASK_TRACKER_SPOOL_SIZE = 2
    waiting.put_back()
    waiting.trim()
    assert ids(waiting.take()) == ["t3", "t4"]
    assert waiting.lost == 3


def test_a_packet_is_bounded_in_number_and_in_bytes(monkeypatch):
    monkeypatch.setattr(outbox, "PACKET_EVENTS", 2)
    monkeypatch.setattr(outbox, "PACKET_BYTES", 2 * WORDS_SIZE + 12)
    waiting = outbox.Outbox()
    for number, length in enumerate([1, 1, 1, 8, WORDS_SIZE + 10, 2 * WORDS_SIZE]):
        waiting.append(event(number, "x" * length))
    taken = []
    while waiting:
        taken.append(ids(waiting.take()))
        waiting.settle()
    assert taken == [["t0", "t1"], ["t2", "t3"], ["t4"], ["t5"]]


@pytest.mark.parametrize(
    ("text", "order", "size"),
    [("x" * 1000, "1", 1000), ("x" * 1000, "1234", 4000), ("ключ" * 100, "12", 1600)],
)
def test_the_size_of_an_event_is_what_its_commands_send(text, order, size):
    written = event(1, text, order)
    assert size < written.size <= size + 300 * len(order)


class TestHeldBack:
    """Writes that wait because a cluster moves their object between two nodes."""

    def test_it_is_not_taken_and_nothing_of_the_same_object_overtakes_it(self):
        waiting = outbox.Outbox()
        first = event(1)
        for write in (first, event(2, order="2"), event(3, order="3")):
            waiting.append(write)
        waiting.take()
        waiting.settle([first])
        waiting.append(event(4))
        waiting.append(event(5, order="21"))
        waiting.append(event(6, order="2"))
        assert ids(waiting.take()) == ["t6"]
        waiting.settle()
        assert (waiting.has_waiting, waiting.has_held, len(waiting)) == (False, True, 3)
        waiting.append(event(7, order="4"))
        waiting.release()
        assert ids(waiting.take()) == ["t1", "t4", "t5", "t7"]

    def test_it_is_bounded_as_well(self, waiting, settings):
        settings.TASK_TRACKER_SPOOL_SIZE = 2
        waiting.settle(waiting.take())
        assert (len(waiting), waiting.lost) == (2, 3)

    def test_its_bytes_are_bounded_too(self, waiting, monkeypatch):
        monkeypatch.setattr(outbox, "MAX_BYTES", 3 * (WORDS_SIZE + 1_000))
        waiting.settle(waiting.take())
        for number in range(5, 10):
            waiting.append(event(number, "x" * 900))
        assert waiting.take() == []
        assert (len(waiting), waiting.lost) == (3, 7)
        waiting.release()
        assert ids(waiting.take()) == ["t7", "t8", "t9"]
