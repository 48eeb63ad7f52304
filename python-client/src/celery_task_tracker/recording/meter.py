"""What is measured while tasks are recorded. Nothing is, unless metrics are switched on.

The package's metrics put their own meter in :data:`current` when the project starts.
"""

from __future__ import annotations

from ..states import State
from .delivery import Delivery


class Meter:
    """Takes the measurements of this process. This one forgets them.

    No method may raise, or wait for another thread.
    """

    def recorded(self, delivery: Delivery, state: State) -> None:
        """The task came into ``state``."""

    def started(self, delivery: Delivery, at: int) -> None:
        """The attempt has begun in this process ``at`` this time, in milliseconds since 1970."""

    def ran(self, delivery: Delivery, seconds: float) -> None:
        """The attempt has ended in this process, and ran for so long."""

    def waiting(self, number: int) -> None:
        """So many events wait for Redis now."""

    def refused(self) -> None:
        """An event was dropped, because Redis refused it or it cannot be sent."""

    def lost(self, number: int) -> None:
        """So many events were dropped, because there was no room or the process ended."""


#: The meter in use.
current = Meter()
