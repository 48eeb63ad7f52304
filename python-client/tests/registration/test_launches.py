"""Several launches of one task."""

import pytest
from django.utils.translation import gettext_lazy

from celery_task_tracker import FromModel, Launch
from celery_task_tracker.registration.registry import Registry
from shop import tasks
from shop.models import Order


def offers(**options):
    registry = Registry()
    registry.register(Order, **options)(tasks.succeed)
    (registration,) = registry.registrations(tasks.succeed.name)
    return [
        (
            launch and launch.label,
            *registration.call_of(launch, Order(pk=7, reference="r")),
        )
        for launch in registration.offers
    ]


def test_each_has_its_own_arguments_beside_those_that_name_the_object():
    assert offers(launches=[Launch("A", kwargs={"note": FromModel("reference")}), Launch("B")]) == [
        ("A", (7,), {"note": "r"}),
        ("B", (7,), {}),
    ]


def test_positional_arguments_take_the_place_of_those_that_name_the_object():
    given = Launch("A", args=(FromModel("pk"), "x"))
    assert offers(launches=[given]) == [("A", (7, "x"), {})]


def test_keyword_arguments_take_the_place_of_those_of_the_same_name():
    given = Launch("A", kwargs={"order_id": 8})
    assert offers(id_query="order_id", launches=[given]) == [("A", (), {"order_id": 8})]


def test_launch_args_have_a_button_beside_them():
    assert offers(launch_kwargs={"order_id": 1}, launches=[Launch("A")]) == [
        (None, (), {"order_id": 1}),
        ("A", (7,), {}),
    ]
    assert offers() == [(None, (7,), {})]


def test_a_label_may_be_translated_later():
    assert offers(launches=[Launch(gettext_lazy("Home"))])[0][0] == "Home"


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Launch(7), "label"),
        (lambda: Launch("A", args="pk"), "args"),
        (lambda: Launch("A", kwargs=["pk"]), "kwargs"),
        (lambda: Launch("A", confirm=True), "confirm"),
        (lambda: offers(launches=["A"]), "launches"),
        (lambda: offers(launches=[Launch("A"), Launch("A")]), "labels"),
    ],
)
def test_what_is_no_launch_is_refused_by_its_name(make, named):
    with pytest.raises(TypeError, match=named):
        make()
