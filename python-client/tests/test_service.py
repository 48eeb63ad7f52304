"""The systemd unit: what it starts is ready, keeps its data and has the module."""

import configparser
import os
import shlex
import shutil
import signal
import socket
import subprocess

import redis

from servers import HOST, REPOSITORY, free_port, module_path, wait_for

UNIT = REPOSITORY / "packaging/redis-task-tracker.service"


def test_what_the_unit_starts_is_ready_and_has_the_module(tmp_path):
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(UNIT.read_text().replace("\\\n", " "))
    port = free_port()
    # The same command, but for what is this machine's.
    here = {
        "/usr/bin/redis-server": shutil.which("redis-server") or "",
        "/var/lib/redis-task-tracker": str(tmp_path),
        "/usr/local/lib/redis/libtracker.so": str(module_path()),
        "6380": str(port),
    }
    command = shlex.split(unit["Service"]["ExecStart"])
    assert set(here) <= set(command)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(60)
        server = subprocess.Popen(
            [here.get(word, word) for word in command],
            env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")},
            stdout=subprocess.DEVNULL,
        )
        try:
            wait_for(lambda: b"READY=1" in systemd.recv(4096), "the server to be ready")
            with redis.Redis(host=HOST, port=port, decode_responses=True) as client:
                assert client.execute_command("TRACKER.HELP")
                assert client.config_get("maxmemory-policy", "appendonly") == {
                    "maxmemory-policy": "noeviction",
                    "appendonly": "yes",
                }
            server.send_signal(signal.SIGTERM)
            assert server.wait(60) == 0
        finally:
            server.kill()
            server.wait()
    assert list((tmp_path / "appendonlydir").iterdir())
