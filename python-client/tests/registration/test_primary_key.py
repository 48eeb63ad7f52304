import uuid
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum

import django
import pytest

from celery_task_tracker import task_tracker
from celery_task_tracker.recording import process
from celery_task_tracker.registration.primary_key import key_text
from celery_task_tracker.registration.resolution import object_of, object_ref
from shop import models
from shop.models import Order, Parcel, Shelf, Slot, Van, Weight

composite = pytest.mark.skipif(django.VERSION < (5, 2), reason="needs composite primary keys")
KEY = uuid.UUID("076f1854-15d4-40b8-b9e9-3b80c9ecb23d")
MOMENT = datetime(2026, 1, 2, 3, 4, tzinfo=timezone.utc)


class Code(str, Enum):
    A = "a"


@pytest.mark.parametrize(
    ("model", "spellings", "text"),
    [
        (Order, [1042, "1042", " 1042 ", 1042.0, Order(pk=1042)], "1042"),
        (Van, [7, "7", Van(pk=7)], "7"),
        (Parcel, [KEY, str(KEY), KEY.hex.upper(), f"{{{KEY}}}"], str(KEY)),
        (Shelf, ["a", Code.A, Shelf(code="a")], "a"),
        (Weight, [1.5, "1.5", "1.50", Decimal("1.500"), Weight(pk=Decimal("1.50"))], "1.5"),
        (Weight, [100, "100", "100.00", "1e2", Decimal("1E+2")], "100"),
        (Weight, [0, "0.00", "-0"], "0"),
        (
            Slot,
            [
                MOMENT,
                MOMENT.isoformat(),
                MOMENT.astimezone(timezone(timedelta(hours=5))),
                MOMENT.astimezone(timezone(timedelta(hours=5))).isoformat(),
            ],
            "2026-01-02 03:04:00+00:00",
        ),
    ],
)
def test_every_spelling_of_a_key_has_one_text(model, spellings, text):
    assert {key_text(model, spelling) for spelling in spellings} == {text}


@pytest.mark.django_db
def test_a_decimal_key_is_the_same_in_an_argument_and_in_the_database(tracker):
    Weight.objects.create(kilograms=1.5)
    assert object_of(Weight.objects.get()) == object_ref("shop.weight", "1.5")


@composite
class TestComposite:
    @pytest.mark.parametrize("key", [(1, 8), [1, 8], ("1", "8"), "[1, 8]", '["1", "8"]'])
    def test_keys_have_one_text_whatever_holds_them(self, key):
        assert key_text(models.Seat, key) == '["1","8"]'

    def test_keys_of_other_values_have_another_text(self):
        assert key_text(models.Seat, (18, 1)) != key_text(models.Seat, (1, 81))

    @pytest.mark.parametrize("key", [(1,), (1, 8, 9), 1, (None, 8), (1, None), "x"])
    def test_keys_of_another_shape_are_refused(self, key):
        with pytest.raises((TypeError, ValueError)):
            key_text(models.Seat, key)

    @pytest.mark.django_db(transaction=True)
    def test_objects_are_tracked_and_purged(self, tracker):
        from celery import shared_task

        @task_tracker.register(models.Seat)
        @shared_task(name="seats.reserve")
        def reserve(seat): ...

        seat = models.Seat.objects.create(row=1, number=8)
        reserve.apply(([1, 8],))
        reserve.apply(((1, 8),))
        process.flush_at_end()
        assert task_tracker.stats(models.Seat.objects.get()).total == 2
        seat.delete()
        process.flush_at_end()
        assert task_tracker.stats(models.Seat(row=1, number=8)).total == 0


@pytest.mark.parametrize("value", [None, "", Order()])
def test_an_empty_key_is_refused(value):
    with pytest.raises(ValueError, match="empty"):
        key_text(Order, value)
