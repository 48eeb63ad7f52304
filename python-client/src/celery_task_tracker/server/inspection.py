"""What Redis servers report about themselves: versions, the module's counters, their replicas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import redis

#: A host and a port.
Address: TypeAlias = tuple[str, int]


@dataclass(frozen=True)
class Server:
    """What one Redis server reports about itself."""

    name: str
    """Its address within a cluster, otherwise empty."""

    redis: str
    """The version of Redis."""

    module: int | None
    """The version of the tracker module, ``100`` for 0.1.0; ``None`` where it is not loaded."""

    counters: Mapping[str, Any]
    """The module's section of INFO, without the prefix ``tracker_``."""

    has_info: bool = True
    """Whether the Redis user may read all this: it needs ``+info`` in its ACL."""

    replicas: tuple[Address, ...] = ()
    """The replicas that are linked to it, where it reaches them."""


@dataclass(frozen=True)
class Replica:
    """A replica of a server that keeps records."""

    name: str
    """Its address."""

    module: int | None
    """The version of its tracker module; ``None`` where it is not loaded or not known."""

    newest: int | None
    """The version of the module of the server that it follows."""

    unanswered: str = ""
    """Why it could not be asked, if it could not."""

    @property
    def fault(self) -> str:
        """What would be lost if it became the primary, in a sentence, or nothing."""
        if self.unanswered:
            return ""
        if self.module is None:
            return f"The replica {self.name} lacks the tracker module and drops all updates"
        if self.newest is not None and self.module < self.newest:
            return (
                f"The replica {self.name} has version {version_text(self.module)} of the tracker "
                f"module, its primary {version_text(self.newest)}"
            )
        return ""


def server_of(name: str, connection: Any) -> Server:
    """Asks a server. Raises redis-py's errors; ``name`` is kept."""
    try:
        info = {
            **connection.info("server"),
            **connection.info("modules"),
            **connection.info("tracker"),
            **connection.info("replication"),
        }
    except redis.exceptions.NoPermissionError:
        return Server(name, redis="?", module=None, counters={}, has_info=False)
    modules = info.get("modules", [])
    # Some versions of redis-py give a single module as a dict instead of a list.
    versions = {each.get("name"): each.get("ver") for each in modules if isinstance(each, dict)}
    return Server(
        name=name,
        redis=str(info.get("valkey_version", info.get("redis_version", "?"))),
        module=versions.get("tracker"),
        counters={
            key.removeprefix("tracker_"): value
            for key, value in info.items()
            if key.startswith("tracker_")
        },
        replicas=tuple(
            (str(each["ip"]), int(each["port"]))
            for number in range(int(info.get("connected_slaves", 0)))
            if isinstance(each := info.get(f"slave{number}"), dict)
        ),
    )


def replicas_of(servers: Iterable[Server], connect: Callable[[Address], Any]) -> list[Replica]:
    """Asks the replicas of ``servers``, and the replicas of those.

    ``connect`` gives a client for an address. A replica that does not answer is one of the result,
    and takes as long as the client's timeouts.
    """
    found: dict[Address, Replica] = {}
    waiting = list(servers)
    while waiting:
        server = waiting.pop(0)
        for address in server.replicas:
            if address in found:
                continue
            name = f"{address[0]}:{address[1]}"
            try:
                with connect(address) as client:
                    replica = server_of(name, client)
            except (redis.RedisError, OSError) as error:
                found[address] = Replica(name, None, server.module, str(error))
                continue
            denied = "" if replica.has_info else "the Redis user lacks +info in its ACL there"
            found[address] = Replica(name, replica.module, server.module, denied)
            waiting.append(replica)
    return list(found.values())


def version_text(version: int) -> str:
    """A module's version for people: ``1.2.3`` for ``10203``."""
    return f"{version // 10_000}.{version // 100 % 100}.{version % 100}"
