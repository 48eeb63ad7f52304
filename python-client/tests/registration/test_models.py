import pytest

from celery_task_tracker import task_tracker
from celery_task_tracker.recording import process
from celery_task_tracker.registration.models import model_label, model_of, root_of, tracked_name
from celery_task_tracker.registration.registry import registry
from shop.models import Camper, FastVan, Order, RushOrder, Van, Vehicle, Wreck
from upper import tasks
from upper.models import Thing


@pytest.mark.parametrize(
    ("model", "root"),
    [
        (Order, Order),
        (RushOrder, Order),
        (Van, Vehicle),
        (Camper, Vehicle),
        (FastVan, Vehicle),
        (Wreck, Wreck),
    ],
)
def test_the_root_is_the_model_whose_primary_key_all_of_the_row_shares(model, root):
    assert root_of(model) is root
    assert tracked_name(model) == root._meta.label_lower


@pytest.mark.parametrize("label", ["shop.order", "shop.Order", "shop.ORDER", "Shop.Order"])
def test_a_label_finds_its_model_whatever_its_case(label):
    assert model_of(model_label(label)) is Order


def test_a_label_finds_the_model_of_an_app_whose_label_has_capital_letters():
    for label in ("Upper.Thing", "Upper.thing", "upper.thing"):
        assert model_of(model_label(label)) is Thing
    assert tracked_name(Thing) == "upper.thing"


@pytest.mark.parametrize("label", ["shop.nothing", "nowhere.order"])
def test_a_label_of_no_model_is_a_lookup_error(label):
    with pytest.raises(LookupError):
        model_of(label)


@pytest.mark.django_db(transaction=True)
def test_a_model_with_capital_letters_in_its_label_is_tracked_shown_and_purged(
    tracker, admin_client
):
    thing = Thing.objects.create()
    tasks.use.apply((thing.pk,))
    process.flush_at_end()
    assert task_tracker.stats(thing).tasks == {"upper.tasks.use": 1}
    (registration,) = registry.for_model(Thing)
    assert registration.name == "upper.tasks.use"
    page = f"/admin/Upper/thing/{thing.pk}"
    assert "task-tracker/" in admin_client.get(f"{page}/change/").content.decode()
    assert admin_client.get(f"{page}/task-tracker/list/").json()["total"] == 1
    pk = thing.pk
    thing.delete()
    process.flush_at_end()
    assert task_tracker.stats(Thing(pk=pk)).total == 0
