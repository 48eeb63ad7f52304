"""Commands to one server or a cluster, any number of them in one round trip.

redis-py makes the connections, pools them and parses the replies. This module packs the commands
itself and writes them straight to a connection: redis-py's own way from a command to a connection
serves many cases that the tracker does not have, and costs more than the round trip.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple, Protocol, TypeAlias

import redis
from redis.cluster import RedisCluster
from redis.exceptions import AskError, MovedError, RedisClusterException

#: A command with its arguments.
Command: TypeAlias = Sequence[str]


class Packed(NamedTuple):
    """A command as it is sent."""

    command: Command
    data: bytes


class Wire(Protocol):
    """What carries commands to Redis and their replies back."""

    def call(self, commands: Sequence[Packed], pause: float = 0.0) -> list[Any]:
        """The replies to ``commands``, in order. An error reply is returned like any other.

        ``pause``: seconds between sending and reading. The replies are there after that, and the
        thread does not have to be woken for each of them.

        Costs one round trip, on a cluster one to each node. Raises redis-py's errors, and
        ``OSError``, where Redis does not answer: any of the commands may have been carried out.
        """


def wire(client: Any) -> Wire:
    """The wire of a redis-py client."""
    return ClusterWire(client) if isinstance(client, RedisCluster) else ServerWire(client)


class ServerWire:
    """One server, or the primary that sentinels know."""

    def __init__(self, client: redis.Redis) -> None:
        self._pool = client.connection_pool

    def call(self, commands: Sequence[Packed], pause: float = 0.0) -> list[Any]:
        with self.sent(commands) as replies:
            _rest(pause)
            return replies()

    @contextmanager
    def sent(self, commands: Sequence[Packed]) -> Iterator[Callable[[], list[Any]]]:
        """Sends ``commands``. Gives the function that reads the replies."""
        connection: Any = self._pool.get_connection(*_COMMAND_NAME)
        try:
            connection.send_packed_command([b"".join([each.data for each in commands])])
            yield lambda: [_reply(connection) for _ in commands]
        except BaseException:
            # Replies that were not read would be taken for those of the next commands.
            connection.disconnect()
            raise
        finally:
            self._pool.release(connection)


class ClusterWire:
    """The nodes of a cluster. Follows slots that have moved to another node."""

    def __init__(self, client: RedisCluster) -> None:
        self._client: Any = client

    def call(self, commands: Sequence[Packed], pause: float = 0.0) -> list[Any]:
        try:
            replies = self._call_owners(commands, pause)
            return [
                self._redirected(command, reply) if isinstance(reply, _REDIRECTS) else reply
                for command, reply in zip(commands, replies, strict=True)
            ]
        except (redis.ConnectionError, redis.TimeoutError, RedisClusterException):
            # Other nodes may serve the slots by now. The next call asks those.
            self._client.nodes_manager.initialize()
            raise

    def _call_owners(self, commands: Sequence[Packed], pause: float) -> list[Any]:
        """The replies of the nodes that have the commands' slots, as far as is known."""
        owners = [self._owner(each.command) for each in commands]
        places = defaultdict(list)
        for place, node in enumerate(owners):
            # Some versions of redis-py cannot hash a node.
            places[node.name].append(place)
        replies: list[Any] = [None] * len(commands)
        with ExitStack() as stack:
            readers = [
                stack.enter_context(
                    self._server(owners[of_node[0]]).sent([commands[at] for at in of_node])
                )
                for of_node in places.values()
            ]
            _rest(pause)
            for of_node, read in zip(places.values(), readers, strict=True):
                for place, reply in zip(of_node, read(), strict=True):
                    replies[place] = reply
        return replies

    def _redirected(self, command: Packed, reply: MovedError | AskError) -> Any:
        """The reply of the node that another node named in ``reply``."""
        node = self._client.get_node(host=reply.host, port=reply.port)
        if isinstance(reply, AskError) and node:
            return self._server(node).call([ASKING, command])[1]
        # redis-py notes where the slot is now.
        try:
            return self._client.execute_command(*_encoded(command.command))
        except redis.ResponseError as error:
            return error

    def _owner(self, command: Command) -> Any:
        slot = self._client.keyslot(command[_KEY].encode(errors="replace"))
        return self._client.nodes_manager.get_node_from_slot(slot)

    def _server(self, node: Any) -> ServerWire:
        return ServerWire(self._client.get_redis_connection(node))


def packed(command: Command) -> Packed:
    """``command`` as Redis reads it: https://redis.io/docs/latest/develop/reference/protocol-spec/.

    Half of a surrogate pair, which a ``str`` may hold and UTF-8 may not, becomes a question mark.
    Raises ``TypeError`` or ``AttributeError`` for a word that is not text.
    """
    words = "".join([f"${len(word)}\r\n{word}\r\n" for word in command])
    if words.isascii():
        return Packed(command, f"*{len(command)}\r\n{words}".encode())
    encoded = [word.encode(errors="replace") for word in command]
    head = b"*%d\r\n" % len(encoded)
    return Packed(
        command, head + b"".join([b"$%d\r\n%b\r\n" % (len(word), word) for word in encoded])
    )


def _encoded(command: Command) -> list[str | bytes]:
    # The name stays text, by which redis-py looks up where a command's key is.
    return [command[0], *(word.encode(errors="replace") for word in command[1:])]


def _reply(connection: Any) -> Any:
    try:
        return connection.read_response()
    except redis.ResponseError as error:
        return error


def _rest(seconds: float) -> None:
    if seconds:
        time.sleep(seconds)


#: Which word of a command says where it belongs in a cluster: the object's id.
_KEY = 2

#: The replies by which a node names another one that has the slot, or is about to get it.
_REDIRECTS = (MovedError, AskError)

#: Makes a node serve the next command although the slot is still being moved to it.
ASKING = packed(["ASKING"])

#: redis-py before 5.3 requires the name of the command that a connection is for.
_COMMAND_NAME = ("TRACKER",) if tuple(map(int, redis.__version__.split(".")[:2])) < (5, 3) else ()
