"""When a worker serves its metrics, and what its log says when it does not."""

import logging
import os
import re
import shutil
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest
from celery.concurrency.prefork import TaskPool as Processes
from celery.concurrency.solo import TaskPool as OneProcess
from prometheus_client import Gauge, generate_latest
from scrape import samples, scrape

from celery_task_tracker.metrics import installed, worker
from celery_task_tracker.metrics.address import address
from celery_task_tracker.metrics.exposition import every_process
from celery_task_tracker.metrics.prometheus import PrometheusMeter
from celery_task_tracker.recording import meter


@pytest.fixture
def begin(monkeypatch, caplog):
    """``begin(pool)``: a worker with this pool becomes ready; what its log says then."""
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    servers = []
    start = worker.start_http_server

    def keep_track(*given, **named):
        servers.append(start(*given, **named)[0])
        return servers[-1], None

    def begin(pool):
        with caplog.at_level(logging.INFO, "celery_task_tracker"):
            worker.worker_is_ready(SimpleNamespace(pool=pool.__new__(pool)))
        return caplog.text

    monkeypatch.setattr(worker, "start_http_server", keep_track)
    yield begin
    for server in servers:
        server.shutdown()
        server.server_close()


def test_unless_it_has_a_port_it_serves_nothing(begin):
    assert begin(Processes) == ""


def test_a_worker_of_one_process_serves_what_that_measures_and_the_projects_own(begin, settings):
    settings.TASK_TRACKER_METRICS_PORT = "127.0.0.1:0"
    own = Gauge("orders_of_the_project", "Not the tracker's.")
    own.set(42)
    port = re.search(r"serves metrics on port (\d+)", begin(OneProcess))[1]
    found = scrape(f"http://127.0.0.1:{port}/metrics")
    assert found["orders_of_the_project", ()] == 42
    assert ("task_tracker_outbox_events", ()) in found


def test_processes_need_a_folder_that_they_share(begin, settings):
    settings.TASK_TRACKER_METRICS_PORT = 0
    said = begin(Processes)
    assert "PROMETHEUS_MULTIPROC_DIR" in said
    assert "on port" not in said


def test_a_port_that_is_taken_is_reported_and_harms_nothing(begin, settings):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        settings.TASK_TRACKER_METRICS_PORT = f"127.0.0.1:{port}"
        assert f"serves no metrics on port {port}" in begin(OneProcess)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        (9808, ("0.0.0.0", 9808)),
        ("9808", ("0.0.0.0", 9808)),
        (":9808", ("0.0.0.0", 9808)),
        ("localhost:9808", ("localhost", 9808)),
        ("[::1]:9808", ("::1", 9808)),
    ],
)
def test_an_address_is_a_port_or_a_host_with_a_port(setting, expected):
    assert address(setting) == expected


@pytest.mark.parametrize("setting", ["", "host", "host:", -1, 65536, True, 1.5])
def test_nothing_else_is_an_address(setting):
    with pytest.raises(ValueError, match="neither a port nor a host"):
        address(setting)


def test_switching_metrics_on_twice_measures_once(monkeypatch):
    connected = []
    monkeypatch.setattr(worker, "connect", lambda: connected.append(1))
    monkeypatch.setattr(meter, "current", meter.Meter())
    installed.install()
    first = meter.current
    installed.install()
    assert isinstance(first, PrometheusMeter)
    assert meter.current is first


def test_what_dead_processes_left_of_their_gauges_is_not_counted(monkeypatch, tmp_path):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    code = (
        "import os; from prometheus_client import Gauge; "
        "Gauge('waiting', '', multiprocess_mode='livesum').set(5); print(os.getpid())"
    )
    ended = subprocess.check_output([sys.executable, "-c", code], text=True).strip()
    for living in (os.getpid(), os.getppid()):
        shutil.copy(tmp_path / f"gauge_livesum_{ended}.db", tmp_path / f"gauge_livesum_{living}.db")
    found = samples(generate_latest(every_process()).decode())
    assert found == {("waiting", ()): 10}
    assert len(list(tmp_path.iterdir())) == 2
