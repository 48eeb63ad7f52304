"""What the page offers to launch, and what it shows of the arguments."""

import pytest
from django.db import connection, transaction

from celery_task_tracker import FromModel
from celery_task_tracker.admin.launchable import launchable
from celery_task_tracker.registration.id_query import parse_id_query
from celery_task_tracker.registration.registry import Registration, registry
from shop import tasks
from shop.models import Customer, Order

pytestmark = pytest.mark.django_db


@pytest.fixture
def order():
    return Order.objects.create(
        pk=7, customer=Customer.objects.create(name="A", email="a@b.example")
    )


def offered(task, obj, args=None, kwargs=None, id_query=None):
    query = parse_id_query(id_query)
    (found,) = launchable([Registration(task, "shop.order", query, args, kwargs)], obj)
    return found


def test_all_tasks_of_the_model_but_the_hidden_ones(order):
    names = [each.name for each in launchable(registry.for_model(Order), order)]
    assert "shop.tasks.succeed" in names
    assert "shop.tasks.tidy" not in names


def test_the_first_line_of_the_docstring_describes_a_task(order):
    assert offered(tasks.heed, order).description == "Ends when it gets SIGUSR1, and says so."
    assert offered(tasks.part, order).description == ""


def test_arguments_are_those_that_the_task_will_get(order):
    assert offered(tasks.succeed, order).arguments == "7"
    call = offered(tasks.greet, order, (FromModel("pk"),), {"email": FromModel("customer.email")})
    assert call.arguments == '7, email="a@b.example"'
    looked_up = {"customer__email": "email", "reference": "reference"}
    call = offered(tasks.remind, order, id_query=looked_up)
    assert call.arguments == 'email="a@b.example", reference=""'


def test_no_arguments_are_an_empty_text(order):
    assert offered(tasks.succeed, order, ()).arguments == ""


def test_secrets_are_redacted_by_name_at_any_depth(order):
    options = {"deep": [{"password": "p"}], "ü": 1}
    call = offered(tasks.send_parcel, order, (1,), {"api_key": "k", "options": options})
    assert call.arguments == (
        '1, api_key="[redacted]", options={"deep":[{"password":"[redacted]"}],"ü":1}'
    )


def test_secrets_passed_by_position_are_redacted_by_the_name_of_their_parameter(order, settings):
    settings.TASK_TRACKER_REDACT = ["note"]
    assert offered(tasks.succeed, order, (7, "psst")).arguments == '7, "[redacted]"'


def test_a_long_argument_is_cut(order):
    arguments = offered(tasks.succeed, order, ("x" * 5000,)).arguments
    assert len(arguments) < 1100
    assert arguments.endswith("…")


def test_arguments_that_cannot_be_read_are_an_error_in_words(order):
    call = offered(tasks.greet, order, (FromModel("no_such_field"),))
    assert call.arguments == ""
    assert "no_such_field" in call.error
    assert offered(tasks.succeed, order).error == ""


def test_an_error_without_words_is_told_by_its_name(order, monkeypatch):
    def broken(self):
        raise ZeroDivisionError

    monkeypatch.setattr(Order, "broken", broken, raising=False)
    assert offered(tasks.greet, order, (FromModel("broken"),)).error == "ZeroDivisionError"


def test_a_query_that_fails_does_not_break_the_transaction_around_it(order, monkeypatch):
    def broken(self):
        connection.cursor().execute("nonsense")

    monkeypatch.setattr(Order, "broken", broken, raising=False)
    with transaction.atomic():
        assert "nonsense" in offered(tasks.greet, order, (FromModel("broken"),)).error
        assert Order.objects.count() == 1


@pytest.mark.django_db
def test_one_of_several_launches_is_chosen_by_its_label(admin_client, worker, tracker, ended):
    Order.objects.create(pk=1042)
    url = "/admin/shop/order/1042/task-tracker/launch/"

    def launch(**options):
        return admin_client.post(url, {"task": "shop.tasks.import_lines", **options})

    sent = launch(launch="For good").json()["id"]
    assert ended(1042, sent, "SUCCESS")["result"] == '"for good"'
    for response in (launch(launch="Never"), launch()):
        assert (response.status_code, response.json()["error"]["code"]) == (404, "no-launch")
