"""``manage.py tracker_export shop.order 1042``: the records of tasks, as JSON lines or CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, time, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import is_naive, make_aware, now

from ...config import config
from ...registration.models import model_of, tracked_name
from ...registration.namespace import WrongNamespace
from ...registration.registry import registry
from ...registration.resolution import Ref, Unresolvable, object_ref, overview_of
from ...server.client import ALL_FIELDS, TrackerClient
from ...server.errors import TrackerError
from ...server.every_record import every_record
from ...server.query import Query
from ...states import STATES

#: What is exported unless other fields are named: all that the package stores of a task.
FIELDS = (
    *ALL_FIELDS,
    *("run", "pool", "priority", "stamps", "tentative", "trace_id", "log"),
)

#: Seconds that connecting and a reply may take. A command has more time than a page.
PATIENCE = 30

#: How a text begins that a spreadsheet would take for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Command(BaseCommand):
    """Writes to the standard output, a page at a time, and the number of tasks to the other."""

    help = (
        "Exports the tasks of one object, or of all objects of a model (its overview), oldest "
        "first."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model", help="the label of the model, such as shop.order")
        parser.add_argument("id", nargs="?", help="the primary key of the object; all unless given")
        parser.add_argument("--format", choices=("jsonl", "csv"), default="jsonl")
        parser.add_argument("--since", type=_moment, help="the earliest creation, 2026-01-31T12:00")
        parser.add_argument("--until", type=_last_moment, help="the latest creation")
        parser.add_argument(
            *("--state", "--states"), nargs="+", type=str.upper, choices=STATES, default=()
        )
        parser.add_argument("--task", nargs="+", default=(), help="full names of tasks")
        parser.add_argument(
            "--fields", type=lambda text: text.split(","), default=FIELDS, help="separated by ,"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        subject = _subject(options["model"], options["id"])
        query = Query(
            states=tuple(options["state"]),
            names=tuple(options["task"]),
            since=options["since"] or "",
            # What is created from now on is not waited for.
            until=options["until"] or _milliseconds(now()),
        )
        if int(query.since or 0) > int(query.until):
            raise CommandError("--since is later than --until, or than now.")
        write = self._as_csv if options["format"] == "csv" else self._as_json
        try:
            client = TrackerClient(config.CELERY_TASKTRACKER_REDIS_URL, PATIENCE, PATIENCE)
            client.ensure_compatible()
            fields = options["fields"]
            # The time of creation says where the next page begins.
            read = tuple(dict.fromkeys((*fields, "id", "created_at")))
            count = write(every_record(client, subject, query, read), fields)
        except TrackerError as error:
            raise CommandError(f"The export is not complete: {error}") from error
        except BrokenPipeError:
            # Whoever reads has enough.
            with suppress(BrokenPipeError):
                self.stdout.close()
            return
        self.stderr.write(f"Exported {count} tasks.", self.style.SUCCESS)

    def _as_json(self, records: Iterable[Mapping[str, Any]], fields: Sequence[str]) -> int:
        count = 0
        for count, record in enumerate(records, 1):  # noqa: B007
            shown = {name: record[name] for name in fields if name in record}
            self.stdout.write(json.dumps(shown, ensure_ascii=False))
        return count

    def _as_csv(self, records: Iterable[Mapping[str, Any]], fields: Sequence[str]) -> int:
        count = 0
        lines = csv.writer(self.stdout, lineterminator="\n")
        lines.writerow(fields)
        for count, record in enumerate(records, 1):  # noqa: B007
            lines.writerow([_cell(record.get(name)) for name in fields])
        return count


def _subject(label: str, pk: str | None) -> Ref:
    """What to export. Raises ``CommandError`` for what has no tasks, and says why."""
    try:
        model = model_of(label)
    except (LookupError, ValueError) as error:
        raise CommandError(f"There is no model {label!r}. Give its label: shop.order") from error
    if not registry.tracks(model):
        raise CommandError(f"No task is registered for {model._meta.label}.")
    try:
        if pk is not None:
            return object_ref(label, pk)
        if not registry.has_overview(tracked_name(model)):
            raise CommandError(
                f"{model._meta.label} has no overview (TASK_TRACKER_OVERVIEW). Name an object."
            )
        return overview_of(model)
    except Unresolvable as error:
        raise CommandError(f"{pk!r} is not a primary key of {model._meta.label}.") from error
    except WrongNamespace as error:
        raise CommandError(str(error)) from error


def _moment(text: str) -> str:
    """A time of the command line, in milliseconds; a day alone is its beginning."""
    return _milliseconds(_time(text))


def _last_moment(text: str) -> str:
    """The same; a day alone is its end."""
    is_day = _is_day(text)
    end = _time(text) + timedelta(days=1, milliseconds=-1) if is_day else _time(text)
    return _milliseconds(end)


def _time(text: str) -> datetime:
    # Both functions raise ValueError for what looks like a time and is none.
    if _is_day(text):
        day = parse_date(text)
        found = None if day is None else datetime.combine(day, time())
    else:
        found = parse_datetime(text)
    if found is None:
        raise ValueError(text)
    return make_aware(found) if is_naive(found) else found


def _is_day(text: str) -> bool:
    return len(text) == len("2026-01-31")


def _milliseconds(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1000))


def _cell(value: Any) -> str:
    """A value of a record in a table. What a spreadsheet would run gets an apostrophe in front."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return f"'{value}" if value.startswith(FORMULA) else value
