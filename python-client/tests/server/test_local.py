"""A Redis that a process starts itself: what it keeps and leaves, and why it cannot run."""

import shutil
import socket
import sys
from pathlib import Path

import pytest
import redis

from celery_task_tracker.server.local import LocalServer, LocalServerError
from servers import EVERY_SERVER, HOST, free_port, module_path


def client(server):
    return redis.Redis.from_url(server.url, decode_responses=True)


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def executable(file, text="#!/bin/sh\n"):
    file.write_text(text)
    file.chmod(0o755)
    return file


@pytest.mark.parametrize("program", EVERY_SERVER)
def test_it_has_the_module_on_every_server(program):
    with LocalServer(program=program, module=module_path()) as server, client(server) as asked:
        assert "TRACKER.QUERY" in str(asked.execute_command("TRACKER.HELP"))


def test_it_serves_this_machine_alone():
    with LocalServer(module=module_path()) as server, client(server) as asked:
        assert asked.config_get("bind") == {"bind": HOST}


def test_without_a_folder_nothing_is_left():
    with LocalServer(module=module_path()) as server, client(server) as asked:
        folder = Path(asked.config_get("dir")["dir"])
        asked.set("a", "1")
    assert not listens(server.port)
    assert not folder.exists()


def test_with_a_folder_its_data_is_there_again(tmp_path):
    port = free_port()
    for known in (None, "1"):
        with (
            LocalServer(
                port=port, folder=tmp_path / "new folder" / "kept", module=module_path()
            ) as server,
            client(server) as asked,
        ):
            assert server.url == f"redis://{HOST}:{port}/0"
            assert asked.get("a") == known
            asked.set("a", "1")


def test_paths_may_have_spaces(tmp_path):
    module = tmp_path / "the module.so"
    shutil.copy(module_path(), module)
    with LocalServer(folder=tmp_path / "a folder", module=module) as server:
        assert (tmp_path / "a folder" / "server.log").is_file()
        with client(server) as asked:
            assert asked.execute_command("TRACKER.HELP")


def test_it_forgets_when_it_is_cleared():
    with LocalServer(module=module_path()) as server, client(server) as asked:
        asked.set("a", "1")
        server.clear()
        assert asked.get("a") is None


def test_it_can_be_started_again():
    server = LocalServer(module=module_path())
    for _ in range(2):
        with server, client(server) as asked:
            assert asked.ping()


@pytest.mark.parametrize("port", [0, -1, 65_536])
def test_a_port_that_cannot_be_is_refused(port):
    with pytest.raises(LocalServerError, match=f"1 to 65535, not {port}"):
        LocalServer(port=port, module=module_path()).start()


def test_a_port_that_is_taken_is_told():
    with LocalServer(module=module_path()) as first:
        with pytest.raises(LocalServerError, match=f"Port {first.port} cannot be used"):
            LocalServer(port=first.port, module=module_path()).start()
        with client(first) as asked:
            assert asked.ping()


def test_without_a_server_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LocalServerError, match="apt install redis-server"):
        LocalServer(module=module_path())


def test_valkey_serves_where_there_is_no_redis(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    valkey = executable(tmp_path / "valkey-server")
    assert LocalServer(module=module_path()).program == valkey
    redis_server = executable(tmp_path / "redis-server")
    assert LocalServer(module=module_path()).program == redis_server


def test_without_the_module_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "celery_task_tracker_module", None)
    with pytest.raises(LocalServerError, match=r"pip install .celery-task-tracker\[module\]"):
        LocalServer()


def test_a_module_that_is_not_there_is_told(tmp_path):
    with pytest.raises(LocalServerError, match=f"no tracker module {tmp_path}/missing.so"):
        LocalServer(module=tmp_path / "missing.so").start()


def test_a_server_that_is_not_there_or_cannot_be_run_is_told(tmp_path):
    program = tmp_path / "valkey-server"
    for _ in range(2):
        with pytest.raises(LocalServerError, match=f"No {program} was found that can be run"):
            LocalServer(program=program, module=module_path())
        program.write_text("")


def test_what_the_server_said_is_shown_where_it_cannot_start(tmp_path):
    module = executable(tmp_path / "libtracker.so", "no module")
    server = LocalServer(module=module)
    with pytest.raises(LocalServerError, match=rf"(?s)ended at once.*{module}") as told:
        server.start()
    assert not listens(server.port)
    assert "failed to load" in str(told.value)


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalServerError, match=str(tmp_path / "file")):
        LocalServer(folder=tmp_path / "file" / "folder", module=module_path()).start()
