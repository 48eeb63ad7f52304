"""What the package accepts in the headers of a message."""

import json
import logging
import uuid

import pytest

from celery_task_tracker.recording import headers, process
from messages import headers_in, send_raw
from shop import tasks

pytestmark = pytest.mark.usefixtures("worker", "tracker")


class TestHeader:
    """Anybody who may publish to the broker can write the header that names the objects."""

    def header(self, ended, number, objects, name="shop.tasks.succeed", **headers):
        """The objects that a task is tracked for whose message has this header."""
        task_id = str(uuid.uuid4())
        send_raw(task_id, name, ([number], {}, {}), task_tracker_objects=objects, **headers)
        found = ended(number, task_id, "SUCCESS")
        return json.loads(found["objects"])

    def test_of_a_registered_task_is_taken(self, ended):
        assert self.header(ended, 1, [["shop.order", "1"]]) == [["shop.order", "1"]]

    def test_names_only_models_that_have_registered_tasks(self, ended):
        objects = [["shop.order", "1"], ["auth.user", "1"], ["shop.parcel", "7"], ["x", "1"]]
        assert self.header(ended, 1, objects) == [["shop.order", "1"], ["shop.parcel", "7"]]

    def test_names_them_by_pairs_of_two_strings(self, ended):
        objects = [["shop.order", 1], ["shop.order"], "ab", None, {"a": "b", "c": "d"}]
        objects += [["shop.order", "1", "2"], ["shop.order", "x" * 600], ["shop.order", "1"]]
        assert self.header(ended, 1, objects) == [["shop.order", "1"]]

    def test_names_16_at_most(self, ended):
        objects = [["shop.order", str(n)] for n in range(1, 10_000)]
        assert self.header(ended, 1, objects) == [["shop.order", str(n)] for n in range(1, 17)]

    def test_names_each_once(self, ended):
        objects = [["shop.order", "1"], ["shop.order", "2"], ["shop.order", "1"]]
        assert self.header(ended, 1, objects) == [["shop.order", "1"], ["shop.order", "2"]]

    @pytest.mark.parametrize("header", [7, "shop.order", {"shop.order": "1"}])
    def test_that_is_no_list_is_no_header(self, ended, header):
        assert self.header(ended, 2, header) == [["shop.order", "2"]]

    def test_of_a_task_that_nobody_registered_is_not_taken(self, told, tracker):
        key = str(uuid.uuid4())
        objects = [["shop.order", "1"]]
        send_raw(key, "shop.tasks.untracked", ([key], {}, {}), task_tracker_objects=objects)
        told(key)
        assert tracker.commands() == {}

    def test_of_a_retry_of_a_task_that_nobody_registered_has_nothing_of_ours(self, broker, tracker):
        queue = f"unread-{uuid.uuid4()}"
        tasks.untracked.apply_async(("key",), queue=queue, retries=1, argsrepr="(<key>,)")
        (sent,) = headers_in(broker, queue)
        assert not [key for key in sent if key.startswith("task_tracker_")]

    def test_of_our_own_leaves_out_an_object_whose_key_is_too_long(self, broker, tracker):
        queue = f"unread-{uuid.uuid4()}"
        tasks.dust.apply_async((1, "x" * 513), queue=queue)
        process.settle()
        (sent,) = headers_in(broker, queue)
        assert sent[headers.OBJECTS] == []
        assert tracker.commands() == {}

    def test_of_an_earlier_task_of_the_same_id_is_not_taken_for_another_one(self, broker, tracker):
        queue, task_id = f"unread-{uuid.uuid4()}", str(uuid.uuid4())
        tasks.succeed.apply_async((8,), queue=queue, task_id=task_id)
        tasks.untracked.apply_async(("key",), queue=queue, task_id=task_id)
        process.settle()
        # One event, for the order and for its model's overview.
        assert tracker.commands() == {"tracker.upsert": 2}

    def test_may_hold_long_ids_of_which_the_beginning_is_stored(self, ended):
        task_id = str(uuid.uuid4())
        long = {"root_id": "r" * 100_000, "parent_id": "p" * 100_000, "group": "g" * 100_000}
        send_raw(task_id, "shop.tasks.succeed", ([4], {}, {}), **long)
        found = ended(4, task_id, "SUCCESS")
        assert found["root_id"] == "r" * 255
        assert found["group_id"] == "g" * 255

    @pytest.mark.parametrize("wrong", ["soon", -1, 0, 1.5, True, 10**30, [1]])
    def test_that_names_no_moment_as_the_run_names_none(self, ended, wrong):
        task_id = str(uuid.uuid4())
        send_raw(task_id, "shop.tasks.succeed", ([3], {}, {}), task_tracker_run=wrong)
        assert "run" not in ended(3, task_id, "SUCCESS")

    def test_is_refused_once_for_each_reason_with_the_value_cut_short(self, caplog, monkeypatch):
        monkeypatch.setattr(headers, "_refused", set())
        caplog.set_level(logging.WARNING, "celery_task_tracker")
        for forged in ("a\nforged: line" + "x" * 1000, "another"):
            headers.objects_in(forged)
            headers.objects_in([[forged]])
        assert len(caplog.records) == 2
        for each in caplog.records:
            assert "forged" in each.getMessage()
            assert "\n" not in each.getMessage()
            assert len(each.getMessage()) < 300

    def test_stays_short_while_tasks_replace_each_other(self, ended, told):
        sent = tasks.pass_to_and_fro.delay(900, 20)
        ended(900, sent.id, "SUCCESS")
        lengths = [int(told(f"headers:{number}")) for number in range(900, 921)]
        # 16 objects at most, and as long as the first time when it stays at that.
        assert lengths[-1] <= lengths[16] + 5
        assert lengths[-1] < 1000
