"""What may go wrong between this package and Redis, in words of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis
from redis.exceptions import RedisClusterException

#: What the line in redis.conf looks like that loads the module.
LOADMODULE = "loadmodule /path/to/libtracker.so"
MODULE_MISSING = "Redis has no TRACKER commands: its tracker module is not loaded"


class TrackerError(Exception):
    """A command was not carried out. The message says why, in a sentence."""


class TrackerUnavailable(TrackerError):
    """Redis does not answer, or cannot serve this command now: it may, later."""


class ModuleMissing(TrackerUnavailable):
    """Redis answers, but has no ``TRACKER.*`` commands."""


class ModuleOutdated(TrackerUnavailable):
    """Redis has the tracker module, of a version that this package cannot work with."""


class CommandRefused(TrackerError):
    """Redis understood the command and refused its arguments: it will again."""


#: How redis-py ends saying that a cluster has no such command.
_UNKNOWN_TO_CLUSTER = "command doesn't exist in Redis commands"

#: Refusals that are about the server and not about the command.
_SERVER_CONDITIONS = ("MISCONF", "CLUSTERDOWN", "MASTERDOWN", "NOREPLICAS", "TRYAGAIN", "BUSY")


def translated(error: Exception) -> TrackerError:
    """An error that Redis replied with in the words of this package."""
    message = str(error)
    if message.lower().startswith("unknown command") or message.endswith(_UNKNOWN_TO_CLUSTER):
        return ModuleMissing(MODULE_MISSING)
    if not isinstance(error, redis.ResponseError):
        return TrackerUnavailable(message or type(error).__name__)
    if type(error) is redis.ResponseError and not message.startswith(_SERVER_CONDITIONS):
        return CommandRefused(message)
    return TrackerUnavailable(message)


@contextmanager
def translating() -> Iterator[None]:
    """Raises redis-py's errors, and the system's about connections, as :class:`TrackerUnavailable`.

    Those that are raised are no replies: a server that refuses the connection, or that does not
    have the database, says nothing of the command.
    """
    try:
        yield
    except IndexError as error:
        # What redis-py 5 makes of nodes that have no slots yet.
        raise TrackerUnavailable("The cluster serves no slots") from error
    # What redis-py says of a cluster's nodes is none of its other errors.
    except (redis.RedisError, RedisClusterException, OSError) as error:
        known = translated(error)
        if isinstance(known, TrackerUnavailable):
            raise known from error
        raise TrackerUnavailable(str(known)) from error
