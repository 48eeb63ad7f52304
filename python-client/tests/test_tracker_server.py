"""``manage.py tracker_server``: from its start to Ctrl-C."""

import io
import os
import re
import signal
import subprocess
import sys
import threading

import pytest
import redis
from django.core.management import call_command

from servers import TESTS, free_port, module_path, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def command():
    """Starts ``manage.py tracker_server`` with these options."""
    started = []

    def start(*options):
        process = subprocess.Popen(
            [sys.executable, "-m", "django", "tracker_server", *map(str, options)],
            cwd=TESTS,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def introduction(process):
    """What the command says once its server runs."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Ctrl-C"):
            return "".join(lines)
    raise AssertionError(process.stderr.read())


def client(told):
    (url,) = re.findall(r'CELERY_TASKTRACKER_REDIS_URL = "(.*)"', told)
    return redis.Redis.from_url(url, decode_responses=True)


def is_gone(asked):
    try:
        return not asked.ping()
    except redis.ConnectionError:
        return True


def test_it_prints_the_setting_of_a_server_with_the_module(command):
    told = introduction(command("--module", module_path()))
    assert "It keeps nothing." in told
    with client(told) as asked:
        assert asked.execute_command("TRACKER.HELP")


def test_afterwards_signals_are_handled_as_before():
    before = signal.getsignal(signal.SIGINT)
    out = io.StringIO()

    def interrupt():
        wait_for(lambda: "Ctrl-C ends it." in out.getvalue(), "the server to start")
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    call_command("tracker_server", module=module_path(), stdout=out)
    thread.join()
    assert "The server has ended." in out.getvalue()
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_leaves_nothing(command, number):
    process = command("--module", module_path())
    with client(introduction(process)) as asked:
        folder = asked.config_get("dir")["dir"]
        process.send_signal(number)
        assert process.wait(60) == 0
        assert is_gone(asked)
        assert not os.path.exists(folder)


def test_the_server_ends_even_if_the_command_is_killed(command):
    process = command("--module", module_path())
    with client(introduction(process)) as asked:
        process.kill()
        wait_for(lambda: is_gone(asked), "the server to end")


def test_it_keeps_its_data_in_a_folder_and_takes_a_port(command, tmp_path):
    port = free_port()
    for known in (None, "1"):
        process = command("--module", module_path(), "--port", port, "--dir", tmp_path / "kept")
        told = introduction(process)
        assert f"port {port}" in told
        assert str(tmp_path / "kept") in told
        with client(told) as asked:
            assert asked.get("a") == known
            asked.set("a", "1")
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def test_it_fails_when_its_server_ends(command):
    process = command("--module", module_path())
    with client(introduction(process)) as asked:
        asked.shutdown(nosave=True)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "The server has ended by itself." in error


def test_what_is_missing_is_told_in_one_line(command, tmp_path):
    process = command("--module", tmp_path / "missing.so")
    _, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert error == f"CommandError: There is no tracker module {tmp_path}/missing.so.\n"
