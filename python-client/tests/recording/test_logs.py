"""What a task logs is kept with its record, if the project wants it."""

import json
import logging
import uuid

import pytest
from django.conf import settings as django_settings

from celery_task_tracker.recording import logs
from servers import Worker, wait_for
from shop import tasks

pytestmark = pytest.mark.usefixtures("broker", "tracker")


@pytest.fixture(params=["prefork", "threads"])
def queue(request):
    """The queue of a worker that keeps what tasks log."""
    queue = f"logs-{uuid.uuid4()}"
    worker = Worker(
        django_settings.BROKER_URL,
        django_settings.TRACKER_URL,
        *("--queues", queue),
        pool=request.param,
        TEST_LOG_LEVEL="INFO",
        TEST_HEARTBEAT="0.3",
    )
    yield queue
    worker.kill()


def lines(record):
    return [(level, message) for _, level, message in json.loads(record.get("log", "[]"))]


EXPECTED = [
    ("WARNING", "order 140 is late"),
    ("ERROR", "password=[redacted] at https://ada:[redacted]@mail.example"),
]


def test_the_lines_of_each_logger_are_kept_redacted(queue, ended):
    found = ended(140, tasks.log_lines.apply_async((140,), queue=queue).id, "SUCCESS")
    assert lines(found) == EXPECTED
    moments = [moment for moment, _, _ in json.loads(found["log"])]
    assert found["started_at"] <= moments[0] <= moments[1] <= found["finished_at"]


def test_they_are_there_while_the_task_runs(queue, record):
    sent = tasks.log_lines.apply_async((140, 60), queue=queue)
    wait_for(lambda: (found := record(140, sent.id)) and "log" in found, "the first lines")
    assert lines(record(140, sent.id)) == EXPECTED


def test_another_task_has_its_own(queue, ended):
    ended(140, tasks.log_lines.apply_async((140,), queue=queue).id, "SUCCESS")
    found = ended(140, tasks.succeed.apply_async((140,), queue=queue).id, "SUCCESS")
    assert "log" not in found


@pytest.mark.parametrize("level", [None, "CRITICAL"])
def test_without_a_level_or_below_it_nothing_is_kept(settings, record, level):
    settings.TASK_TRACKER_LOG_LEVEL = level
    assert "log" not in record(141, tasks.log_lines.apply((141,)).id)


class TestLines:
    def of(self, *messages, name="shop", level=logging.INFO, exc_info=None):
        kept = logs.Lines()
        for message in messages:
            kept.add(logging.LogRecord(name, level, "", 0, message, (), exc_info))
        return json.loads(kept.fields().get("log", "[]"))

    def test_are_the_last_two_hundred(self):
        kept = self.of(*(str(number) for number in range(500)))
        assert [message for _, _, message in kept] == [str(number) for number in range(300, 500)]

    @pytest.mark.parametrize("sign", ["x", "é", "\U0001f600", '"', "\x00", "\udcff"])
    def test_are_sixteen_kibibytes_at_most(self, sign):
        kept = logs.Lines()
        for number in range(200):
            message = f"{number} {sign * 3000}"
            kept.add(logging.LogRecord("shop", logging.INFO, "", 0, message, (), None))
        value = kept.fields()["log"]
        assert len(value.encode(errors="replace")) <= logs.MAX_BYTES
        assert json.loads(value)[-1][2].startswith("199 ")

    def test_tell_of_an_exception_with_its_traceback(self):
        error = ValueError("wrong")
        ((_, _, message),) = self.of("no", exc_info=(ValueError, error, None))
        assert message == "no\nValueError: wrong"

    @pytest.mark.parametrize(
        ("said", "kept"),
        [
            ("token: abc", "token: [redacted]"),
            ('{"api_key": "a b", "n": 1}', '{"api_key": [redacted], "n": 1}'),
            ("count=3 password='x y'", "count=3 password=[redacted]"),
            ("took: 3 s", "took: 3 s"),
        ],
    )
    def test_have_no_secrets(self, said, kept):
        assert self.of(said)[0][2] == kept


class TestHandler:
    @pytest.fixture(autouse=True)
    def kept(self, settings):
        settings.TASK_TRACKER_LOG_LEVEL = "INFO"

    @pytest.fixture
    def lines_of(self, record, monkeypatch):
        """What is kept of a task that logs this."""

        def run(*messages):
            def log(order_id):
                for message in messages:
                    logging.getLogger("shop").error(message)

            monkeypatch.setattr(tasks.succeed, "run", log)
            found = record(142, tasks.succeed.apply((142,)).id)
            assert found["state"] == "SUCCESS"
            return lines(found)

        return run

    def test_leaves_out_what_it_causes_to_be_logged_itself(self, lines_of):
        class Talks:
            def __str__(self):
                logging.getLogger("shop").error("talking")
                return "said"

        assert ("ERROR", "said") in lines_of(Talks(), "after")
        assert lines_of("before")[-1] == ("ERROR", "before")

    def test_harms_no_task_whose_line_has_no_text(self, lines_of, monkeypatch):
        class Mute:
            def __str__(self):
                raise RuntimeError("no text")

        # What Python itself says of such a line.
        monkeypatch.setattr(logging, "raiseExceptions", False)
        monkeypatch.setattr(logging.getLogger("shop"), "handlers", [logs._handler])
        monkeypatch.setattr(logging.getLogger("shop"), "propagate", False)
        assert lines_of(Mute(), "after") == [("ERROR", "after")]
