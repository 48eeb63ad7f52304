"""What a URL of the setting ``CELERY_TASKTRACKER_REDIS_URL`` says.

======================================== =====================================================
``redis://[[user]:password@]host:port/db`` one server
``rediss://…``                           one server, with TLS
``unix:///path/to/socket?db=0``          one server, by its Unix socket
``redis+socket:///path?virtual_host=0``  the same, as Celery writes it
``redis+cluster://h1:p1,h2:p2``          a cluster, by any of its nodes; ``rediss+cluster``: TLS
``redis+sentinel://h1:p1,h2:p2/name/db`` the primary that these sentinels call ``name``
======================================== =====================================================

A query may give options of redis-py's connections, such as ``?ssl_ca_certs=/path``:
https://redis.readthedocs.io/en/stable/connections.html#redis.Redis.from_url

A URL holds a password, and a mistyped one may hold it anywhere. So no message here repeats any
part of a URL.
"""

from __future__ import annotations

import math
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import redis
from redis.cluster import REDIS_ALLOWED_KEYS
from redis.connection import Connection, SSLConnection, UnixDomainSocketConnection, parse_url

SCHEMES = (
    "redis",
    "rediss",
    "unix",
    "redis+socket",
    "redis+cluster",
    "rediss+cluster",
    "redis+sentinel",
    "rediss+sentinel",
)

REDIS_PORT = 6379
SENTINEL_PORT = 26379

#: Where a password most often breaks a URL, and what to do.
_ESCAPES = "; in a user name or a password, write % / ? # @ : as %25 %2F %3F %23 %40 %3A"

#: Options that have to be Python objects, or that would change the type of the replies.
_NOT_IN_A_URL = frozenset(
    {
        "connection_class",
        "credential_provider",
        "decode_responses",
        "encoding",
        "encoding_errors",
        "event_dispatcher",
        "redis_connect_func",
        "retry",
        "retry_on_error",
    }
)


class InvalidUrl(ValueError):
    """The text is not a URL of the kinds above. The message continues "a URL that …"."""


class Address(NamedTuple):
    """A host and its port."""

    host: str
    port: int


@dataclass(frozen=True)
class RedisUrl:
    """A URL, taken apart. :meth:`of` makes one, and asks no server."""

    kind: str
    """``server``, ``cluster`` or ``sentinel``."""

    addresses: tuple[Address, ...]
    """The server, the known nodes of the cluster, or the sentinels. None for a Unix socket."""

    service: str
    """What the sentinels call the primary; otherwise empty."""

    connection_class: type[Any]
    """redis-py's class for connections of this kind."""

    options: dict[str, Any]
    """User, password, database, TLS and the query, as arguments of that class and its pool."""

    @property
    def is_encrypted(self) -> bool:
        """Whether connections use TLS."""
        return self.connection_class is SSLConnection

    @classmethod
    def of(cls, url: Any) -> RedisUrl:
        """Reads ``url``. Raises :class:`InvalidUrl` for what redis-py would refuse, too."""
        parts = _Parts.of(url)
        tls, _, kind = parts.scheme.partition("+")
        options = parts.options()
        service = ""
        if parts.scheme in ("unix", "redis+socket"):
            if parts.hosts or not parts.path:
                raise InvalidUrl(f"has three slashes before the socket's path{_ESCAPES}")
            options["path"] = "/" + unquote(parts.path)
            if kind and "virtual_host" in options:
                options["db"] = _database(options.pop("virtual_host"))
            found = cls("server", (), service, UnixDomainSocketConnection, options)
        else:
            if "@" in parts.path:
                raise InvalidUrl(f"has its user name and password before the hosts{_ESCAPES}")
            if kind == "cluster":
                if _database(parts.path) or options.pop("db", 0):
                    raise InvalidUrl("has no database: a cluster has number 0 alone")
                addresses = parts.addresses(REDIS_PORT)
            elif kind == "sentinel":
                name, _, db = parts.path.partition("/")
                if not name:
                    raise InvalidUrl(
                        "ends with the sentinels' name of the primary: …/<service>/<db>"
                    )
                service = unquote(name)
                options.setdefault("db", _database(db))
                addresses = parts.addresses(SENTINEL_PORT)
            else:
                options.setdefault("db", _database(parts.path))
                addresses = parts.addresses(REDIS_PORT, default_host="localhost")
                if len(addresses) > 1:
                    raise InvalidUrl("names one host, if it is not a cluster's or sentinels'")
                options["host"], options["port"] = addresses[0]
            connection_class = SSLConnection if tls == "rediss" else Connection
            found = cls(kind or "server", addresses, service, connection_class, options)
        if options.get("ssl_cert_reqs") == "none" and found._takes("ssl_check_hostname"):
            # redis-py before 7 asks for this.
            options["ssl_check_hostname"] = False
        found._check_options()
        return found

    def _takes(self, option: str) -> bool:
        """Whether redis-py hands the option on to connections; a cluster's client drops some."""
        return self.kind != "cluster" or option in REDIS_ALLOWED_KEYS

    def _check_options(self) -> None:
        names = self.options.keys()
        if not self.is_encrypted and any(name.startswith("ssl_") for name in names):
            raise InvalidUrl("begins with rediss if it has options of TLS (ssl_…)")
        if not all(map(self._takes, names)):
            raise InvalidUrl("has only options that redis-py's cluster client takes")
        with _refusing(f"has options that redis-py takes, with values that it takes{_ESCAPES}"):
            if names & _NOT_IN_A_URL:
                raise ValueError
            for name in ("socket_timeout", "socket_connect_timeout"):
                if not 0 < self.options.get(name, 1) < math.inf:
                    raise ValueError
            if "ssl_min_version" in names:
                ssl.TLSVersion(int(self.options["ssl_min_version"]))
            if "ssl_ciphers" in names:
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).set_ciphers(self.options["ssl_ciphers"])
            # Connects only when it is first used.
            pool = redis.ConnectionPool(self.connection_class, **self.options)
            connection = pool.connection_class(**pool.connection_kwargs)
            if self.is_encrypted:
                # redis-py cannot check the host name without checking the certificate.
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname = connection.check_hostname
                context.verify_mode = connection.cert_reqs


class _Parts(NamedTuple):
    """The parts of ``scheme://user@hosts/path?query``, where ``hosts`` may be several.

    ``urllib`` reads a URL as that of one server. Since its security fixes of 2023 it refuses an
    IPv6 address that is not the first host.
    """

    scheme: str
    user: str
    hosts: str
    path: str
    query: str

    @classmethod
    def of(cls, url: Any) -> _Parts:
        # A URL that was read from a file may end with a line break.
        scheme, separator, rest = str(url).strip().partition("://")
        if not (isinstance(url, str) and separator and scheme in SCHEMES):
            raise InvalidUrl("begins with " + ", ".join(f"{each}://" for each in SCHEMES))
        if "#" in rest:
            raise InvalidUrl(f"has no #{_ESCAPES}")
        rest, _, query = rest.partition("?")
        authority, _, path = rest.partition("/")
        user, _, hosts = authority.rpartition("@")
        if not all("=" in item for item in query.split("&") if item):
            raise InvalidUrl(f"has options as ?name=value&name=value{_ESCAPES}")
        return cls(scheme, user, hosts, path.rstrip("/"), query)

    def addresses(self, default_port: int, default_host: str = "") -> tuple[Address, ...]:
        """The hosts with their ports, as in ``h1:6379,h2,[::1]:7000``."""
        found = []
        with _refusing(f"names its hosts as host or host:port{_ESCAPES}"):
            for each in self.hosts.split(","):
                one = urlsplit(f"//{each}")
                host = unquote(one.hostname or default_host)
                if not host:
                    raise ValueError
                found.append(Address(host, one.port or default_port))
        return tuple(found)

    def options(self) -> dict[str, Any]:
        """The user, the password and the query, as redis-py reads them."""
        user = f"{self.user}@" if self.user else ""
        with _refusing(f"redis-py can read{_ESCAPES}"):
            options = dict(parse_url(f"redis://{user}localhost/?{self.query}"))  # type: ignore[no-untyped-call]
        del options["host"]
        if "ssl_cert_reqs" in options:
            options["ssl_cert_reqs"] = _verification(options["ssl_cert_reqs"])
        return options


def wrong_with(url: Any) -> str | None:
    """What ``url`` would have to be, to follow "a URL that"; ``None`` if it can be used.

    Asks no server.
    """
    try:
        RedisUrl.of(url)
    except InvalidUrl as error:
        return str(error)
    return None


def without_password(url: str) -> str:
    """``url`` to be shown to people: ``***`` stands for the password, or for a mistyped URL."""
    if wrong_with(url):
        return "***"
    # A user name without a password is most likely a password without its colon.
    url = re.sub(r"(?<=://)([^/@:]*):.*@", r"\1:***@", url)
    url = re.sub(r"(?<=://)[^/@:]+@", "***@", url)
    return re.sub(r"(?<=[?&])(\w*password)=[^&]*", r"\1=***", url)


def _database(text: str) -> int:
    if text and not (text.isascii() and text.isdecimal()):
        raise InvalidUrl(f"ends with the number of a database{_ESCAPES}")
    return int(text or 0)


def _verification(text: str) -> str:
    """A value of ``ssl_cert_reqs`` in redis-py's words. Celery writes ``CERT_NONE`` and so on."""
    mode = text.lower().removeprefix("cert_")
    if mode not in ("none", "optional", "required"):
        raise InvalidUrl("has none, optional or required as ssl_cert_reqs")
    return mode


@contextmanager
def _refusing(expected: str) -> Iterator[None]:
    """Raises :class:`InvalidUrl` for what ``urllib``, ``ssl`` or redis-py refuse in the block."""
    try:
        yield
    except Exception:
        # Any exception: redis-py 5 and 6 fail on some values. The message may quote the URL.
        raise InvalidUrl(expected) from None
