"""A connection to the Redis that the tracker's settings name, of whatever kind it is.

======================================== =====================================================
``redis://[[user]:password@]host:port/db`` one server
``rediss://…``                           one server by TLS
``unix:///path/to/socket?db=0``          one server by its socket
``redis+cluster://h1:p1,h2:p2``          a cluster, by any of its nodes; ``rediss+cluster``: TLS
``redis+sentinel://h1:p1,h2:p2/name/db`` the master that these sentinels call ``name``
======================================== =====================================================

Options of redis-py may follow as a query, ``?ssl_ca_certs=/path``, as in redis-py's own URLs:
https://redis.readthedocs.io/en/stable/connections.html#redis.Redis.from_url
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.connection import parse_url
from redis.retry import Retry
from redis.sentinel import Sentinel

SCHEMES = (
    "redis",
    "rediss",
    "unix",
    "redis+cluster",
    "rediss+cluster",
    "redis+sentinel",
    "rediss+sentinel",
)

#: The most connections of one process: as many as it has threads, or greenlets, that write at once.
MAX_CONNECTIONS = 10_000

DEFAULT_PORT = 6379
SENTINEL_PORT = 26379


class Address(NamedTuple):
    """A host and its port."""

    host: str
    port: int


class Parts(NamedTuple):
    """What a URL consists of that may name several servers: ``scheme://user@hosts/path?query``.

    ``urllib`` takes a URL for one server's, and since its security fixes of 2023 says so where an
    IPv6 address is not the first.
    """

    scheme: str
    user: str
    hosts: str
    path: str
    query: str

    @classmethod
    def of(cls, url: str) -> Parts:
        scheme, _, rest = url.partition("://")
        rest, _, query = rest.partition("#")[0].partition("?")
        authority, _, path = rest.partition("/")
        user, _, hosts = authority.rpartition("@")
        return cls(scheme, user, hosts, path, query)


def connect(url: str, connect_timeout: float, socket_timeout: float) -> Any:
    """A redis-py client for ``url`` with these time-outs in seconds, which never tries twice.

    Raises ``ValueError`` for a URL that is of none of the kinds above. Only for a cluster does
    making the client ask a server.
    """
    options = {
        # One protocol for all versions of redis-py: the replies are the same everywhere.
        "protocol": 2,
        "socket_connect_timeout": connect_timeout,
        "socket_timeout": socket_timeout,
        "health_check_interval": 0,
        "client_name": "celery_task_tracker",
        # A thread that found none would take Redis to be away; redis-py 8 stops at a hundred.
        "max_connections": MAX_CONNECTIONS,
    }
    wrong = wrong_with(url)
    if wrong:
        raise ValueError(f"no URL that {wrong}")
    scheme = Parts.of(url).scheme
    if scheme != "unix":
        options["socket_keepalive"] = True
    kind = scheme.rpartition("+")[2]
    if kind == "cluster":
        return _cluster(url, options)
    if kind == "sentinel":
        return _sentinel(url, options)
    return _checked(redis.Redis.from_url(url, retry=_no_retry(), retry_on_error=[], **options))


def wrong_with(url: Any) -> str | None:
    """What a URL of this kind has to be and ``url`` is not; ``None`` if it is. Asks no server."""
    scheme = Parts.of(url).scheme if isinstance(url, str) else None
    if scheme not in SCHEMES:
        return "begins with " + ", ".join(f"{scheme}://" for scheme in SCHEMES)
    try:
        if "+" in scheme:
            addresses(url, DEFAULT_PORT)
            _options(url)
            if scheme.endswith("sentinel"):
                _service(url)
        else:
            parse_url(url)  # type: ignore[no-untyped-call]
    except ValueError as error:
        return f"can be read ({error})"
    return None


def without_password(url: str) -> str:
    """``url`` to be shown to people."""
    # Whatever is between the first colon and the last at sign is nobody's business.
    url = re.sub(r"(?<=://)([^/@:]*):.*@", r"\1:***@", url)
    return re.sub(r"(?<=[?&])(\w*password)=[^&]*", r"\1=***", url)


def addresses(url: str, default_port: int) -> list[Address]:
    """The servers of a URL that names several, as in ``redis+cluster://h1:6379,h2,[::1]:7000``."""
    found = []
    hosts = Parts.of(url).hosts
    for part in hosts.split(","):
        one = urlsplit(f"//{part}")
        if not one.hostname:
            raise ValueError(f"{hosts!r} names no host where one should be")
        found.append(Address(one.hostname, one.port or default_port))
    return found


def _cluster(url: str, options: dict[str, Any]) -> Any:
    # A node that is away is looked for anew by the next call, not by this one. What the client
    # follows all the same is MOVED, ASK and TRYAGAIN. redis-py 5 counts its tries elsewhere.
    tries = {"cluster_error_retry_attempts": 0} if int(redis.__version__.split(".")[0]) < 6 else {}
    return RedisCluster(
        startup_nodes=[ClusterNode(*each) for each in addresses(url, DEFAULT_PORT)],  # type: ignore[no-untyped-call]
        retry=_no_retry(),
        **{**options, **tries, **_options(url)},
    )


def _sentinel(url: str, options: dict[str, Any]) -> Any:
    service, db = _service(url)
    known = _options(url)
    times = {name: options[name] for name in ("socket_connect_timeout", "socket_timeout")}
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        addresses(url, SENTINEL_PORT), sentinel_kwargs={**times, "retry": _no_retry()}
    )
    return _checked(
        sentinel.master_for(  # type: ignore[no-untyped-call]
            service, db=db, retry=_no_retry(), retry_on_error=[], **{**options, **known}
        )
    )


def _checked(client: redis.Redis) -> redis.Redis:
    """``client``, whose connections take the options that they will get; asks no server."""
    pool = client.connection_pool
    try:
        pool.connection_class(**pool.connection_kwargs)
    except TypeError as error:
        raise ValueError(f"an option is none of redis-py's ({error})") from error
    return client


def _service(url: str) -> tuple[str, int]:
    """The name that the sentinels have for the master, and the number of its database."""
    service, _, db = Parts.of(url).path.strip("/").partition("/")
    if not service:
        raise ValueError("the sentinels' name of the service is missing: …/<service>/<db>")
    return unquote(service), int(db or 0)


def _options(url: str) -> dict[str, Any]:
    """User, password, TLS and the query of a URL that names several servers, for redis-py."""
    parts = Parts.of(url)
    scheme = parts.scheme.partition("+")[0]
    plain = f"{scheme}://{parts.user + '@' if parts.user else ''}localhost/?{parts.query}"
    options: dict[str, Any] = dict(parse_url(plain))  # type: ignore[no-untyped-call]
    for name in ("host", "port", "db", "connection_class"):
        options.pop(name, None)
    return options | ({"ssl": True} if scheme == "rediss" else {})


def _no_retry() -> Retry:
    return Retry(NoBackoff(), 0)
