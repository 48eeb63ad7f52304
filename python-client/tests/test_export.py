"""``manage.py tracker_export``."""

import csv
import json
import os
import subprocess
import sys
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from celery_task_tracker.recording import process
from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.writes import Event
from servers import TESTS
from shop import tasks
from shop.models import Order

#: 14 November 2023, 22:13:20 UTC.
EPOCH = 1_700_000_000_000


def export(*arguments):
    out = StringIO()
    call_command("tracker_export", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def exported(*arguments):
    return [json.loads(line) for line in export(*arguments).splitlines()]


def keep(task_id, pk="1042", state="SUCCESS", name="shop.tasks.succeed", at=EPOCH, **fields):
    get_client().write([Event((ObjectRef("shop.order", pk),), task_id, name, state, 0, at, fields)])


def keep_many(count, at):
    order = (ObjectRef("shop.order", "1042"),)
    get_client().write(
        [
            Event(order, f"t{number}", "shop.tasks.succeed", "SUCCESS", 0, at(number), {})
            for number in range(count)
        ]
    )


@pytest.mark.parametrize("at", [lambda number: EPOCH + number, lambda number: EPOCH])
def test_every_task_of_an_object_is_exported_once_oldest_first(tracker, at):
    keep_many(230, at)
    ids = [record["id"] for record in exported("shop.order", "1042")]
    assert len(ids) == len(set(ids)) == 230
    if at(1) > EPOCH:
        assert ids == [f"t{number}" for number in range(230)]


def test_tasks_that_come_and_go_meanwhile_move_no_other_one(tracker, monkeypatch):
    keep_many(120, lambda number: EPOCH + number)
    client = type(get_client())
    query_json = client.query_json

    def ask(self, ref, query, fields):
        reply = query_json(self, ref, query, fields)
        with tracker.client() as redis:
            redis.execute_command("TRACKER.DEL", "shop.order", "1042", "t0", "t1", "t2")
        keep("late", at=EPOCH + 1000)
        return reply

    monkeypatch.setattr(client, "query_json", ask)
    ids = [record["id"] for record in exported("shop.order", "1042")]
    assert ids == [*(f"t{number}" for number in range(120)), "late"]


def test_values_are_whole_and_times_and_json_what_they_are(tracker):
    long = "x" * 5000
    keep("t1", args="[1, {}]", result=f'"{long}"', objects='[["shop.order","1042"]]', log="[]")
    (record,) = exported("shop.order", "1042")
    assert record["args"] == [1, {}]
    assert record["result"] == f'"{long}"'
    assert record["created_at"] == "2023-11-14T22:13:20.000Z"
    assert record["log"] == "[]" or record["log"] == []


def test_filters_and_fields_narrow_it(tracker):
    keep("old", at=EPOCH)
    keep("failed", state="FAILURE", name="shop.tasks.fail", at=EPOCH + 1000, error="e")
    keep("new", at=EPOCH + 86_400_000)

    def ids(*arguments):
        return [record["id"] for record in exported("shop.order", "1042", *arguments)]

    assert ids("--since", "2023-11-14T22:13:21Z") == ["failed", "new"]
    assert ids("--since", "2023-11-15") == ["new"]
    assert ids("--until", "2023-11-14") == ["old", "failed"]
    assert ids("--until", "2023-11-14T22:13:20+00:00") == ["old"]
    assert ids("--state", "failure", "revoked") == ["failed"]
    assert ids("--task", "shop.tasks.succeed") == ["old", "new"]
    assert exported("shop.order", "1042", "--state", "FAILURE", "--fields", "name,error") == [
        {"name": "shop.tasks.fail", "error": "e"}
    ]


def test_a_table_has_every_column_and_nothing_that_a_spreadsheet_runs(tracker):
    keep("t1", error='=cmd|"x"', args='["a, b"]')
    keep("t2", at=EPOCH + 1, error="two\nlines")
    rows = list(csv.DictReader(StringIO(export("shop.order", "1042", "--format", "csv"))))
    assert [row["id"] for row in rows] == ["t1", "t2"]
    assert rows[0]["error"] == '\'=cmd|"x"'
    assert json.loads(rows[0]["args"]) == ["a, b"]
    assert rows[1]["error"] == "two\nlines"
    assert rows[1]["started_at"] == ""
    empty = export("shop.order", "7", "--format", "csv")
    assert empty.startswith("id,name,state,attempt,")
    assert len(empty.splitlines()) == 1


@pytest.mark.django_db
def test_without_an_object_it_is_the_models_overview(tracker):
    for pk in (1, 2):
        Order.objects.create(pk=pk)
        tasks.succeed.apply((pk,))
    process.flush_at_end()
    found = exported("shop.order")
    assert [record["objects"] for record in found] == [[["shop.order", "1"]], [["shop.order", "2"]]]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["shop"], "There is no model 'shop'"),
        (["shop.invoice", "1"], "There is no model 'shop.invoice'"),
        (["shop.untracked"], "No task is registered for shop.Untracked"),
        (["shop.order", "abc"], "'abc' is not a primary key of shop.Order"),
        (["shop.order", ""], "'' is not a primary key of shop.Order"),
        (["shop.order", "1", "--since", "yesterday"], "--since: invalid"),
        (["shop.order", "1", "--until", "2023-13-01"], "--until: invalid"),
        (["shop.order", "1", "--state", "LOST"], "invalid choice: 'LOST'"),
        (["shop.order", "1", "--fields", "Error"], "The export is not complete: .*field"),
        (
            ["shop.order", "1", "--since", "2023-11-15", "--until", "2023-11-14"],
            "--since is later than --until",
        ),
    ],
)
def test_what_cannot_be_exported_is_refused_with_the_reason(tracker, arguments, why):
    with pytest.raises(CommandError, match=why):
        export(*arguments)


def test_a_model_without_an_overview_and_a_redis_that_is_away_are_told_apart(tracker, settings):
    settings.TASK_TRACKER_OVERVIEW = False
    with pytest.raises(CommandError, match="TASK_TRACKER_OVERVIEW"):
        export("shop.order")
    settings.CELERY_TASKTRACKER_REDIS_URL = "redis://127.0.0.1:1"
    with pytest.raises(CommandError, match="The export is not complete"):
        export("shop.order", "1")


def test_it_ends_quietly_when_its_reader_has_enough(tracker):
    keep_many(200, lambda number: EPOCH + number)
    command = f"{sys.executable} -m django tracker_export shop.order 1042 | head -n 1"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=TESTS,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "project.settings"},
        capture_output=True,
        text=True,
    )
    assert len(done.stdout.splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
