"""Late events of a deleted object record nothing."""

import pytest
from celery import states

from celery_task_tracker import task_tracker
from celery_task_tracker.recording import process
from servers import wait_for
from shop import tasks
from shop.models import Order

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order(worker, tracker):
    return Order.objects.create()


@pytest.fixture
def late_events(tracker):
    """``late_events(2)``: waits until that many events came too late for their object."""

    def told():
        with tracker.client() as client:
            return client.info("tracker")["tracker_gone"]

    before = told()
    return lambda count: wait_for(
        lambda: told() - before >= count, f"{count} late events; there are {told() - before}"
    )


def left(tracker, pk):
    """What the tracker keeps of an order, the mark of its deletion left out."""
    process.flush_at_end()
    with tracker.client() as client:
        return set(client.keys(f"shop.order:{{{pk}}}:*")) - {f"shop.order:{{{pk}}}:deleted"}


def delete(order):
    """Deletes the order, as another request would, and returns its primary key."""
    pk = order.pk
    order.delete()
    process.flush_at_end()
    return pk


def test_a_task_that_runs_while_its_object_is_deleted_leaves_nothing(
    order, tracker, ended, late_events
):
    sent = tasks.sleep.delay(order.pk, 1)
    ended(order.pk, sent.id, states.STARTED)
    pk = delete(order)
    assert left(tracker, pk) == set()
    late_events(1)
    assert left(tracker, pk) == set()


def test_a_task_that_waits_while_its_object_is_deleted_leaves_nothing(
    order, tracker, ended, late_events
):
    sent = tasks.succeed.apply_async((order.pk, "a secret"), countdown=2)
    ended(order.pk, sent.id, states.RECEIVED)
    pk = delete(order)
    late_events(2)
    assert left(tracker, pk) == set()


def test_a_task_that_fails_or_retries_meanwhile_leaves_nothing(order, tracker, ended, late_events):
    sent = tasks.retry_once.delay(order.pk, countdown=2)
    ended(order.pk, sent.id, states.RETRY)
    pk = delete(order)
    late_events(2)
    assert left(tracker, pk) == set()


def test_a_task_that_deletes_its_own_object_leaves_nothing(worker, tracker, late_events):
    tasks.delete_order.delay(4_001)
    late_events(1)
    assert left(tracker, 4_001) == set()


def test_a_new_object_with_the_same_key_shows_its_own_tasks_only(
    order, tracker, ended, late_events
):
    old = tasks.sleep.delay(order.pk, 2)
    ended(order.pk, old.id, states.STARTED)
    pk = delete(order)
    new = Order.objects.create(pk=pk)
    sent = tasks.succeed.delay(pk)
    ended(pk, sent.id, states.SUCCESS)
    late_events(1)
    assert [task.id for task in task_tracker.tasks(new).tasks] == [sent.id]
    assert task_tracker.stats(new).states == {"SUCCESS": 1}


def test_the_mark_of_a_deletion_does_not_outlive_the_retention(order, tracker, settings):
    tasks.succeed.apply((order.pk,))
    pk = delete(order)
    with tracker.client() as client:
        assert 0 < client.ttl(f"shop.order:{{{pk}}}:deleted") <= 86_400


def test_removing_single_records_leaves_no_mark(order, tracker):
    sent = tasks.succeed.apply((order.pk,))
    process.flush_at_end()
    with tracker.client() as client:
        assert client.execute_command("TRACKER.DEL", "shop.order", order.pk, sent.id) == 1
        assert not client.exists(f"shop.order:{{{order.pk}}}:deleted")
    tasks.succeed.apply((order.pk,))
    process.flush_at_end()
    assert task_tracker.stats(order).total == 1
