import uuid

import pytest

from celery_task_tracker.registration.resolution import ObjectRef, Unresolvable, object_ref
from shop.models import Order


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
