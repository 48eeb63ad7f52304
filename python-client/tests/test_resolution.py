import inspect
import uuid

import pytest

from celery_task_tracker.resolution import (
    Call,
    FromModel,
    ObjectRef,
    Unresolvable,
    object_ref,
    parse_id_query,
)
from shop.models import Customer, Order


def signature(function):
    return inspect.signature(function)


class TestFirstParameter:
    query = parse_id_query(None)

    @pytest.mark.parametrize(
        "call",
        [Call((1042,), {}), Call((), {"order_id": 1042}), Call((1042, "x"), {"c": 1})],
    )
    def test_is_found_whether_passed_by_position_or_by_keyword(self, call):
        assert self.query.find(signature(lambda order_id, b=None, c=None: 0), call) == 1042

    def test_has_its_default_when_not_passed(self):
        assert self.query.find(signature(lambda order_id=7: 0), Call((), {})) == 7

    def test_may_be_keyword_only(self):
        assert self.query.find(signature(lambda *, order_id: 0), Call((), {"order_id": 3})) == 3

    def test_may_be_the_first_of_any_number(self):
        assert self.query.find(signature(lambda *ids: 0), Call((5, 6), {})) == 5

    def test_is_not_there_in_a_task_without_parameters(self):
        with pytest.raises(Unresolvable):
            self.query.find(signature(lambda: 0), Call((), {}))

    def test_is_not_found_in_a_call_that_the_task_does_not_take(self):
        with pytest.raises(Unresolvable):
            self.query.find(signature(lambda order_id: 0), Call((1, 2, 3), {}))

    def test_makes_a_call_by_position_or_by_keyword_as_the_task_takes_it(self):
        assert self.query.call_with(signature(lambda order_id: 0), 3) == ((3,), {})
        assert self.query.call_with(signature(lambda *, order_id: 0), 3) == ((), {"order_id": 3})


class TestNamedArgument:
    query = parse_id_query("product_id")

    @pytest.mark.parametrize("call", [Call((1, 2), {}), Call((1,), {"product_id": 2})])
    def test_is_found_whether_passed_by_position_or_by_keyword(self, call):
        assert self.query.find(signature(lambda warehouse_id, product_id: 0), call) == 2

    def test_may_be_among_any_keyword_arguments(self):
        assert self.query.find(signature(lambda **rest: 0), Call((), {"product_id": 2})) == 2

    def test_makes_a_call_by_keyword(self):
        assert self.query.call_with(signature(lambda a, product_id: 0), 9) == (
            (),
            {"product_id": 9},
        )


@pytest.mark.parametrize("query", [("a", "b"), ["a"], {"pk": "order"}])
def test_an_id_query_of_several_fields_says_that_it_is_not_supported_yet(query):
    with pytest.raises(TypeError, match="not supported yet"):
        parse_id_query(query)


def test_an_id_query_of_another_kind_says_what_is_expected():
    with pytest.raises(TypeError, match="None or the name of an argument"):
        parse_id_query(7)


class TestObjectRef:
    def test_is_the_same_for_every_spelling_of_a_key(self):
        assert object_ref("shop.order", "1042") == object_ref("shop.order", 1042)
        key = uuid.uuid4()
        expected = ObjectRef("shop.parcel", str(key))
        assert object_ref("shop.parcel", key) == expected
        assert object_ref("shop.parcel", key.hex.upper()) == expected

    def test_takes_any_text_that_the_key_may_be(self):
        assert object_ref("shop.shelf", "a/b {ü}%").pk == "a/b {ü}%"

    def test_takes_an_instance(self):
        assert object_ref("shop.order", Order(pk=5)) == ("shop.order", "5")

    @pytest.mark.parametrize("value", [None, "", "not a number", object()])
    def test_refuses_what_is_no_key(self, value):
        with pytest.raises(Unresolvable):
            object_ref("shop.order", value)


class TestFromModel:
    order = Order(pk=3, customer=Customer(name="Ada", email="ada@mail.example"))

    def test_follows_a_dotted_path(self):
        assert FromModel("customer.email").resolve(self.order) == "ada@mail.example"

    def test_is_none_where_the_path_ends_early(self):
        assert FromModel("customer.email").resolve(Order()) is None

    def test_calls_a_method(self):
        assert FromModel("customer.email.upper").resolve(self.order) == "ADA@MAIL.EXAMPLE"

    def test_says_which_attribute_is_missing(self):
        with pytest.raises(AttributeError, match="colour"):
            FromModel("customer.colour").resolve(self.order)
