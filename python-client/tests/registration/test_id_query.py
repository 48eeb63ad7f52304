import asyncio
import inspect

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from celery_task_tracker.registration.id_query import parse_id_query
from celery_task_tracker.registration.parameters import Parameters
from celery_task_tracker.registration.resolution import Call, OutOfReach, Unresolvable
from shop.models import Archived, Customer, Order


def parameters(function):
    return Parameters(inspect.signature(function))


class TestFirstParameter:
    query = parse_id_query(None)

    @pytest.mark.parametrize(
        "call",
        [Call((1042,), {}), Call((), {"order_id": 1042}), Call((1042, "x"), {"c": 1})],
    )
    def test_is_found_whether_passed_by_position_or_by_keyword(self, call):
        assert (
            self.query.find("shop.order", parameters(lambda order_id, b=None, c=None: 0), call)
            == 1042
        )

    def test_has_its_default_when_not_passed(self):
        assert self.query.find("shop.order", parameters(lambda order_id=7: 0), Call((), {})) == 7

    def test_may_be_keyword_only(self):
        assert (
            self.query.find(
                "shop.order", parameters(lambda *, order_id: 0), Call((), {"order_id": 3})
            )
            == 3
        )

    def test_may_be_the_first_of_any_number(self):
        assert self.query.find("shop.order", parameters(lambda *ids: 0), Call((5, 6), {})) == 5

    def test_is_not_there_in_a_task_without_parameters(self):
        with pytest.raises(Unresolvable):
            self.query.find("shop.order", parameters(lambda: 0), Call((), {}))

    def test_is_not_found_in_a_call_that_the_task_does_not_take(self):
        with pytest.raises(Unresolvable):
            self.query.find("shop.order", parameters(lambda order_id: 0), Call((1, 2, 3), {}))

    def test_makes_a_call_by_position_or_by_keyword_as_the_task_takes_it(self):
        assert self.query.call_with(parameters(lambda order_id: 0), Order(pk=3)) == ((3,), {})
        assert self.query.call_with(parameters(lambda *, order_id: 0), Order(pk=3)) == (
            (),
            {"order_id": 3},
        )


class TestNamedArgument:
    query = parse_id_query("product_id")

    @pytest.mark.parametrize("call", [Call((1, 2), {}), Call((1,), {"product_id": 2})])
    def test_is_found_whether_passed_by_position_or_by_keyword(self, call):
        assert (
            self.query.find("shop.order", parameters(lambda warehouse_id, product_id: 0), call) == 2
        )

    def test_may_be_among_any_keyword_arguments(self):
        assert (
            self.query.find("shop.order", parameters(lambda **rest: 0), Call((), {"product_id": 2}))
            == 2
        )

    def test_makes_a_call_by_keyword(self):
        assert self.query.call_with(parameters(lambda a, product_id: 0), Order(pk=9)) == (
            (),
            {"product_id": 9},
        )


class TestLookup:
    @staticmethod
    def task(reference, note=None, *, email=None): ...

    @pytest.mark.django_db
    @pytest.mark.parametrize("query", [("reference",), ["reference"], {"reference": "reference"}])
    @pytest.mark.parametrize(
        "call",
        [Call(("R-1",), {}), Call(("R-1", "n"), {}), Call((), {"reference": "R-1", "note": "n"})],
    )
    def test_finds_the_object_that_has_the_values_of_the_arguments(self, query, call):
        order = Order.objects.create(reference="R-1")
        Order.objects.create(reference="R-2")
        rule = parse_id_query(query)
        assert rule.find("shop.order", parameters(self.task), call) == order.pk

    @pytest.mark.django_db
    def test_follows_relations_and_takes_several_fields(self):
        ada = Customer.objects.create(name="Ada", email="ada@mail.example")
        order = Order.objects.create(reference="R-1", customer=ada)
        Order.objects.create(reference="R-1")
        rule = parse_id_query({"customer__email": "email", "reference__iexact": "reference"})
        call = Call(("r-1",), {"email": "ada@mail.example"})
        assert rule.find("shop.order", parameters(self.task), call) == order.pk

    @pytest.mark.django_db
    def test_finds_an_object_that_the_default_manager_hides(self):
        archived = Archived.objects.create(code="A", is_archived=True)
        rule = parse_id_query(("code",))
        call = Call(("A",), {})
        assert rule.find("shop.archived", parameters(lambda code: 0), call) == archived.pk

    @pytest.mark.django_db
    @pytest.mark.parametrize("value", ["none has it", "two have it", None, object()])
    def test_finds_nothing_unless_one_object_has_the_values(self, value):
        Order.objects.create(reference="two have it")
        Order.objects.create(reference="two have it")
        with pytest.raises(Unresolvable):
            parse_id_query(("reference",)).find(
                "shop.order", parameters(self.task), Call((value,), {})
            )

    def test_of_a_field_or_a_model_that_is_not_there_finds_nothing(self):
        for model in ("shop.order", "shop.nothing"):
            with pytest.raises(Unresolvable):
                parse_id_query({"colour": "reference"}).find(
                    model, parameters(self.task), Call(("R-1",), {})
                )

    @pytest.mark.parametrize("name", ["pk", "id"])
    def test_of_the_primary_key_alone_needs_no_database(self, name):
        # pytest-django refuses the database to a test that has not asked for it.
        rule = parse_id_query({name: "reference"})
        assert not rule.asks_database("shop.order")
        assert rule.find("shop.order", parameters(self.task), Call((7,), {})) == 7

    @pytest.mark.django_db(transaction=True)
    def test_that_fails_leaves_the_transaction_around_it_whole(self):
        with transaction.atomic():
            Order.objects.create(reference="R-1")
            rule = parse_id_query(("reference",))
            with CaptureQueriesContext(connection) as queries, pytest.raises(Unresolvable):
                rule.find("shop.order", parameters(self.task), Call(("R-9",), {}))
            assert queries[0]["sql"].startswith("SAVEPOINT")
            Order.objects.create(reference="R-2")
        assert Order.objects.count() == 2

    @pytest.mark.django_db
    def test_in_an_event_loop_is_out_of_reach(self):
        async def find():
            parse_id_query(("reference",)).find(
                "shop.order", parameters(self.task), Call(("R-1",), {})
            )

        with pytest.raises(OutOfReach):
            asyncio.run(find())

    def test_makes_a_call_of_the_instances_own_values(self):
        order = Order(reference="R-1", customer=Customer(email="ada@mail.example"))
        rule = parse_id_query({"customer__email": "email", "reference": "ref"})
        call = rule.call_with(parameters(self.task), order)
        assert call == ((), {"email": "ada@mail.example", "ref": "R-1"})


@pytest.mark.parametrize("query", [7, (), [], {}, (7,), {"pk": 1}, {"": "a"}, {"a"}])
def test_an_id_query_of_another_kind_says_what_is_expected(query):
    with pytest.raises(TypeError, match="None, the name of an argument"):
        parse_id_query(query)
