"""What is written, as the commands that write it."""

from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server.writes import Event


def test_an_event_is_as_large_as_its_commands():
    for objects in (1, 16):
        refs = tuple(ObjectRef("shop.order", str(number)) for number in range(objects))
        for value in ("x" * 10_000, "ä" * 10_000):
            event = Event(refs, "t1", "shop.t", "PENDING", 0, 1, {"args": value})
            sent = sum(len(command.data) for command in event.commands())
            assert sent <= event.size < sent * 1.1
