"""The tracker's Redis: a primary, the replica that may take its place, and their sentinel."""

from __future__ import annotations

import signal
from pathlib import Path

from servers import HOST, RedisServer, free_port, wait_for

from .clock import Clock

#: The sentinel's name of the primary.
SERVICE = "main"

#: Milliseconds after which the sentinel gives a silent primary up: normally never.
NEVER, SOON = 3_600_000, 500

#: Of each server. The first ones are the module's.
OPTIONS = (
    *("max-tasks-per-object", "0"),
    # What it answers is written by then. Only the machine may lose it.
    *("--appendfsync", "no"),
    # A clock that is set back would make this pause last an hour.
    *("--repl-diskless-sync-delay", "0"),
)


class Tracker:
    """What it has answered it keeps, whatever happens to it."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock(folder, "tracker")
        self.primary = self._server().start()
        self._others: list[RedisServer] = []
        self._sentinel = RedisServer(free_port(), with_module=False, options=("--sentinel",))
        self._add_replica()
        self._sentinel.start(
            f"sentinel monitor {SERVICE} {HOST} {self.primary.port} 1",
            f"sentinel down-after-milliseconds {SERVICE} {NEVER}",
            f"sentinel failover-timeout {SERVICE} 2000",
        )
        self.url = f"redis+sentinel://{HOST}:{self._sentinel.port}/{SERVICE}/0"

    def stop(self) -> None:
        self.primary.kill()

    def start(self) -> None:
        self.primary.start()

    def freeze(self) -> None:
        self.primary.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.primary.process.send_signal(signal.SIGCONT)

    def fail_over(self) -> None:
        """Kills the primary, and returns when the replica has taken its place and has a replica."""
        before, replica = self.primary, self._others[-1]
        with self._sentinel.client() as client:
            wait_for(
                lambda: any(
                    known["port"] == replica.port and not known["is_sdown"]
                    for known in client.sentinel_slaves(SERVICE)
                ),
                "the sentinel to know the replica",
            )
            with before.client() as primary:
                # What it answers from now on would not be on the replica.
                primary.execute_command("CLIENT", "PAUSE", 600_000, "WRITE")
                wait_for(lambda: _offset(before) == _offset(replica), "the replica to have it all")
            before.kill()
            client.execute_command("SENTINEL", "SET", SERVICE, "down-after-milliseconds", SOON)
            wait_for(
                lambda: client.sentinel_get_master_addr_by_name(SERVICE) == (HOST, replica.port),
                "the replica to become the primary",
            )
            wait_for(lambda: _role(replica) == "master", "the replica to become the primary")
            client.execute_command("SENTINEL", "SET", SERVICE, "down-after-milliseconds", NEVER)
        # It has to be one when it is started again, too.
        replica.options = OPTIONS
        self.primary = replica
        self._others.insert(0, before)
        self._add_replica()

    def remove(self) -> None:
        for server in (self._sentinel, *self._others, self.primary):
            server.remove()

    def _add_replica(self) -> None:
        replica = self._server("--replicaof", f"{HOST} {self.primary.port}").start()
        self._others.append(replica)

    def _server(self, *options: str) -> RedisServer:
        return RedisServer(
            free_port(),
            with_module=True,
            durable=True,
            options=(*OPTIONS, *options),
            environment=self.clock.environment,
        )


def _role(server: RedisServer) -> str:
    with server.client() as client:
        return client.info("replication")["role"]


def _offset(server: RedisServer) -> int:
    with server.client() as client:
        replication = client.info("replication")
    if replication["role"] == "master":
        return replication["master_repl_offset"]
    # A replica that still loads its first copy has none.
    return replication["slave_repl_offset"] if replication["master_link_status"] == "up" else -1
