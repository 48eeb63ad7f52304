"""The record of a task that was retried keeps the end of each earlier attempt."""

import json

import pytest

from celery_task_tracker.recording import attempts
from celery_task_tracker.recording.delivery import Delivery
from celery_task_tracker.recording.failure import Failure
from celery_task_tracker.registration.resolution import Call, ObjectRef
from servers import wait_for
from shop import tasks


def delivery(attempt=0):
    return Delivery(
        task_name="shop.tasks.fail",
        task_id="t1",
        attempt=attempt,
        run=None,
        objects=(ObjectRef("shop.order", "1"),),
        call=Call((), {}),
        details={"worker": "w1@host"},
    )


@pytest.fixture
def ended_after(ended, record):
    """The record of a task that succeeded, once ``times`` attempts have reported a failure."""

    def wait(pk, task_id, times):
        ended(pk, task_id, "SUCCESS")
        last = f"attempt_{times - 1}"
        return wait_for(
            lambda: (found := record(pk, task_id)) and last in found and found,
            f"{last} of task {task_id}",
        )

    return wait


@pytest.mark.usefixtures("worker", "tracker")
class TestWorker:
    def test_each_attempt_is_kept_with_its_time_worker_and_error(self, ended_after):
        sent = tasks.fail_thrice.delay(110)
        found = ended_after(110, sent.id, 3)
        kept = [json.loads(found[f"attempt_{n}"]) for n in range(3)]
        assert [each["error"] for each in kept] == ["try 0", "try 1", "try 2"]
        assert {each["exception"] for each in kept} == {"ConnectionError"}
        assert all(each["begin"] <= each["end"] for each in kept)
        # The next attempt may begin in another process before this one has ended.
        begins = [*(each["begin"] for each in kept), found["started_at"]]
        assert begins == sorted(begins)
        assert all(each["worker"] == found["worker"] for each in kept)
        assert all("fail_thrice" in each["traceback"] for each in kept)

    def test_a_task_that_is_not_retried_has_none(self, ended):
        found = ended(111, tasks.fail.delay(111).id, "FAILURE")
        assert not [name for name in found if name.startswith("attempt_")]

    def test_the_last_twenty_are_kept(self, ended_after):
        sent = tasks.fail_often.delay(112, 23)
        found = ended_after(112, sent.id, 23)
        kept = {int(name[8:]) for name in found if name.startswith("attempt_")}
        assert kept == set(range(3, 23))


class TestWhatIsKept:
    @pytest.mark.parametrize("sign", ["x", "é", "\U0001f600", '"', "\x00", "\udcff"])
    def test_is_two_kibibytes_at_most(self, sign):
        traceback = "".join(f"line {n} {sign * 50}\n" for n in range(1000))
        failure = Failure(sign * 5000, sign * 5000, traceback)
        (value,) = attempts.ended_attempt(delivery(), failure, 1, 2).values()
        assert len(value.encode(errors="replace")) <= attempts.MAX_BYTES
        assert json.loads(value)["traceback"].endswith(f"line 999 {sign * 50}\n")

    def test_is_whole_lines_of_the_traceback_from_its_end(self):
        traceback = "".join(f"line {n}\n" for n in range(1000))
        (value,) = attempts.ended_attempt(delivery(), Failure("E", "e", traceback), 1, 2).values()
        lines = json.loads(value)["traceback"].splitlines()
        assert lines[-1] == "line 999"
        assert len(lines) > 100
        assert all(line.startswith("line ") for line in lines)

    def test_leaves_out_what_is_not_known(self):
        kept = attempts.ended_attempt(delivery(attempt=4), Failure("E", "", ""), None, 2)
        assert kept == {"attempt_4": '{"end":2,"worker":"w1@host","exception":"E"}'}
