"""``manage.py tracker_mark v2.3``: marks this moment, such as a deploy, in the pictures."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ...recording.marks import event_of
from ...server.client import get_client
from ...server.errors import TrackerError


class Command(BaseCommand):
    """Stores the mark, and fails if Redis did not take it."""

    help = "Marks this moment, such as a deploy, in the pictures of the task tracker's pages."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("text", help="what the pictures show, such as a version")

    def handle(self, *args: Any, text: str, **options: Any) -> None:
        try:
            undone = get_client().write([event_of(text)])
        except ValueError as error:
            raise CommandError(f"{str(error)[0].upper()}{str(error)[1:]}") from error
        except TrackerError as error:
            raise CommandError(f"The mark was not stored: {error}") from error
        for _write, reason in undone:
            raise CommandError(f"The mark was not stored: {reason}")
        self.stdout.write(self.style.SUCCESS(f"Marked: {text}"))
