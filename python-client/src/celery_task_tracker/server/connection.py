"""redis-py clients for the URLs of :mod:`celery_task_tracker.server.url`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.connection import Connection, SSLConnection
from redis.retry import Retry
from redis.sentinel import Sentinel

from .url import InvalidUrl, RedisUrl

#: The most connections of one process: enough for as many threads, or greenlets, at once.
MAX_CONNECTIONS = 10_000

#: What ``CLIENT LIST`` shows, unless the URL has a ``client_name``.
CLIENT_NAME = "celery_task_tracker"


def connect(url: str, connect_timeout: float, socket_timeout: float) -> Any:
    """A redis-py client for ``url`` with these timeouts in seconds, which never retries.

    Raises ``ValueError`` for a URL that cannot be used. Only for a cluster does this ask a server.
    """
    try:
        place = RedisUrl.of(url)
    except InvalidUrl as error:
        raise ValueError(f"this must be a URL that {error}") from None
    options = _options(place, connect_timeout, socket_timeout)
    name = options.pop("client_name", CLIENT_NAME)
    if place.kind == "cluster":
        return _cluster(place, options, name)
    options |= {"retry": _no_retry(), "retry_on_error": [], "redis_connect_func": _greeting(name)}
    if place.kind == "sentinel":
        return _sentinel(place, options)
    return redis.Redis(connection_pool=redis.ConnectionPool(place.connection_class, **options))


def connect_beside(
    url: str, address: tuple[str, int], connect_timeout: float, socket_timeout: float
) -> Any:
    """A client for the server at ``address``, a host and a port, which ``url`` leads to.

    It has the user, the password and the TLS of ``url``, and never retries.
    """
    place = RedisUrl.of(url)
    options = _options(place, connect_timeout, socket_timeout)
    # A replica may be reached by TCP where its primary is by a socket. Its databases do not matter.
    for name in ("path", "db"):
        options.pop(name, None)
    options["host"], options["port"] = address
    greeting = _greeting(options.pop("client_name", CLIENT_NAME))
    options |= {"retry": _no_retry(), "retry_on_error": [], "redis_connect_func": greeting}
    connection_class = SSLConnection if place.is_encrypted else Connection
    return redis.Redis(connection_pool=redis.ConnectionPool(connection_class, **options))


def _options(place: RedisUrl, connect_timeout: float, socket_timeout: float) -> dict[str, Any]:
    return {
        # All versions of redis-py give the same replies with this protocol.
        "protocol": 2,
        "socket_connect_timeout": connect_timeout,
        "socket_timeout": socket_timeout,
        "health_check_interval": 0,
        # A thread without a connection would treat Redis as unavailable. redis-py 8 allows 100.
        "max_connections": MAX_CONNECTIONS,
        **({"socket_keepalive": True} if place.addresses else {}),
        **place.options,
    }


def _cluster(place: RedisUrl, options: dict[str, Any], name: str) -> Any:
    # redis-py 5 counts its attempts here. The next call finds a node again that is unavailable now.
    # The client still follows MOVED, ASK and TRYAGAIN.
    if int(redis.__version__.split(".")[0]) < 6:
        options["cluster_error_retry_attempts"] = 0
    return RedisCluster(
        startup_nodes=[ClusterNode(*each) for each in place.addresses],  # type: ignore[no-untyped-call]
        retry=_no_retry(),
        ssl=place.is_encrypted,
        # The cluster's client sends its own greeting, and calls this afterwards.
        redis_connect_func=_naming(name),
        **options,
    )


def _sentinel(place: RedisUrl, options: dict[str, Any]) -> Any:
    # The sentinels are asked without the primary's user, password and TLS.
    times = {name: options[name] for name in ("socket_connect_timeout", "socket_timeout")}
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        place.addresses, sentinel_kwargs={**times, "retry": _no_retry()}
    )
    return sentinel.master_for(place.service, ssl=place.is_encrypted, **options)  # type: ignore[no-untyped-call]


def _greeting(name: str) -> Callable[[Any], None]:
    """What a new connection says first: redis-py's own greeting, then its name."""
    give_name = _naming(name)

    def greet(connection: Any) -> None:
        connection.on_connect()
        give_name(connection)

    return greet


def _naming(name: str) -> Callable[[Any], None]:
    """Names a new connection, if the user's ACL allows that (``+client|setname``).

    redis-py's option ``client_name`` would close the connection if it does not.
    """

    def give_name(connection: Any) -> None:
        connection.send_command("CLIENT", "SETNAME", name, check_health=False)
        with suppress(redis.ResponseError):
            connection.read_response()

    return give_name


def _no_retry() -> Retry:
    return Retry(NoBackoff(), 0)
