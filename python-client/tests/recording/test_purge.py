import pytest
from django.db import connection, transaction

from celery_task_tracker import task_tracker
from celery_task_tracker.recording import process, purge
from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.writes import Event
from servers import RedisServer, free_port
from shop.models import Order, RushOrder, Untracked

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order(tracker):
    order = Order.objects.create()
    keep(order.pk)
    keep(order.pk + 1)
    return order


def ref(pk):
    return ObjectRef("shop.order", str(pk))


def keep(pk):
    get_client().write([Event((ref(pk),), "t1", "shop.t", "SUCCESS", 0, 1)])


def kept(pk):
    return get_client().get(ref(pk), "t1") is not None


def test_a_row_that_the_database_deletes_keeps_its_records_until_they_are_purged(order):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM shop_order")
    process.settle()
    assert kept(order.pk)
    with transaction.atomic():
        task_tracker.purge(Order(pk=order.pk))
        process.settle()
        assert kept(order.pk)
    process.settle()
    assert not kept(order.pk)
    assert kept(order.pk + 1)
    with pytest.raises(ValueError, match="not saved"):
        task_tracker.purge(Order())


def test_deleting_an_instance_deletes_its_records_and_no_others(order):
    pk = order.pk
    order.delete()
    assert not kept(pk)
    assert kept(pk + 1)


def test_deleting_by_a_queryset_does_too(order):
    pk = order.pk
    Order.objects.all().delete()
    assert not kept(pk)


def test_a_row_takes_its_history_with_it_by_whatever_proxy_it_is_deleted(order):
    pk = order.pk
    RushOrder.objects.get(pk=pk).delete()
    assert not kept(pk)


@pytest.mark.parametrize("is_ready", [False, True])
def test_a_model_that_is_registered_before_all_models_are_there_is_watched(monkeypatch, is_ready):
    watched = {}
    monkeypatch.setattr(purge.apps, "models_ready", is_ready)
    monkeypatch.setattr(
        purge.post_delete, "connect", lambda _, sender, **__: watched.update({sender: 1})
    )
    purge.watch("shop.untracked")
    purge.watch("shop.nothing")
    assert bool(watched) == is_ready
    monkeypatch.setattr(purge.apps, "models_ready", True)
    purge.watch_waiting()
    assert set(watched) == {Untracked}


def test_a_deletion_that_is_rolled_back_deletes_nothing(order):
    pk = order.pk
    with transaction.atomic():
        order.delete()
        transaction.set_rollback(True)
    assert kept(pk)


def test_it_can_be_switched_off(order, settings):
    settings.TASK_TRACKER_PURGE_ON_DELETE = False
    pk = order.pk
    order.delete()
    assert kept(pk)


def test_models_that_are_not_tracked_are_deleted_as_ever(tracker):
    Untracked.objects.create().delete()
    assert tracker.commands() == {}


def test_it_waits_while_redis_is_away(order, settings):
    settings.TASK_TRACKER_RETRY_AFTER = 3600
    server = RedisServer(free_port(), with_module=True)
    settings.CELERY_TASKTRACKER_REDIS_URL = server.url
    pk = order.pk
    order.delete()
    assert process.recorder.waiting == 1
    try:
        server.start()
        keep(pk)
        assert process.recorder.flush()
        assert not kept(pk)
    finally:
        server.remove()
