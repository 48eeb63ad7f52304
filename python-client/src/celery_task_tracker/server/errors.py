"""The package's exceptions for what can go wrong between it and Redis."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis
from redis.exceptions import (
    AskError,
    MovedError,
    NoPermissionError,
    RedisClusterException,
    TryAgainError,
)

#: The line in redis.conf that loads the module.
LOADMODULE = "loadmodule /path/to/libtracker.so"
MODULE_MISSING = "Redis has no TRACKER commands: its tracker module is not loaded"


class TrackerError(Exception):
    """Redis did not carry out a command. The message says why, in a sentence."""


class TrackerUnavailable(TrackerError):
    """Redis does not answer, or cannot serve the command now. It may serve it later."""


class ModuleMissing(TrackerUnavailable):
    """Redis answers, but has no ``TRACKER.*`` commands."""


class ModuleOutdated(TrackerUnavailable):
    """Redis has a version of the tracker module that this package cannot work with."""


class CommandRefused(TrackerError):
    """Redis refused this one command. It would refuse it again, and may accept others."""


class SlotMoving(TrackerUnavailable):
    """Another node of the cluster has the object, or is about to get it."""


class NotPermitted(CommandRefused):
    """The ACL of the Redis user forbids this command, or the keys that it would open."""


#: How redis-py's message ends when a cluster does not have the command.
_UNKNOWN_TO_CLUSTER = "command doesn't exist in Redis commands"

#: Error replies of a cluster's node that does not have the slot, or not the whole of it.
_SLOT_MOVING = (AskError, MovedError, TryAgainError)
#: The same where redis-py before 6 has no exception for them: in a client for one server.
_SLOT_MOVING_PREFIXES = ("ASK ", "MOVED ", "TRYAGAIN ")

#: How the module answers to an argument that its version does not have. It names the version.
_UNEXPECTED_ARGUMENT = "unexpected argument"

#: Error replies that describe the server's condition, not the command.
_SERVER_CONDITIONS = ("MISCONF", "CLUSTERDOWN", "MASTERDOWN", "NOREPLICAS", "BUSY")


def translated(error: Exception) -> TrackerError:
    """The exception of this package for ``error``, an error reply that redis-py raised or gave."""
    message = str(error)
    if message.lower().startswith("unknown command") or message.endswith(_UNKNOWN_TO_CLUSTER):
        return ModuleMissing(MODULE_MISSING)
    if isinstance(error, NoPermissionError):
        return NotPermitted(f"The Redis user lacks a permission: {message}")
    if isinstance(error, _SLOT_MOVING) or message.startswith(_SLOT_MOVING_PREFIXES):
        return SlotMoving(f"The object is on, or on its way to, another cluster node ({message})")
    if not isinstance(error, redis.ResponseError):
        return TrackerUnavailable(message or type(error).__name__)
    if message.startswith(_UNEXPECTED_ARGUMENT):
        return CommandRefused(
            f"The package and the tracker module in Redis do not fit together; upgrade the older "
            f"of them (manage.py tracker_status shows the module's version). {message}"
        )
    if type(error) is redis.ResponseError and not message.startswith(_SERVER_CONDITIONS):
        return CommandRefused(message)
    return TrackerUnavailable(message)


@contextmanager
def translating() -> Iterator[None]:
    """Raises :class:`TrackerUnavailable` for what redis-py or the system raises in the block.

    For connecting and for whole packets: what is *raised* there concerns the connection, not one
    command. For example, the server may not have the database of the URL.
    """
    try:
        yield
    except IndexError as error:
        # redis-py 5 raises this for a cluster whose nodes have no slots yet.
        raise TrackerUnavailable("The cluster serves no slots") from error
    # RedisClusterException is not a RedisError.
    except (redis.RedisError, RedisClusterException, OSError) as error:
        known = translated(error)
        if isinstance(known, TrackerUnavailable):
            raise known from error
        raise TrackerUnavailable(str(known)) from error
