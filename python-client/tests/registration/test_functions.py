"""``id_query`` as a function of the task's arguments."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from celery_task_tracker import Launch
from celery_task_tracker.registration.registry import Registry
from celery_task_tracker.registration.resolution import Call, ObjectRef, OutOfReach
from shop import tasks
from shop.models import Customer, Order, Parcel, RushOrder, Shelf

pytestmark = pytest.mark.django_db


@pytest.fixture
def objects_of(settings):
    """``objects_of(models, function, *args, **kwargs)``: the objects of a call."""
    settings.TASK_TRACKER_ENABLED = True

    def find(models, function, *args, **kwargs):
        registry = Registry()
        registry.register(models, id_query=function)(tasks.succeed)
        return registry.objects_of(tasks.succeed.name, Call(args, kwargs))

    return find


def named(model_name, instance_id):
    """What the tasks of django-import-export and the like are called with."""
    return instance_id if model_name == "order" else None


def test_it_returns_a_primary_key_or_none(objects_of):
    order = (ObjectRef("shop.order", "7"),)
    assert objects_of(Order, named, "order", 7) == order
    assert objects_of(Order, named, "order", instance_id="7") == order
    assert objects_of(Order, named, "shelf", 7) == ()


def test_an_instance_counts_for_its_own_model_alone(objects_of):
    def either(kind, pk):
        return Shelf(code=pk) if kind == "shelf" else RushOrder(pk=pk)

    models = [Order, "shop.Shelf", Parcel]
    assert objects_of(models, either, "shelf", "a") == (ObjectRef("shop.shelf", "a"),)
    assert objects_of(models, either, "rush", 7) == (ObjectRef("shop.order", "7"),)


def test_one_that_asks_the_database_harms_no_transaction(objects_of):
    def broken(pk):
        return Order.objects.raw("SELECT nothing FROM nowhere")[0]

    assert objects_of(Order, broken, 7) == ()
    assert not Order.objects.exists()

    def customers_order(email):
        return Order.objects.get(customer__email=email)

    ada = Customer.objects.create(name="Ada", email="ada@mail.example")
    Order.objects.create(pk=9, customer=ada)
    assert objects_of(Order, customers_order, ada.email) == (ObjectRef("shop.order", "9"),)


@pytest.mark.parametrize("wrong", [lambda: 7, lambda pk: 1 / 0, lambda pk: "no number"])
def test_one_that_fails_costs_the_tracking_alone(objects_of, wrong):
    assert objects_of(Order, wrong, 7) == ()


def test_it_is_called_where_the_task_is_sent_and_not_in_a_workers_parent(settings):
    settings.TASK_TRACKER_ENABLED = True
    registry = Registry()
    registry.register(Order, id_query=named)(tasks.succeed)
    assert registry.needs_caller(tasks.succeed.name)


def test_an_event_loop_leaves_the_look_up_to_the_worker(objects_of, monkeypatch):
    # The browser tests set it.
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)

    def ask(pk):
        return Order.objects.get(pk=pk)

    async def send():
        with pytest.raises(OutOfReach):
            objects_of(Order, ask, 7)

    # The browser tests leave a loop running in this thread.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, send()).result()


def test_it_is_launched_with_arguments_of_its_own():
    registry = Registry()
    registry.register(Order, id_query=named, launches=[Launch("A", args=("order", 7))])(
        tasks.succeed
    )
    (registration,) = registry.registrations(tasks.succeed.name)
    assert registration.call_of(registration.offers[0], Order(pk=7)) == (("order", 7), {})


def test_several_models_are_registered_by_one_call():
    registry = Registry()
    registry.register((Order, "shop.Shelf"), id_query="pk")(tasks.succeed)
    found = {each.model for each in registry.registrations(tasks.succeed.name)}
    assert found == {"shop.order", "shop.shelf"}
    with pytest.raises(TypeError, match="model class or its label"):
        registry.register([])
