"""Every kind of URL, with servers of that kind."""

import contextlib
import json
import signal
import subprocess
import threading
import time
from dataclasses import replace

import pytest
import redis
from redis.cluster import NodesManager, RedisCluster
from redis.exceptions import ClusterError, TryAgainError

from celery_task_tracker.checks import check_server
from celery_task_tracker.recording.recorder import Recorder
from celery_task_tracker.registration.resolution import ObjectRef, OverviewRef
from celery_task_tracker.server.client import TrackerClient, get_client
from celery_task_tracker.server.connection import connect
from celery_task_tracker.server.errors import (
    ModuleMissing,
    NotPermitted,
    SlotMoving,
    TrackerUnavailable,
)
from celery_task_tracker.server.query import Query, Span
from celery_task_tracker.server.removals import Deletion
from celery_task_tracker.server.writes import Event
from servers import HOST, RedisServer, free_port, wait_for


def events(*keys):
    refs = tuple(ObjectRef("shop.order", str(key)) for key in keys)
    return [Event(refs, "t1", "shop.t", "PENDING", 0, 1)]


def works(client, *keys):
    """Writes, with and without a pause before the replies, and reads."""
    client.ensure_compatible()
    for task_id, pause in (("t1", 0), ("t2", 0.01)):
        (write,) = events(*keys)
        assert client.write([replace(write, task_id=task_id)], pause) == []
    refs = [ObjectRef("shop.order", str(key)) for key in keys]
    return all(client.get(ref, f"t{number}") for ref in refs for number in (1, 2))


def test_what_is_told_of_a_user_goes_to_every_server():
    client = connect("rediss+sentinel://me:word@h1/main/3?ssl_cert_reqs=none", 0.1, 0.2)
    options = client.connection_pool.connection_kwargs
    assert (options["username"], options["password"], options["db"]) == ("me", "word", 3)
    assert (options["socket_connect_timeout"], options["socket_timeout"]) == (0.1, 0.2)
    assert options["ssl_cert_reqs"] == "none"


def test_a_server_by_its_socket(tmp_path):
    socket = tmp_path / "redis.sock"
    server = RedisServer(free_port(), with_module=True, options=("--unixsocket", str(socket)))
    try:
        server.start()
        assert works(TrackerClient(f"unix://{socket}?db=1", 1, 1), 1)
        with server.client(db=1) as client:
            assert client.exists("shop.order:{1}:tasks")
    finally:
        server.remove()


def test_a_server_with_a_password():
    server = RedisServer(free_port(), with_module=True)
    try:
        server.start()
        with server.client() as client:
            client.acl_setuser("tracker", enabled=True, passwords="+word", keys=["shop.*"])
            client.execute_command("ACL", "SETUSER", "tracker", "+@all")
        assert works(TrackerClient(f"redis://tracker:word@{HOST}:{server.port}", 1, 1), 1)
        with pytest.raises(TrackerUnavailable):
            TrackerClient(f"redis://tracker:guess@{HOST}:{server.port}", 1, 1).write(events(1))
    finally:
        server.remove()


def test_a_write_that_the_user_may_not_do_costs_itself_alone(tracker):
    with tracker.client() as client:
        client.execute_command("ACL", "SETUSER", "orders", "on", ">word", "+@all", "~shop.order:*")
    client = TrackerClient(f"redis://orders:word@{HOST}:{tracker.port}", 1, 1)
    shelf = Event((ObjectRef("shop.shelf", "1"),), "t1", "shop.t", "PENDING", 0, 1)
    ((refused, reason),) = client.write([*events(1), shelf, *events(2)])
    assert refused == shelf
    assert isinstance(reason, NotPermitted)
    assert client.get(ObjectRef("shop.order", "2"), "t1")


def free_port_of_a_cluster():
    """The bus takes the port plus 10000, which must be one too."""
    while (port := free_port()) >= 55_000:
        pass
    return port


@pytest.fixture
def cluster():
    """Three primaries, with the module in each."""
    options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
    ports = set()
    while len(ports) < 3:
        ports.add(free_port_of_a_cluster())
    servers = [RedisServer(port, with_module=True, options=options) for port in ports]
    try:
        for server in servers:
            server.start()
        subprocess.run(
            [
                *("redis-cli", "--cluster", "create", "--cluster-yes"),
                *(f"{HOST}:{port}" for port in ports),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        for server in servers:
            with server.client() as client:
                wait_for(lambda c=client: c.cluster("info")["cluster_state"] == "ok", "the cluster")
        yield servers
    finally:
        for server in servers:
            server.remove()


def test_a_cluster_by_any_of_its_nodes(cluster, settings):
    hosts = f"{HOST}:{free_port()},{HOST}:{cluster[0].port}"
    client = TrackerClient(f"redis+cluster://{hosts}", 1, 1)
    assert works(client, *range(20))
    assert len(client.servers()) == 3
    each = client.stats_of_each([ObjectRef("shop.order", str(key)) for key in range(20)])
    assert [json.loads(reply)["states"] for reply in each] == [{"PENDING": 2}] * 20
    for server in cluster:
        with server.client() as plain:
            assert plain.dbsize()
    settings.CELERY_TASKTRACKER_REDIS_URL = f"redis+cluster://{hosts}"
    settings.TASK_TRACKER_RETRY_AFTER = 3600
    recorder = Recorder()
    for key in range(20, 40):
        recorder.record(events(key)[0])
    recorder.record(Event((ObjectRef("shop.order", "1"),), "", "shop.t", "PENDING", 0, 1))
    wait_for(lambda: not recorder.waiting, "the events to be stored")
    assert all(client.get(ObjectRef("shop.order", str(key)), "t1") for key in range(20, 40))
    # One node stops: its events wait, and the log says that the tracker is away.
    cluster[2].kill()
    for key in range(20):
        recorder.record(events(key)[0])
    wait_for(lambda: recorder.is_away, "the loss to be noticed")
    assert recorder.waiting


def test_the_replicas_of_a_cluster_are_asked_too(cluster, settings):
    settings.CELERY_TASKTRACKER_REDIS_URL = f"redis+cluster://{HOST}:{cluster[0].port}"
    options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
    replica = RedisServer(free_port_of_a_cluster(), with_module=False, options=options)
    try:
        replica.start()
        with replica.client() as client, cluster[1].client() as primary:
            client.execute_command("CLUSTER", "MEET", HOST, cluster[1].port)
            name = primary.execute_command("CLUSTER", "MYID")
            wait_for(lambda: name in client.execute_command("CLUSTER", "NODES"), "the primary")
            client.execute_command("CLUSTER", "REPLICATE", name)
            wait_for(lambda: primary.info("replication")["connected_slaves"], "the replica")
        (message,) = check_server()
    finally:
        replica.remove()
    assert f"{HOST}:{replica.port} lacks the tracker module" in message.msg


def test_who_records_an_event_does_not_ask_a_frozen_cluster_for_its_nodes(
    cluster, settings, monkeypatch
):
    """Each of them would cost a timeout, which only the sending thread waits for."""
    settings.CELERY_TASKTRACKER_REDIS_URL = "redis+cluster://" + ",".join(
        f"{HOST}:{server.port}" for server in cluster
    )
    settings.TASK_TRACKER_RETRY_AFTER = 0.2
    settings.TASK_TRACKER_SOCKET_TIMEOUT = 0.25
    recorder = Recorder()
    for key in range(20):
        recorder.record(events(key)[0])
    looking = []
    look = NodesManager.initialize

    def looked(*args, **kwargs):
        looking.append(threading.current_thread())
        return look(*args, **kwargs)

    monkeypatch.setattr(NodesManager, "initialize", looked)
    for server in cluster:
        server.process.send_signal(signal.SIGSTOP)
    for key in range(20, 40):
        recorder.record(events(key)[0])
    wait_for(lambda: recorder.is_away, "the loss to be noticed")
    for server in cluster:
        server.process.send_signal(signal.SIGCONT)
    wait_for(lambda: not recorder.waiting, "the events to be stored")
    assert threading.main_thread() not in looking
    client = TrackerClient(settings.CELERY_TASKTRACKER_REDIS_URL, 10, 10)
    assert all(client.get(ObjectRef("shop.order", str(key)), "t1") for key in range(40))


def serves(node, key):
    try:
        node.get(key)
    except redis.ResponseError:
        return False
    return True


def test_a_slot_that_has_moved_is_followed(cluster, settings):
    settings.CELERY_TASKTRACKER_REDIS_URL = f"redis+cluster://{HOST}:{cluster[0].port}"
    settings.TASK_TRACKER_RETRY_AFTER = 3600
    recorder = Recorder()
    recorder.record(events(1)[0])
    with contextlib.ExitStack() as stack:
        plain = [stack.enter_context(server.client()) for server in cluster]
        slot = plain[0].execute_command("CLUSTER", "KEYSLOT", "2")
        names = [each.execute_command("CLUSTER", "MYID") for each in plain]
        owner = next(at for at, each in enumerate(plain) if serves(each, "2"))
        heir = (owner + 1) % 3
        for each in (plain[heir], plain[owner], plain[(heir + 1) % 3]):
            each.execute_command("CLUSTER", "SETSLOT", slot, "NODE", names[heir])
        recorder.record(events(2)[0])
        wait_for(lambda: not recorder.waiting, "the reply")
        assert plain[heir].exists("shop.order:{2}:tasks")
    assert not recorder.is_away


@contextlib.contextmanager
def moving(cluster, key):
    """Within this context the slot of ``key`` is moving from one node to another.

    Half of its keys have moved, and the rest follow at the end.
    """
    with contextlib.ExitStack() as stack:
        plain = [stack.enter_context(server.client()) for server in cluster]
        slot = plain[0].execute_command("CLUSTER", "KEYSLOT", key)
        names = [each.execute_command("CLUSTER", "MYID") for each in plain]
        owner = next(at for at, each in enumerate(plain) if serves(each, key))
        heir = (owner + 1) % 3

        def move(count):
            if keys := plain[owner].execute_command("CLUSTER", "GETKEYSINSLOT", slot, count):
                plain[owner].migrate(HOST, cluster[heir].port, keys, 0, 5_000)

        count = plain[owner].execute_command("CLUSTER", "COUNTKEYSINSLOT", slot)
        plain[heir].execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", names[owner])
        plain[owner].execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", names[heir])
        move(count // 2)
        yield
        move(count)
        for each in (plain[heir], plain[owner], plain[(heir + 1) % 3]):
            each.execute_command("CLUSTER", "SETSLOT", slot, "NODE", names[heir])


def test_an_object_that_a_cluster_is_moving_keeps_no_other_back(cluster, settings, caplog):
    settings.CELERY_TASKTRACKER_REDIS_URL = f"redis+cluster://{HOST}:{cluster[0].port}"
    settings.TASK_TRACKER_SOCKET_TIMEOUT = 1
    settings.TASK_TRACKER_RETRY_AFTER = 0.5
    recorder = Recorder()
    recorder.record(events(1)[0])
    with moving(cluster, "2"):
        recorder.record(events(2)[0])
        (later,) = events(2)
        recorder.record(replace(later, state="SUCCESS", at=2))
        for key in range(3, 40):
            recorder.record(events(key)[0])
        wait_for(lambda: recorder.waiting == 2, "all but those of the moving object to be stored")
        assert not recorder.is_away
    wait_for(lambda: not recorder.waiting, "the others")
    assert get_client().get(ObjectRef("shop.order", "2"), "t1")["state"] == "SUCCESS"
    assert recorder.refused == recorder.lost == 0
    assert len(caplog.records) == 1


def test_what_is_recorded_while_a_large_object_moves_is_kept_where_redis_py_gives_up(
    cluster, settings
):
    url = f"redis+cluster://{HOST}:{cluster[0].port}"
    settings.CELERY_TASKTRACKER_REDIS_URL = url
    settings.TASK_TRACKER_SOCKET_TIMEOUT = 1
    settings.TASK_TRACKER_RETRY_AFTER = 0.5
    order, (started,) = ObjectRef("shop.order", "2"), events(2)
    of_each = [replace(started, task_id=f"t{number}") for number in range(500)]
    client, recorder = get_client(), Recorder()
    assert client.write(of_each) == []
    with (
        RedisCluster(host=HOST, port=cluster[0].port) as plain,
        moving(cluster, "2"),
    ):
        with pytest.raises((ClusterError, TryAgainError)):
            plain.execute_command("TRACKER.STATS", "shop.order", "2")
        with pytest.raises(SlotMoving):
            client.get(order, "t1")
        for event in of_each[:100]:
            recorder.record(replace(event, state="SUCCESS", at=2))
        recorder.record(events(1)[0])
        wait_for(lambda: recorder.waiting == 100, "the event of another object to be stored")
        assert not recorder.is_away
    wait_for(lambda: not recorder.waiting, "the events to be stored")
    assert json.loads(client.stats_json(order))["states"] == {"PENDING": 400, "SUCCESS": 100}
    assert recorder.refused == recorder.lost == 0


def test_an_overview_that_a_cluster_is_moving_keeps_no_object_back(cluster, settings, caplog):
    settings.CELERY_TASKTRACKER_REDIS_URL = f"redis+cluster://{HOST}:{cluster[0].port}"
    settings.TASK_TRACKER_RETRY_AFTER = 0.5
    overview = OverviewRef("shop.order")
    of_each = [replace(events(key)[0], overviews=(overview,)) for key in range(40)]
    of_each = [replace(event, task_id=f"t{key}") for key, event in enumerate(of_each)]
    recorder, client = Recorder(), get_client()
    # The slot is empty: the helper does not move keys.
    recorder.record(replace(of_each[0], overviews=()))
    wait_for(lambda: not recorder.waiting, "the first one")
    with moving(cluster, "%all"):
        for event in of_each[1:]:
            recorder.record(event)
            recorder.record(replace(event, state="SUCCESS", at=2))
        recorder.record(Deletion(of_each[0].objects[0], overview))
        wait_for(
            lambda: all(
                (own := client.get(event.objects[0], event.task_id)) and own["state"] == "SUCCESS"
                for event in of_each[1:]
            ),
            "the objects' own records",
        )
        wait_for(lambda: not client.get(of_each[0].objects[0], "t0"), "the deletion")
        assert recorder.waiting
        assert not recorder.is_away
    wait_for(lambda: not recorder.waiting, "the rows")
    page = json.loads(client.query_json(overview, Query(size=100)))
    assert page["states"] == {"SUCCESS": 39}
    assert recorder.refused == recorder.lost == 0


def test_a_cluster_keeps_an_overview_in_step_with_objects_on_other_nodes(cluster, settings):
    settings.CELERY_TASKTRACKER_REDIS_URL = f"redis+cluster://{HOST}:{cluster[0].port}"
    overview = OverviewRef("shop.order")
    of_each = [replace(events(key)[0], overviews=(overview,), run=1) for key in range(9)]
    of_each = [replace(event, task_id=f"t{key}") for key, event in enumerate(of_each)]
    client = get_client()
    assert client.write(of_each) == []
    assert client.write([Deletion(event.objects[0], overview) for event in of_each[:5]]) == []
    assert client.write(of_each) == []
    page = json.loads(client.query_json(overview, Query()))
    assert {row["id"] for row in page["tasks"]} == {"t5", "t6", "t7", "t8"}


def test_an_overview_in_parts_is_spread_over_a_cluster_and_read_as_one(cluster, settings):
    settings.CELERY_TASKTRACKER_REDIS_URL = f"redis+cluster://{HOST}:{cluster[0].port}"
    settings.TASK_TRACKER_OVERVIEW_PARTS = 4
    settings.TASK_TRACKER_RETRY_AFTER = 0.5
    overview = OverviewRef("shop.order")
    of_each = [replace(events(key)[0], overviews=(overview,), run=1) for key in range(40)]
    of_each = [replace(event, task_id=f"t{key}", at=key) for key, event in enumerate(of_each)]
    client = TrackerClient(settings.CELERY_TASKTRACKER_REDIS_URL, 10, 10)
    # The last ones are recorded while a part moves, which the helper does with an empty slot.
    assert client.write([each for each in of_each[:20] if part(each) != "%all-0"]) == []
    recorder = Recorder()
    with moving(cluster, "%all-0"):
        for event in of_each:
            recorder.record(event)
        wait_for(
            lambda: all(client.get(each.objects[0], each.task_id) for each in of_each),
            "the objects' own records",
        )
        late = sum(part(each) == "%all-0" for each in of_each)
        wait_for(lambda: recorder.waiting == late, "the rows of the other parts")
    wait_for(lambda: not recorder.waiting, "the rows")
    nodes = []
    for server in cluster:
        with server.client() as plain:
            nodes.append(set(plain.scan_iter("shop.order:{%all-*}:tasks", count=1000)))
    assert len(set().union(*nodes)) == sum(map(len, nodes)) == 4
    assert all(nodes)

    def ids(query):
        page = json.loads(client.query_json(overview, query))
        return page["total"], [row["id"] for row in page["tasks"]]

    assert ids(Query(page=2, size=15)) == (40, [f"t{24 - row}" for row in range(15)])
    assert client.get(overview, "t7")
    (reply,) = client.stats_within(overview, [Span(0, 39, 2)])
    assert [each["states"] for each in json.loads(reply)["buckets"]] == [{"PENDING": 20}] * 2
    assert client.write([Deletion(event.objects[0], overview) for event in of_each[:36]]) == []
    assert client.write(of_each) == []
    assert ids(Query()) == (4, ["t39", "t38", "t37", "t36"])


def part(event):
    return event.overviews[0].place_of(event.task_id).id


def test_an_object_that_arrives_within_the_timeout_is_not_worth_a_word(cluster, settings, caplog):
    settings.CELERY_TASKTRACKER_REDIS_URL = f"redis+cluster://{HOST}:{cluster[0].port}"
    settings.TASK_TRACKER_RETRY_AFTER = 3600
    recorder = Recorder()
    recorder.record(events(1)[0])
    with moving(cluster, "2"):
        recorder.record(events(2)[0])
        time.sleep(0.2)
    wait_for(lambda: not recorder.waiting, "the event to be stored")
    assert not caplog.records


def test_a_cluster_that_is_spoken_to_as_one_server_gets_what_this_node_takes(
    cluster, settings, caplog
):
    settings.CELERY_TASKTRACKER_REDIS_URL = f"redis://{HOST}:{cluster[0].port}"
    settings.TASK_TRACKER_SOCKET_TIMEOUT = 0.25
    recorder = Recorder()
    for key in range(40):
        recorder.record(events(key)[0])
    wait_for(lambda: recorder.waiting < 40 and not recorder._outbox.has_waiting, "its own")
    assert not recorder.is_away
    assert recorder.waiting > 0
    with cluster[0].client() as client:
        assert client.dbsize()
    assert "another cluster node" in caplog.records[0].message


def test_a_cluster_that_is_away_when_a_process_begins_is_waited_for(settings):
    options = ("--cluster-enabled", "yes")
    server = RedisServer(free_port_of_a_cluster(), with_module=True, options=options)
    settings.CELERY_TASKTRACKER_REDIS_URL = f"redis+cluster://{HOST}:{server.port}"
    settings.TASK_TRACKER_RETRY_AFTER = 0.05
    recorder = Recorder()
    for key in range(3):
        recorder.record(events(key)[0])
    assert (recorder.is_away, recorder.waiting) == (True, 3)
    try:
        server.start()
        # A cluster that serves no slots yet accepts no writes.
        assert not recorder.flush()
        assert recorder.waiting
        with server.client() as client:
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        wait_for(lambda: not recorder.waiting, "the events to be stored")
        assert all(get_client().get(ObjectRef("shop.order", str(key)), "t1") for key in range(3))
    finally:
        server.remove()


def test_a_cluster_without_the_module_is_told_from_one_that_is_away():
    options = ("--cluster-enabled", "yes")
    server = RedisServer(free_port_of_a_cluster(), with_module=False, options=options)
    try:
        server.start()
        with server.client() as client:
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            wait_for(lambda: client.cluster("info")["cluster_state"] == "ok", "the cluster")
        client = TrackerClient(f"redis+cluster://{HOST}:{server.port}", 1, 1)
        for writes in (events(1), events(1, 2)):
            with pytest.raises(ModuleMissing):
                client.write(writes)
    finally:
        server.remove()


@pytest.mark.parametrize("rest", ["/99", "?no_such_option=1"])
def test_a_connection_that_redis_or_redis_py_refuses_is_no_refusal_of_the_event(
    tracker, settings, rest
):
    settings.CELERY_TASKTRACKER_REDIS_URL = tracker.url + rest
    settings.TASK_TRACKER_RETRY_AFTER = 3600
    recorder = Recorder()
    recorder.record(events(1)[0])
    assert (recorder.is_away, recorder.waiting) == (True, 1)
    assert not recorder.flush()
    assert recorder.waiting == 1


@pytest.fixture
def sentinel():
    """A primary, a replica and a sentinel that watches them under the name ``main``."""
    primary = RedisServer(free_port(), with_module=True)
    replica = RedisServer(
        free_port(), with_module=True, options=("--replicaof", f"{HOST} {primary.port}")
    )
    watcher = RedisServer(free_port(), with_module=False, options=("--sentinel",))
    try:
        primary.start()
        replica.start()
        with replica.client() as client:
            wait_for(lambda: client.info("replication")["master_link_status"] == "up", "replica")
        watcher.start(
            f"sentinel monitor main {HOST} {primary.port} 1",
            "sentinel down-after-milliseconds main 300",
            "sentinel failover-timeout main 1000",
        )
        with watcher.client() as client:
            wait_for(lambda: client.sentinel_slaves("main"), "the sentinel to know the replica")
        yield watcher, primary, replica
    finally:
        for server in (watcher, replica, primary):
            server.remove()


def test_a_primary_that_sentinels_know_and_the_one_after_it(sentinel):
    watcher, primary, replica = sentinel
    client = TrackerClient(f"redis+sentinel://{HOST}:{watcher.port}/main/0", 1, 1)
    assert works(client, 1)
    with replica.client() as plain:
        wait_for(lambda: plain.exists("shop.order:{1}:tasks"), "the replica to follow")
    primary.kill()

    def written():
        try:
            client.write(events(2))
        except TrackerUnavailable:
            return False
        return True

    wait_for(written, "the replica to have become the primary")
    with replica.client() as plain:
        assert plain.exists("shop.order:{1}:tasks")
        assert plain.exists("shop.order:{2}:tasks")


def test_a_server_behind_tls(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    port = free_port()
    options = ("--tls-port", str(port), "--tls-auth-clients", "no")
    files = ("--tls-cert-file", str(certificate), "--tls-key-file", str(key))
    authority = ("--tls-ca-cert-file", str(certificate))
    server = RedisServer(free_port(), with_module=True, options=options + files + authority)
    try:
        server.start()
        url = f"rediss://localhost:{port}"
        assert works(TrackerClient(f"{url}?ssl_ca_certs={certificate}", 1, 1), 1)
        with pytest.raises(TrackerUnavailable, match=r"(?i)certificate"):
            TrackerClient(url, 1, 1).write(events(2))
        # Celery's word for it. Without it the unknown issuer of the certificate would be refused.
        with pytest.raises(TrackerUnavailable, match=r"(?i)certificate"):
            TrackerClient(f"{url}?ssl_cert_reqs=CERT_REQUIRED", 1, 1).write(events(2))
        assert works(TrackerClient(f"{url}?ssl_cert_reqs=CERT_NONE", 1, 1), 2)
    finally:
        server.remove()
