import pytest
from django.contrib.admin.models import ADDITION, LogEntry

from celery_task_tracker import FromModel
from shop.models import Customer, Order


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
