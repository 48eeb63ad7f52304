import uuid

import pytest
from celery import Celery
from celery.exceptions import SoftTimeLimitExceeded

from celery_task_tracker import FromModel
from celery_task_tracker.registration.registry import Registry
from celery_task_tracker.registration.resolution import Call
from shop.models import Order, Parcel


@pytest.fixture
def app():
    return Celery("registry-tests", set_as_current=False, broker="memory://")


@pytest.fixture
def registry():
    return Registry()


def test_registering_leaves_the_task_as_it_is(registry, app):
    @app.task(name="t")
    def task(order_id):
        return order_id

    assert registry.register(Order)(task) is task


def test_a_task_is_found_by_its_name_and_by_its_model(registry, app):
    @registry.register(Order)
    @app.task(name="t")
    def task(order_id): ...

    (by_name,) = registry.for_task("t")
    assert (by_name,) == registry.for_model(Order) == registry.for_model("shop.Order")
    assert registry.for_task("other") == ()
    assert registry.for_model(Parcel) == ()


def test_a_task_may_be_registered_for_several_models(registry, app):
    @registry.register(Order)
    @registry.register("shop.Parcel", id_query="parcel_id")
    @app.task(name="t")
    def task(order_id, parcel_id): ...

    key = uuid.uuid4()
    objects = registry.objects_of("t", Call((7, key), {}))
    assert set(objects) == {("shop.order", "7"), ("shop.parcel", str(key))}


def test_a_task_may_be_registered_for_one_model_by_several_arguments(registry, app):
    @registry.register(Order, id_query="source")
    @registry.register(Order, id_query="target")
    @app.task(name="t")
    def task(source, target): ...

    assert set(registry.objects_of("t", Call((1, 2), {}))) == {
        ("shop.order", "1"),
        ("shop.order", "2"),
    }
    assert registry.objects_of("t", Call((1, 1), {})) == (("shop.order", "1"),)
    assert len(registry.for_model(Order)) == 1


def test_registering_the_same_again_replaces_what_was_there(registry, app):
    @app.task(name="t")
    def task(order_id): ...

    registry.register(Order)(task)
    registry.register(Order, hidden=True)(task)
    (registration,) = registry.all()
    assert registration.hidden


def test_a_bound_task_is_resolved_without_its_self(registry, app):
    @registry.register(Order)
    @app.task(name="t", bind=True, autoretry_for=(ValueError,))
    def task(self, order_id): ...

    assert registry.objects_of("t", Call((), {"order_id": 5})) == (("shop.order", "5"),)


def test_what_cannot_be_resolved_is_left_out_and_said_once(registry, app, caplog):
    @registry.register(Order)
    @app.task(name="t")
    def task(order_id=None): ...

    caplog.set_level("DEBUG", "celery_task_tracker")
    assert registry.objects_of("t", Call((), {})) == ()
    assert registry.objects_of("t", Call((), {})) == ()
    assert [record.levelname for record in caplog.records] == ["DEBUG"]


class TimeIsUp:
    """A value that is being read when a soft time limit strikes."""

    def __int__(self):
        raise SoftTimeLimitExceeded

    def resolve_expression(self, *args, **kwargs):
        raise SoftTimeLimitExceeded


def time_is_up(*, model, using):
    raise SoftTimeLimitExceeded


@pytest.mark.django_db
@pytest.mark.parametrize("id_query", [None, ("customer_id",)])
def test_a_soft_time_limit_reaches_the_task_that_sends_another(registry, app, id_query):
    @registry.register(Order, id_query=id_query)
    @app.task(name=f"t{id_query}")
    def task(customer_id): ...

    with pytest.raises(SoftTimeLimitExceeded):
        registry.objects_of(f"t{id_query}", Call((TimeIsUp(),), {}))


def test_so_does_one_that_strikes_in_the_function_of_the_namespace(registry, app, settings):
    @registry.register(Order)
    @app.task(name="t")
    def task(order_id): ...

    settings.TASK_TRACKER_NAMESPACE = time_is_up
    with pytest.raises(SoftTimeLimitExceeded):
        registry.objects_of("t", Call((7,), {}))


def test_a_launch_passes_the_primary_key_by_default(registry, app):
    @registry.register(Order)
    @app.task(name="t")
    def task(order_id): ...

    assert registry.for_task("t")[0].launch_call(Order(pk=5)) == ((5,), {})


def test_a_launch_reads_its_arguments_from_the_instance(registry, app):
    @registry.register(
        Order, launch_args=[FromModel("pk"), "fixed"], launch_kwargs={"r": FromModel("reference")}
    )
    @app.task(name="t")
    def task(order_id, word, r): ...

    call = registry.for_task("t")[0].launch_call(Order(pk=5, reference="R-1"))
    assert call == ((5, "fixed"), {"r": "R-1"})


def test_an_argument_of_a_launch_that_is_none_keeps_its_place(registry, app):
    @registry.register(Order, launch_args=(FromModel("customer.email"), FromModel("pk")))
    @app.task(name="t")
    def task(email, order_id): ...

    assert registry.for_task("t")[0].launch_call(Order(pk=5)) == ((None, 5), {})


def test_the_decorator_below_shared_task_says_where_it_belongs(registry):
    with pytest.raises(TypeError, match="above @shared_task"):

        @registry.register(Order)
        def function(order_id): ...


@pytest.mark.parametrize("model", ["Order", "shop.", 7, None, str])
def test_what_is_no_model_is_refused(registry, model):
    with pytest.raises(TypeError, match="model"):
        registry.register(model)


def test_launch_arguments_of_the_wrong_kind_are_refused(registry):
    with pytest.raises(TypeError, match="launch_args"):
        registry.register(Order, launch_args="pk")
    with pytest.raises(TypeError, match="launch_kwargs"):
        registry.register(Order, launch_kwargs=["pk"])
