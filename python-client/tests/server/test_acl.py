"""What Redis users may do: the README's lines give each process what it needs, and no more."""

import json
import re
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

import celery_task_tracker
from celery_task_tracker.checks import check_server
from celery_task_tracker.registration.resolution import ObjectRef, OverviewRef
from celery_task_tracker.server.client import TrackerClient
from celery_task_tracker.server.errors import NotPermitted, TrackerError
from celery_task_tracker.server.query import Query
from celery_task_tracker.server.removals import Deletion
from celery_task_tracker.server.writes import Event
from servers import EVERY_SERVER, HOST, RedisServer, Worker, free_port, wait_for
from shop.tasks import delete_order, succeed

README = (Path(__file__).parents[2] / "README.md").read_text()
LINES = [line for line in README.splitlines() if line.startswith("user shop-")]
ORDER = ObjectRef("shop.order", "1")
ELSEWHERE = ObjectRef("blog.post", "1")


def event(ref=ORDER, task_id="t1"):
    return Event((ref,), task_id, "shop.t", "PENDING", 0, 1)


def reads(client, ref=ORDER):
    """Everything that the package reads."""
    client.ensure_compatible()
    (each,) = client.stats_of_each([ref])
    total = json.loads(client.query_json(ref, Query()))["total"]
    assert json.loads(client.stats_json(ref))["total"] == json.loads(each)["total"] == total
    return total, client.get(ref, "t1")


def total(client, ref):
    return json.loads(client.query_json(ref, Query()))["total"]


def refused(client, *writes):
    return [type(reason) for _, reason in client.write(writes)] == [NotPermitted] * len(writes)


@contextmanager
def server_with(lines, program=EVERY_SERVER[0], **options):
    server = RedisServer(free_port(), with_module=True, program=program, **options)
    try:
        yield server.start(*lines)
    finally:
        server.remove()


def client_as(server, user, password, rest=""):
    return TrackerClient(f"redis://{user}:{password}@{HOST}:{server.port}{rest}", 1, 1)


def test_a_web_process_may_use_every_command_of_the_package():
    sources = Path(celery_task_tracker.__file__).parent.rglob("*.py")
    used = {
        name.lower()
        for source in sources
        for name in re.findall(r"\"(TRACKER\.[A-Z]+)\"", source.read_text())
    }
    (line,) = [line for line in LINES if line.startswith("user shop-web ")]
    assert used == {word[1:] for word in line.split() if word.startswith("+tracker.")}


@pytest.mark.parametrize("program", EVERY_SERVER, ids=lambda path: Path(path).name)
def test_the_lines_of_the_readme_are_enough_and_not_more(program):
    users = {}
    for line in LINES:
        _, name, _, password, *_ = line.split()
        users[name] = password.removeprefix(">")
    with server_with(LINES, program) as server:
        worker, web, viewer = (
            client_as(server, name, users[name])
            for name in ("shop-worker", "shop-web", "shop-viewer")
        )
        assert worker.write([event()]) == []
        assert web.write([event(task_id="t2")]) == []
        assert reads(web)[0] == reads(viewer)[0] == 2
        assert refused(viewer, event(), Deletion(ORDER))
        with pytest.raises(TrackerError):
            worker.stats_json(ORDER)
        for client in (worker, web):
            assert refused(client, event(ELSEWHERE))
            assert client.write([Deletion(ORDER)]) == []
        with pytest.raises(TrackerError):
            viewer.query_json(ELSEWHERE, Query())
        with server.client() as admin:
            named = {each["user"] for each in admin.client_list() if each["name"]}
            assert named == set(users)
        for name, password in users.items():
            plain = redis.Redis(port=server.port, username=name, password=password)
            for command in ("FLUSHALL", "KEYS *", "GET shop.x", "HSET shop.order:{1}:record:a a b"):
                with pytest.raises(redis.exceptions.NoPermissionError):
                    plain.execute_command(*command.split())


@pytest.mark.parametrize("program", EVERY_SERVER[1:], ids=lambda path: Path(path).name)
def test_the_category_allows_all_commands(program):
    with server_with(["user all on >word ~shop.* -@all +@tracker"], program) as server:
        client = client_as(server, "all", "word")
        assert client.write([event()]) == []
        assert reads(client)[0] == 1
        assert client.write([Deletion(ORDER)]) == []


def test_the_workers_line_is_enough_for_a_worker(broker, settings):
    with server_with(LINES) as server:
        url = f"redis://shop-worker:a-long-password@{HOST}:{server.port}"
        settings.CELERY_TASKTRACKER_REDIS_URL = url
        worker = Worker(settings.BROKER_URL, url, "--queues", "few-rights")
        try:
            sent = succeed.apply_async((1,), queue="few-rights")
            watching = client_as(server, "shop-viewer", "a-third-password")
            wait_for(
                lambda: (found := watching.get(ORDER, sent.id)) and found["state"] == "SUCCESS",
                "the record of the task",
            )
            # It deletes what is recorded of an object that a task deletes, in the overview too.
            assert watching.get(OverviewRef("shop.order"), sent.id)
            delete_order.apply_async((1,), queue="few-rights")
            for ref in (ORDER, OverviewRef("shop.order")):
                wait_for(lambda ref=ref: total(watching, ref) == 0, f"the deletion from {ref}")
            assert "Which tasks were revoked" not in worker.output()
        finally:
            worker.kill()


FEW = "-@all +tracker.upsert +tracker.get +tracker.query +tracker.stats +tracker.del"


@pytest.mark.parametrize("program", EVERY_SERVER, ids=lambda path: Path(path).name)
def test_a_user_who_may_not_name_a_connection_or_ask_for_versions_is_served(program, settings):
    with server_with([f"user few on >word ~shop.* {FEW}"], program) as server:
        client = client_as(server, "few", "word")
        assert client.write([event()]) == []
        assert reads(client)[0] == 1
        (told,) = client.servers()
        assert not told.has_info
        settings.CELERY_TASKTRACKER_REDIS_URL = f"redis://few:word@{HOST}:{server.port}"
        assert check_server() == []


@pytest.mark.parametrize("rights", ["+select", ""])
def test_a_database_other_than_the_first_needs_one_right_more(rights):
    with server_with([f"user few on >word ~shop.* {FEW} {rights}"]) as server:
        client = client_as(server, "few", "word", "/3")
        if rights:
            assert client.write([event()]) == []
        else:
            with pytest.raises(TrackerError):
                client.write([event()])


@pytest.mark.parametrize("program", EVERY_SERVER, ids=lambda path: Path(path).name)
def test_in_a_cluster_two_rights_more_are_needed(program):
    assert "`+cluster|slots +command` in a cluster" in README
    port = free_port() % 40_000 + 10_000
    server = RedisServer(
        port, with_module=True, program=program, options=("--cluster-enabled", "yes")
    )
    try:
        server.start(f"user few on >word ~shop.* {FEW} +cluster|slots +command")
        with server.client() as admin:
            admin.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            wait_for(lambda: admin.cluster("info")["cluster_state"] == "ok", "the cluster")
        client = TrackerClient(f"redis+cluster://few:word@{HOST}:{port}", 1, 1)
        assert client.write([event(), event(task_id="t2")]) == []
        assert reads(client)[0] == 2
        assert [each.has_info for each in client.servers()] == [False]
    finally:
        server.remove()


def test_a_primary_that_sentinels_know_needs_no_right_more():
    with server_with([f"user few on >word ~shop.* {FEW}"]) as primary:
        watcher = RedisServer(free_port(), with_module=False, options=("--sentinel",))
        try:
            watcher.start(f"sentinel monitor main {HOST} {primary.port} 1")
            client = TrackerClient(f"redis+sentinel://few:word@{HOST}:{watcher.port}/main", 1, 1)
            assert client.write([event()]) == []
            assert reads(client)[0] == 1
        finally:
            watcher.remove()


def test_a_selectors_keys_count_for_every_command_of_the_user():
    selector = "user both on >word -@all {0} ~shop.order:* (+tracker.get %R~blog.post:*)"
    with server_with([selector.format("+tracker.upsert +tracker.query")]) as server:
        with server.client() as admin:
            admin.execute_command(
                "TRACKER.UPSERT", *["blog.post", "1", "t1", "STATE", "PENDING", "NAME", "n"]
            )
        client = client_as(server, "both", "word")
        # The selector allows TRACKER.GET alone, and its keys serve TRACKER.QUERY all the same.
        assert json.loads(client.query_json(ELSEWHERE, Query()))["total"] == 1
        assert refused(client, event(ELSEWHERE))
