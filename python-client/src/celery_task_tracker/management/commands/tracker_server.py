"""``manage.py tracker_server``: a Redis with the tracker module while the command runs."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ...server.local import LocalServer, LocalServerError

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Command(BaseCommand):
    """Starts the server, prints the setting that leads to it, and ends it on Ctrl-C or SIGTERM."""

    help = (
        "Runs a redis-server or valkey-server with the tracker module on this machine, for "
        "development, tests and projects on a single host, until Ctrl-C."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, help="1 to 65535; a free one unless given")
        parser.add_argument(
            "--dir",
            type=Path,
            metavar="FOLDER",
            help="where the server keeps its data and its log; unless given it keeps nothing",
        )
        parser.add_argument(
            "--server",
            metavar="PROGRAM",
            help="the server; redis-server, or else valkey-server, on PATH unless given",
        )
        parser.add_argument(
            "--module",
            type=Path,
            metavar="FILE",
            help="libtracker.so; that of the package celery-task-tracker-module unless given",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        handlers = {number: signal.signal(number, _interrupt) for number in ENDING}
        try:
            with LocalServer(
                port=options["port"],
                folder=options["dir"],
                program=options["server"],
                module=options["module"],
            ) as server:
                self._introduce(server)
                server.wait()
            raise CommandError("The server has ended by itself.")
        except LocalServerError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self.stdout.write("The server has ended.")
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def _introduce(self, server: LocalServer) -> None:
        kept = f"It keeps its data in {server.folder}." if server.folder else "It keeps nothing."
        self.stdout.write(
            f"{server.program.name} runs with the tracker module on port {server.port}. {kept}\n"
            "The setting for it:\n\n"
            f'    CELERY_TASKTRACKER_REDIS_URL = "{server.url}"\n\n'
            "Ctrl-C ends it."
        )
        self.stdout.flush()


def _interrupt(*_: Any) -> NoReturn:
    """Ends the command. Further signals are ignored while the server shuts down."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
