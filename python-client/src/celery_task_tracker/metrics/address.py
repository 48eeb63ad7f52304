"""Where a worker serves its metrics."""

from __future__ import annotations

LAST_PORT = 65_535


def address(setting: int | str) -> tuple[str, int]:
    """The host and the port of ``9808``, ``":9808"`` or ``"127.0.0.1:9808"``.

    Raises ``ValueError`` for anything else.
    """
    host, _, port = str(setting).rpartition(":")
    if isinstance(setting, bool) or not (port.isdecimal() and int(port) <= LAST_PORT):
        raise ValueError(f"{setting!r} is neither a port nor a host with a port")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104
