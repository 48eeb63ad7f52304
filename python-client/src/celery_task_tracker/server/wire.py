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

#: About how many bytes a command has without its fields: its name, object, task id and task name.
WORDS_SIZE = 256


class Part(NamedTuple):
    """Words of a command as they are sent. Several commands may have it in common."""

    words: int
    """How many."""

    data: bytes


class Packed(NamedTuple):
    """A command as it is sent."""

    key: str
    """Where it belongs in a cluster: the object's id."""

    data: bytes

    def words(self) -> list[bytes]:
        """Its name and arguments."""
        words = []
        place = self.data.index(b"\r\n") + 2
        while place < len(self.data):
            begin = self.data.index(b"\r\n", place) + 2
            end = begin + int(self.data[place + 1 : begin])
            words.append(self.data[begin:end])
            place = end + 2
        return words


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
        owners = [self._owner(each.key) for each in commands]
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
            name, *words = command.words()
            # The name as text, by which redis-py looks up where a command's key is.
            return self._client.execute_command(name.decode(), *words)
        except redis.ResponseError as error:
            return error

    def _owner(self, key: str) -> Any:
        slot = self._client.keyslot(key.encode(errors="replace"))
        return self._client.nodes_manager.get_node_from_slot(slot)

    def _server(self, node: Any) -> ServerWire:
        return ServerWire(self._client.get_redis_connection(node))


def packed(command: Command) -> Packed:
    """``command`` as Redis reads it: https://redis.io/docs/latest/develop/reference/protocol-spec/.

    Raises ``TypeError`` or ``AttributeError`` for a word that is not text.
    """
    return joined(command[2] if len(command) > 2 else "", part(command))


def part(words: Sequence[str]) -> Part:
    """``words`` as Redis reads them.

    Half of a surrogate pair, which a ``str`` may hold and UTF-8 may not, becomes a question mark.
    Raises as :func:`packed` does.
    """
    text = "".join([f"${len(word)}\r\n{word}\r\n" for word in words])
    if text.isascii():
        return Part(len(words), text.encode())
    encoded = [word.encode(errors="replace") for word in words]
    data = b"".join([b"$%d\r\n%b\r\n" % (len(word), word) for word in encoded])
    return Part(len(words), data)


def joined(key: str, *parts: Part) -> Packed:
    """The command with the words of ``parts``."""
    count = 0
    for each in parts:
        count += each.words
    return Packed(key, b"*%d\r\n%b" % (count, b"".join([each.data for each in parts])))


def _reply(connection: Any) -> Any:
    try:
        return connection.read_response()
    except redis.ResponseError as error:
        return error


def _rest(seconds: float) -> None:
    if seconds:
        time.sleep(seconds)


#: The replies by which a node names another one that has the slot, or is about to get it.
_REDIRECTS = (MovedError, AskError)

#: Makes a node serve the next command although the slot is still being moved to it.
ASKING = packed(["ASKING"])

#: redis-py before 5.3 requires the name of the command that a connection is for.
_COMMAND_NAME = ("TRACKER",) if tuple(map(int, redis.__version__.split(".")[:2])) < (5, 3) else ()
