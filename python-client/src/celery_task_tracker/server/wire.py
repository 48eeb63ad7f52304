"""Commands to one server or a cluster, any number of them in one round trip.

redis-py makes the connections, keeps them, and reads the replies. Its way from a command to a
connection has room for much that the tracker does not need, and costs more than the round trip
itself, so that one server is spoken to on the connection directly. The nodes of a cluster are for
redis-py to find.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import redis
from redis.cluster import RedisCluster
from redis.exceptions import AskError, MovedError, TryAgainError

#: A command with its arguments.
Command: TypeAlias = Sequence[str]


class Wire(Protocol):
    """What carries commands to Redis and their replies back."""

    def call(self, commands: Sequence[Command]) -> list[Any]:
        """The replies to ``commands``, in order; an error of Redis' is a reply like any other.

        Costs one round trip, on a cluster one for each node. Raises redis-py's errors, and
        ``OSError``, where Redis does not answer: any of the commands may have been carried out.
        """

    def channel(self) -> Channel:
        """A channel of its own. Raises redis-py's errors where none can be made."""


class Channel(Protocol):
    """Commands sent ahead of the replies to those before. Raises as a wire does."""

    def send(self, commands: Sequence[Command]) -> None:
        """Sends ``commands``. Waits only while the system takes no more."""

    def has_reply(self) -> bool:
        """Whether the next reply is there."""

    def reply(self) -> Any:
        """The next reply, which it waits for; an error of Redis' is a reply like any other."""

    def close(self) -> None:
        """Gives the connection up, with the replies that are still to come."""


def wire(client: Any) -> Wire:
    """The wire of a redis-py client."""
    return ClusterWire(client) if isinstance(client, RedisCluster) else ServerWire(client)


class ServerWire:
    """One server, or the primary that sentinels know."""

    def __init__(self, client: redis.Redis) -> None:
        self._pool = client.connection_pool

    def call(self, commands: Sequence[Command]) -> list[Any]:
        connection: Any = self._pool.get_connection(*_COMMAND_NAME)
        try:
            connection.send_packed_command([b"".join(map(packed, commands))])
            return [_reply(connection) for _ in commands]
        except BaseException:
            # Replies that were not read would be taken for those of the next commands.
            connection.disconnect()
            raise
        finally:
            self._pool.release(connection)

    def channel(self) -> Channel:
        return ServerChannel(self._pool)


class ServerChannel:
    """A connection that the pool has lent for good."""

    def __init__(self, pool: redis.ConnectionPool) -> None:
        self._pool = pool
        self._connection: Any = pool.get_connection(*_COMMAND_NAME)

    def send(self, commands: Sequence[Command]) -> None:
        self._connection.send_packed_command([b"".join(map(packed, commands))])

    def has_reply(self) -> bool:
        return bool(self._connection.can_read(0))

    def reply(self) -> Any:
        return _reply(self._connection)

    def close(self) -> None:
        self._connection.disconnect()
        self._pool.release(self._connection)


class ClusterWire:
    """The nodes of a cluster."""

    def __init__(self, client: RedisCluster) -> None:
        self._client: Any = client

    def call(self, commands: Sequence[Command]) -> list[Any]:
        if len(commands) == 1:
            # Follows a slot that moves, which a pipeline of some versions does not.
            try:
                return [self._client.execute_command(*_encoded(commands[0]))]
            except redis.ResponseError as error:
                return [error]
        pipeline = self._client.pipeline()
        for command in commands:
            pipeline.execute_command(*_encoded(command))
        replies: list[Any] = pipeline.execute(raise_on_error=False)
        return replies

    def call_owner(self, command: Command) -> Any:
        """The reply of the node that has the command's slot, or of the one that it names instead.

        A node that does not answer costs one time-out. redis-py would look for the nodes anew, for
        which each of them may take its own: that is for :meth:`call`.
        """
        slot = self._client.keyslot(command[_KEY].encode(errors="replace"))
        node = self._client.nodes_manager.get_node_from_slot(slot)
        (reply,) = ServerWire(self._client.get_redis_connection(node)).call([command])
        if isinstance(reply, _MOVING):
            (reply,) = self.call([command])
        return reply

    def channel(self) -> Channel:
        return ClusterChannel(self)


class ClusterChannel:
    """Which of the nodes a command goes to is found out by waiting for its reply."""

    def __init__(self, wire: ClusterWire) -> None:
        self._wire = wire
        self._replies: deque[Any] = deque()

    def send(self, commands: Sequence[Command]) -> None:
        self._replies.extend(map(self._wire.call_owner, commands))

    def has_reply(self) -> bool:
        return bool(self._replies)

    def reply(self) -> Any:
        return self._replies.popleft()

    def close(self) -> None:
        """The client keeps its connections."""


def packed(command: Command) -> bytes:
    """``command`` as Redis reads it: https://redis.io/docs/latest/develop/reference/protocol-spec/.

    Half of a surrogate pair, which a ``str`` may hold and UTF-8 may not, becomes a question mark.
    """
    words = "".join([f"${len(word)}\r\n{word}\r\n" for word in command])
    if words.isascii():
        return f"*{len(command)}\r\n{words}".encode()
    encoded = [word.encode(errors="replace") for word in command]
    return b"".join(
        [b"*%d\r\n" % len(encoded), *(b"$%d\r\n%b\r\n" % (len(word), word) for word in encoded)]
    )


def _encoded(command: Command) -> list[str | bytes]:
    # The name stays text, by which redis-py looks up where a command's key is.
    return [command[0], *(word.encode(errors="replace") for word in command[1:])]


def _reply(connection: Any) -> Any:
    try:
        return connection.read_response()
    except redis.ResponseError as error:
        return error


#: Which word of a command says where it belongs in a cluster: the object's id.
_KEY = 2

#: What a node says of a slot that is on its way to another one, or there already.
_MOVING = (AskError, MovedError, TryAgainError)

#: redis-py before 5.3 wants to know for which command a connection is.
_COMMAND_NAME = ("TRACKER",) if tuple(map(int, redis.__version__.split(".")[:2])) < (5, 3) else ()
