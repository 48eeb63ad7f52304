"""What a project's own code calls: ``task_tracker.tasks()``, ``.stats()`` and ``.progress()``."""

from contextlib import suppress
from datetime import datetime, timedelta, timezone

import pytest

from celery_task_tracker import Progress, TrackerError, task_tracker
from celery_task_tracker.recording import progress
from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.writes import Event
from servers import HOST, free_port
from shop import tasks
from shop.models import Order

ORDER = Order(pk=1042)
MOMENT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=timezone.utc)


def keep(task_id="t1", state="SUCCESS", name="shop.tasks.succeed", after=0, **fields):
    at = int(MOMENT.timestamp() * 1000) + after
    ref = ObjectRef("shop.order", "1042")
    get_client().write([Event((ref,), task_id, name, state, 0, at, fields)])


@pytest.mark.usefixtures("tracker")
class TestTasks:
    def test_are_typed_and_newest_first(self):
        keep("t1", args="[1]", kwargs='{"a":1}', result='{"b":2}', worker="w@h", queue="q")
        keep("t2", "FAILURE", after=1, error="bad", exception="ValueError", traceback="Trace")
        page = task_tracker.tasks(ORDER)
        assert (page.total, page.page, page.size, page.pages) == (2, 1, 10, 1)
        assert page.states == {"SUCCESS": 1, "FAILURE": 1}
        failed, well = page.tasks
        assert (failed.id, failed.error, failed.exception) == ("t2", "bad", "ValueError")
        assert failed.traceback == "Trace"
        assert (well.args, well.kwargs, well.result) == ([1], {"a": 1}, {"b": 2})
        assert (well.worker, well.queue, well.attempt) == ("w@h", "q", 0)
        assert well.created_at == well.finished_at == MOMENT
        assert well.started_at is None
        assert well.progress is None
        assert not well.is_active

    def test_hold_what_this_process_has_just_done(self, settings):
        settings.TASK_TRACKER_PAGE_SIZE = 50
        for number in range(1, 21):
            tasks.succeed.apply((1042,))
            assert task_tracker.tasks(ORDER).states == {"SUCCESS": number}
            assert task_tracker.stats(ORDER).states == {"SUCCESS": number}

    def test_are_narrowed_and_paged(self):
        for number in range(5):
            keep(f"t{number}", "FAILURE" if number < 3 else "STARTED", f"n{number}", number)
        page = task_tracker.tasks(ORDER, state="failure", page=2, page_size=2)
        assert [task.id for task in page.tasks] == ["t0"]
        assert task_tracker.tasks(ORDER, state=("FAILURE", "STARTED")).total == 5
        assert task_tracker.tasks(ORDER, task=["n1", "n4"]).total == 2
        later = MOMENT + timedelta(milliseconds=2)
        assert task_tracker.tasks(ORDER, since=later).total == 3
        assert task_tracker.tasks(ORDER, until=later).total == 3

    def test_come_in_pages_no_larger_than_the_setting_allows(self, settings):
        settings.TASK_TRACKER_MAX_PAGE_SIZE = 20
        assert task_tracker.tasks(ORDER, page_size=1000).size == 20

    @pytest.mark.parametrize(
        "arguments",
        [{"state": "LOST"}, {"page": 0}, {"page_size": 0}, {"since": datetime(2026, 1, 1)}],
    )
    def test_of_arguments_that_cannot_be_are_an_error(self, arguments):
        with pytest.raises(ValueError, match=next(iter(arguments))):
            task_tracker.tasks(ORDER, **arguments)

    def test_are_narrowed_by_64_states_and_names_at_the_most(self):
        keep()
        names = [f"n{number}" for number in range(62)]
        repeated = [*names, "n1", "shop.tasks.succeed"]
        assert task_tracker.tasks(ORDER, state="SUCCESS", task=repeated).total == 1
        with pytest.raises(ValueError, match="at most 64"):
            task_tracker.tasks(ORDER, state="SUCCESS", task=[*repeated, "one more"])

    def test_are_told_without_those_that_somebody_made_unreadable(self, tracker, caplog):
        keep("bad")
        keep("good", after=1)
        with tracker.client() as client:
            client.hset("shop.order:{1042}:record:bad", "created_at", "yesterday")
        page = task_tracker.tasks(ORDER)
        assert [task.id for task in page.tasks] == ["good"]
        assert page.total == 2
        assert "'bad'" in caplog.text

    @pytest.mark.parametrize(
        "value", ["[" * 5000 + "]" * 5000, "[1e999]", "[NaN]", "1" * 400, "[" * 33 + "]" * 33]
    )
    def test_have_as_text_what_json_or_the_reader_cannot_hold(self, value):
        keep(result=value)
        (task,) = task_tracker.tasks(ORDER).tasks
        assert task.result == value

    def test_that_nest_too_deep_are_an_error_of_the_tracker_at_most(self):
        deep = "[" * 5000 + "]" * 5000
        keep(args=deep)
        # A module that does not bound the depth embeds it in its answer.
        with suppress(TrackerError):
            assert [task.args for task in task_tracker.tasks(ORDER).tasks] == [deep]

    def test_of_an_instance_that_is_not_saved_are_an_error(self):
        with pytest.raises(ValueError, match="not saved"):
            task_tracker.tasks(Order())

    def test_of_an_instance_with_an_impossible_key_are_an_error(self):
        for key in ("seven", (7,)):
            with pytest.raises(ValueError, match="not saved"):
                task_tracker.tasks(Order(pk=key))

    def test_may_have_values_that_are_no_json(self):
        keep(args='["cut', result="<object>", progress="half")
        (task,) = task_tracker.tasks(ORDER).tasks
        assert (task.args, task.result, task.progress) == ('["cut', "<object>", None)


@pytest.mark.usefixtures("tracker")
class TestStats:
    def test_count_by_state_and_by_name(self):
        keep("t1", name="a")
        keep("t2", "STARTED", name="b", after=5)
        stats = task_tracker.stats(ORDER)
        assert (stats.total, stats.active) == (2, 1)
        assert stats.states == {"SUCCESS": 1, "STARTED": 1}
        assert stats.tasks == {"a": 1, "b": 1}
        assert stats.oldest == MOMENT
        assert stats.newest == stats.last.updated_at == MOMENT + timedelta(milliseconds=5)
        assert (stats.last.id, stats.last.name, stats.last.state) == ("t2", "b", "STARTED")

    def test_of_an_object_without_tasks_are_empty(self):
        stats = task_tracker.stats(ORDER)
        assert (stats.total, stats.active, stats.states, stats.tasks) == (0, 0, {}, {})
        assert stats.oldest is stats.newest is stats.last is None


@pytest.mark.usefixtures("tracker")
class TestWithoutTimeZones:
    """A project with ``USE_TZ = False`` gives and gets naive times in its own zone."""

    @pytest.fixture(autouse=True)
    def new_york(self, settings):
        settings.USE_TZ = False
        settings.TIME_ZONE = "America/New_York"
        # 14 November 2023, 22:13:20 UTC.
        self.local = datetime(2023, 11, 14, 17, 13, 20)

    def test_times_come_back_naive(self):
        keep()
        (task,) = task_tracker.tasks(ORDER).tasks
        assert task.created_at == task.finished_at == self.local
        assert task.created_at.tzinfo is None
        assert task.started_at is None
        stats = task_tracker.stats(ORDER)
        assert stats.oldest == stats.newest == stats.last.updated_at == self.local

    def test_naive_times_narrow_the_tasks(self):
        keep()
        second = timedelta(seconds=1)
        assert task_tracker.tasks(ORDER, since=self.local, until=self.local + second).total == 1
        assert task_tracker.tasks(ORDER, since=self.local + second).total == 0
        assert task_tracker.tasks(ORDER, until=self.local - second).total == 0

    def test_aware_times_do_too(self):
        keep()
        assert task_tracker.tasks(ORDER, since=MOMENT).total == 1
        assert task_tracker.tasks(ORDER, since=MOMENT + timedelta(seconds=1)).total == 0


def test_a_redis_that_is_away_is_an_error_to_who_asks(settings):
    settings.CELERY_TASKTRACKER_REDIS_URL = f"redis://{HOST}:{free_port()}"
    with pytest.raises(TrackerError):
        task_tracker.tasks(ORDER)
    with pytest.raises(TrackerError):
        task_tracker.stats(ORDER)


class TestProgress:
    def test_of_a_running_task_is_stored(self, tracker, worker, ended):
        sent = tasks.advance.delay(1042)
        ended(1042, sent.id, "SUCCESS")
        (task,) = task_tracker.tasks(ORDER).tasks
        assert task.progress == Progress(3, 3, "step 3")
        assert task.finished_at >= task.started_at

    def test_is_stored_a_few_times_a_second_and_at_the_end(self, tracker, monkeypatch):
        monkeypatch.setattr(progress, "INTERVAL", 3600)
        tasks.advance.apply((1042, 100))
        assert task_tracker.tasks(ORDER).tasks[0].progress.current == 100
        # Started, the first and the last progress, success, each for the order and for the overview
        # of all orders; then the read.
        assert tracker.commands() == {"tracker.upsert": 4 * 2, "tracker.query": 1}

    def test_does_not_keep_a_soft_time_limit_from_the_task(self, worker, ended):
        sent = tasks.report_for_ever.delay(1042)
        found = ended(1042, sent.id, "FAILURE")
        assert found["exception"] == "SoftTimeLimitExceeded"

    def test_outside_a_tracked_task_is_nothing(self, tracker):
        task_tracker.progress(1)
        assert tracker.commands() == {}
