import uuid

import pytest
from django.contrib.admin.models import ADDITION, LogEntry

from celery_task_tracker.registration.resolution import (
    FromModel,
    ObjectRef,
    Unresolvable,
    object_ref,
)
from shop.models import Customer, Order


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

    def test_calls_whatever_takes_no_arguments(self):
        """As the words that Django has for a choice, which are no method of the class."""
        entry = LogEntry(action_flag=ADDITION)
        assert str(FromModel("get_action_flag_display").resolve(entry)) == "Addition"

    def test_does_not_call_what_django_marks_as_not_to_be_called(self):
        customer = Customer(pk=1)
        assert FromModel("order_set.instance").resolve(customer) is customer

    def test_says_which_attribute_is_missing(self):
        with pytest.raises(AttributeError, match="colour"):
            FromModel("customer.colour").resolve(self.order)
