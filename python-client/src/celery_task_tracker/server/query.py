"""What the module can be asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..registration.resolution import Place


@dataclass(frozen=True)
class Query:
    """One page of an object's history: tasks in any of ``states`` and with any of ``names``."""

    states: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    page: int = 1
    size: int = 10
    since: str = ""
    """The earliest creation, in unix milliseconds or RFC 3339; empty for any."""

    until: str = ""

    match: str = ""
    """A text that the records hold, in upper or lower case; empty for any."""

    order: str = ""
    """``NEWEST`` or ``OLDEST`` first; empty for the newest."""

    def command(self, place: Place, fields: Sequence[str]) -> list[str]:
        """The command that answers it with these fields of the records at ``place``."""
        command = ["TRACKER.QUERY", place.model, place.id]
        for state in self.states:
            command += ["STATE", state]
        for name in self.names:
            command += ["TASK", name]
        for word, given in (
            ("SINCE", self.since),
            ("UNTIL", self.until),
            ("MATCH", self.match),
            ("ORDER", self.order),
        ):
            if given:
                command += [word, given]
        command += ["PAGE", str(self.page), "SIZE", str(self.size)]
        command += ["FIELDS", str(len(fields)), *fields]
        return [*command, "WITHCOUNTS", "FORMAT", "JSON"]


@dataclass(frozen=True)
class Span:
    """The time from ``since`` to ``until``, in unix milliseconds, in ``buckets`` equal parts.

    The module takes a time in the future as now.
    """

    since: int
    until: int
    """The last millisecond of the span."""

    buckets: int = 1

    def command(self, place: Place) -> list[str]:
        """The command that counts the records at ``place`` in it."""
        return [
            *("TRACKER.STATS", place.model, place.id),
            *("SINCE", str(self.since), "UNTIL", str(self.until)),
            *("BUCKETS", str(self.buckets), "FORMAT", "JSON"),
        ]
