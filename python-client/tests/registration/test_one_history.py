"""A row has one history, whichever proxy or multi-table child of its model it is reached by."""

import pytest
from django.urls import reverse

from celery_task_tracker import task_tracker
from celery_task_tracker.recording import process
from celery_task_tracker.registration.registry import registry
from shop import tasks
from shop.models import Camper, FastVan, Order, RushOrder, Van, Vehicle, Wreck

pytestmark = pytest.mark.django_db(transaction=True)

#: Each model with what stands for the same row, and the tasks that are offered on its page.
FACES = [
    (Vehicle, ["wash"]),
    (Van, ["load", "wash"]),
    (FastVan, ["load", "race", "wash"]),
    (Camper, ["load", "wash"]),
]


@pytest.fixture
def camper(tracker):
    return Camper.objects.create(plate="B-1")


def face(model, pk):
    return model.objects.get(pk=pk)


def launchable(page):
    return sorted(each.name.rpartition(".")[2] for each in page.context["launchable"])


def address(obj, name="task_tracker"):
    return reverse(f"admin:shop_{obj._meta.model_name}_{name}", args=(obj.pk,))


def send_one_of_each(pk):
    sent = {task.apply((pk,)).id for task in (tasks.wash, tasks.load, tasks.race)}
    process.flush_at_end()
    return sent


def history(obj):
    process.flush_at_end()
    return task_tracker.tasks(obj)


def stats(obj):
    process.flush_at_end()
    return task_tracker.stats(obj)


@pytest.mark.parametrize("model", [model for model, _ in FACES])
def test_the_api_tells_it_by_any_of_its_models(camper, model):
    sent = send_one_of_each(camper.pk)
    assert {task.id for task in history(face(model, camper.pk)).tasks} == sent
    assert stats(face(model, camper.pk)).total == 3


@pytest.mark.parametrize(("model", "names"), FACES)
def test_every_model_has_the_button_and_a_page_that_offers_its_own_tasks(
    camper, admin_client, model, names
):
    sent = send_one_of_each(camper.pk)
    obj = face(model, camper.pk)
    assert address(obj) in admin_client.get(address(obj, "change")).content.decode()
    assert launchable(admin_client.get(address(obj))) == names
    # Those of its children and proxies have names too, since their runs are shown.
    page = admin_client.get(address(obj)).context
    assert page["tracked"] == ["Load", "Race", "Wash"]
    assert set(page["page_config"]["names"]) == {
        "shop.tasks.load",
        "shop.tasks.race",
        "shop.tasks.wash",
    }
    rows = admin_client.get(address(obj, "task_tracker_list")).json()["tasks"]
    assert {row["id"] for row in rows} == sent


@pytest.mark.parametrize(("model", "names"), FACES)
def test_every_model_launches_its_own_tasks_only(
    broker, camper, admin_client, record, model, names
):
    obj = face(model, camper.pk)
    for name in ("load", "race", "wash"):
        launch = address(obj, "task_tracker_launch")
        answer = admin_client.post(launch, {"task": f"shop.tasks.{name}"})
        assert answer.status_code == (202 if name in names else 404)
        if name in names:
            assert record(camper.pk, answer.json()["id"], "shop.vehicle")


@pytest.mark.parametrize("model", [model for model, _ in FACES])
def test_every_change_list_has_the_column(camper, admin_client, settings, model):
    settings.TASK_TRACKER_CHANGELIST_COLUMN = True
    send_one_of_each(camper.pk)
    listed = admin_client.get(reverse(f"admin:shop_{model._meta.model_name}_changelist"))
    assert 'data-state="SUCCESS"' in listed.content.decode()


@pytest.mark.parametrize("model", [model for model, _ in FACES])
def test_it_goes_when_the_row_is_deleted_by_any_of_its_models(camper, model):
    other = Camper.objects.create()
    for each in (camper, other):
        send_one_of_each(each.pk)
    face(model, camper.pk).delete()
    assert not Vehicle.objects.filter(pk=camper.pk).exists()
    assert stats(Vehicle(pk=camper.pk)).total == 0
    assert stats(other).total == 3
    model.objects.all().delete()
    assert stats(Vehicle(pk=other.pk)).total == 0


def test_it_stays_while_the_row_of_its_root_stays(camper):
    send_one_of_each(camper.pk)
    pk = camper.pk
    camper.delete(keep_parents=True)
    assert stats(Vehicle.objects.get(pk=pk)).total == 3


def test_a_child_with_a_primary_key_of_its_own_has_its_own(tracker, admin_client):
    wreck = Wreck.objects.create(number="W-1")
    scrap = tasks.scrap.apply(("W-1",))
    wash = tasks.wash.apply((wreck.vehicle_id,))
    (of_wreck,) = history(wreck).tasks
    (of_vehicle,) = history(Vehicle.objects.get()).tasks
    assert (of_wreck.id, of_vehicle.id) == (scrap.id, wash.id)
    assert launchable(admin_client.get(address(wreck))) == ["scrap"]
    vehicle_id = wreck.vehicle_id
    wreck.delete()
    assert stats(Wreck(number="W-1")).total == 0
    assert stats(Vehicle(pk=vehicle_id)).total == 0


def test_a_proxy_shares_that_of_the_model_that_it_stands_for(tracker, admin_client):
    order = Order.objects.create()
    sent = {tasks.hurry.apply((order.pk,)).id, tasks.succeed.apply((order.pk,)).id}
    for model in (Order, RushOrder):
        obj = face(model, order.pk)
        assert {task.id for task in history(obj).tasks} == sent
        offered = launchable(admin_client.get(address(obj)))
        assert ("hurry" in offered) == (model is RushOrder)
        assert "succeed" in offered


def test_a_task_takes_an_instance_of_any_of_its_models(camper):
    sent = tasks.wash.apply((camper,))
    assert [task.id for task in history(Vehicle(pk=camper.pk)).tasks] == [sent.id]


def test_which_models_have_one_is_known(camper):
    for model in (Vehicle, Van, FastVan, Camper, Wreck, Order, RushOrder):
        assert registry.tracks(model)
    assert registry.tracks("shop.vehicle")
    assert not registry.tracks("shop.van")
    assert not registry.tracks("shop.untracked")
