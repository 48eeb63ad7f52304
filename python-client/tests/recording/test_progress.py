"""Progress: numbers that a page can draw are stored, everything else is not."""

import json
import math
import time
from decimal import Decimal
from fractions import Fraction

import pytest

from celery_task_tracker import task_tracker
from celery_task_tracker.registration.registry import registry
from project import celery_app
from servers import wait_for
from shop import tasks
from shop.models import Order

pytestmark = pytest.mark.usefixtures("worker", "tracker")


class TestProgress:
    def test_of_finite_numbers_is_stored(self, ended):
        found = ended(110, tasks.report.delay(110, [0.5]).id, "SUCCESS")
        assert json.loads(found["progress"])["current"] == 0.5

    @pytest.mark.parametrize(
        "values", [["nan"], ["inf"], ["-inf"], [None], [[1]], [True]], ids=repr
    )
    def test_of_anything_else_is_not_and_does_not_harm_the_task(self, ended, values):
        found = ended(111, tasks.report.delay(111, values).id, "SUCCESS")
        assert "progress" not in found

    @pytest.mark.parametrize(
        ("current", "total"),
        [("50", None), (len, 1), (10**400, None), (1, math.nan), (1, "all"),
         (Decimal("sNaN"), None), (1j, None)],
        ids=repr,
    )  # fmt: skip
    def test_is_of_numbers_that_a_page_can_draw(self, record, current, total):
        assert "progress" not in record(112, self.reported(current, total))

    @pytest.mark.parametrize(
        ("current", "stored"), [(Decimal("0.5"), 0.5), (Fraction(1, 4), 0.25), (7, 7)]
    )
    def test_may_be_any_kind_of_number(self, record, current, stored):
        found = json.loads(record(112, self.reported(current, None))["progress"])
        assert found["current"] == stored

    def reported(self, current, total):
        """The id of a task that reported this."""

        @task_tracker.register(Order)
        @celery_app.task(name="shop.tasks.local")
        def local(order_id):
            task_tracker.progress(current, total)

        try:
            return local.apply((112,)).id
        finally:
            registry._by_task.pop("shop.tasks.local", None)
            celery_app.tasks.pop("shop.tasks.local")

    def test_of_a_task_that_goes_on_after_it_was_revoked_does_not_open_its_record_again(
        self, ended, record, broker
    ):
        sent = tasks.report_after_revocation.delay(113)
        ended(113, sent.id, "STARTED")
        sent.revoke(terminate=True, signal="SIGUSR1")
        ended(113, sent.id, "REVOKED")
        with broker.client(db=2) as client:
            client.set("revoked:113", "1")
            wait_for(lambda: client.get("reported:113"), "the report")
        time.sleep(0.2)
        assert record(113, sent.id)["state"] == "REVOKED"
