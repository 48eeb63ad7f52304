"""Projects, tenants and databases that share one Redis and do not see each other."""

import json

import pytest
from django.contrib.auth.models import User
from django.test import Client
from redis.exceptions import NoPermissionError

from celery_task_tracker import checks, task_tracker
from celery_task_tracker.recording import process
from celery_task_tracker.registration.namespace import WrongNamespace
from celery_task_tracker.registration.registry import registry
from celery_task_tracker.registration.resolution import ObjectRef, object_of, object_ref
from shop import tasks
from shop.models import Order

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])


def by_database(*, model, using):
    return f"db-{using}"


def ids(order):
    process.flush_at_end()
    return [task.id for task in task_tracker.tasks(order).tasks]


class TestObjectRef:
    def test_has_the_namespace_in_front_of_the_label(self, settings):
        settings.TASK_TRACKER_NAMESPACE = "acme"
        ref = object_ref("shop.Order", 7)
        assert ref == ObjectRef("acme.shop.order", "7") == object_of(Order(pk=7))
        assert ref.label == "shop.order"

    def test_is_plain_without_a_namespace(self, settings):
        for nothing in (None, "", lambda model, using: None):
            settings.TASK_TRACKER_NAMESPACE = nothing
            ref = object_of(Order(pk=7))
            assert ref == ("shop.order", "7")
            assert ref.label == "shop.order"

    def test_has_one_namespace_and_no_more(self):
        assert ObjectRef("acme.eu.shop.order", "7").label != "shop.order"

    def test_has_the_namespace_in_lower_case(self, settings):
        settings.TASK_TRACKER_NAMESPACE = "Acme_1-x"
        assert object_of(Order(pk=7)).model == "acme_1-x.shop.order"

    def test_asks_a_function_by_model_and_database(self, settings):
        asked = []
        settings.TASK_TRACKER_NAMESPACE = lambda **about: asked.append(about) or "acme"
        object_of(Order(pk=7))
        object_of(Order(pk=7), "second")
        assert asked == [
            {"model": Order, "using": "default"},
            {"model": Order, "using": "second"},
        ]


def test_two_namespaces_on_one_redis_do_not_see_each_other(tracker, settings):
    order = Order.objects.create(pk=7)
    sent = {}
    for namespace in ("acme", "globex", None):
        settings.TASK_TRACKER_NAMESPACE = namespace
        sent[namespace] = tasks.succeed.apply((7,)).id
    for namespace, task_id in sent.items():
        settings.TASK_TRACKER_NAMESPACE = namespace
        assert ids(order) == [task_id]
        assert task_tracker.stats(order).total == 1


def test_a_deletion_in_one_namespace_leaves_the_others_alone(tracker, settings):
    for namespace in ("acme", "globex"):
        settings.TASK_TRACKER_NAMESPACE = namespace
        tasks.succeed.apply((7,))
    Order.objects.create(pk=7).delete()
    assert ids(Order(pk=7)) == []
    settings.TASK_TRACKER_NAMESPACE = "acme"
    assert len(ids(Order(pk=7))) == 1


def test_a_worker_keeps_to_the_namespace_in_which_the_task_was_sent(
    broker, worker, record, settings, ended
):
    """The worker's own settings have none."""
    settings.TASK_TRACKER_NAMESPACE = lambda model, using: "acme"
    sent = tasks.succeed.delay(7)
    found = ended(7, sent.id, "SUCCESS", "acme.shop.order")
    assert json.loads(found["objects"]) == [["acme.shop.order", "7"]]
    assert record(7, sent.id, "shop.order") is None


def test_the_key_permissions_of_redis_may_be_those_of_a_namespace(tracker):
    with tracker.client() as redis:
        redis.acl_setuser("acme", enabled=True, nopass=True, keys=["acme.*"], commands=["+@all"])
        try:
            redis.execute_command("AUTH", "acme", "any")
            event = ("STATE", "SUCCESS", "NAME", "shop.t")
            assert redis.execute_command("TRACKER.UPSERT", "acme.shop.order", "7", "t", *event)
            for other in ("shop.order", "acme2.shop.order", "globex.shop.order"):
                with pytest.raises(NoPermissionError):
                    redis.execute_command("TRACKER.UPSERT", other, "7", "t", *event)
        finally:
            redis.execute_command("AUTH", "default", "any")
            redis.acl_deluser("acme")


class TestTwoDatabases:
    @pytest.fixture(autouse=True)
    def namespaces(self, tracker, settings):
        settings.TASK_TRACKER_NAMESPACE = by_database
        self.first = Order.objects.create(pk=7)
        self.second = Order.objects.using("second").create(pk=7)

    def test_have_a_history_each_of_a_key_that_both_have(self):
        sent = tasks.succeed.apply((7,))
        other = tasks.succeed.apply((self.second,))
        assert ids(self.first) == [sent.id]
        assert ids(self.second) == [other.id]

    def test_a_deletion_purges_in_the_database_that_it_was_in(self):
        tasks.succeed.apply((self.first,))
        tasks.succeed.apply((self.second,))
        Order.objects.using("second").all().delete()
        assert ids(Order(pk=7)) != []
        assert ids(Order.objects.using("second").create(pk=7)) == []

    def test_a_deletion_that_names_the_database_does_too(self):
        tasks.succeed.apply((self.first,))
        tasks.succeed.apply((self.second,))
        self.first.delete(using="second")
        assert ids(Order.objects.using("second").create(pk=7)) == []
        assert ids(Order.objects.get(pk=7)) != []

    def test_a_task_that_is_launched_on_the_page_of_one_belongs_to_it(self, broker, monkeypatch):
        from django.contrib import admin

        shown = admin.site._registry[Order]
        everything = Order.objects.using("second").all()
        monkeypatch.setattr(type(shown), "get_queryset", lambda self, request: everything)
        client = Client()
        client.force_login(User.objects.create_superuser("admin"))
        page = "/admin/shop/order/7/task-tracker/"
        answer = client.post(f"{page}launch/", {"task": "shop.tasks.succeed"})
        assert answer.status_code == 202, answer.content
        process.flush_at_end()
        rows = client.get(f"{page}list/").json()["tasks"]
        assert [row["id"] for row in rows] == ids(self.second) == [answer.json()["id"]]
        assert ids(self.first) == []


def test_without_its_header_a_message_waits_for_the_process_that_runs_it(settings):
    """The parent process of a worker does not know of which tenant a task is."""
    assert not registry.needs_caller("shop.tasks.succeed")
    settings.TASK_TRACKER_NAMESPACE = by_database
    assert registry.needs_caller("shop.tasks.succeed")


WRONG = ["Acme Corp", "a.b", "x" * 65, "ümlaut", 7, b"acme"]


@pytest.mark.parametrize("value", [*WRONG, lambda: "acme", lambda model: "acme"])
def test_a_value_that_is_no_namespace_is_an_error_of_check(settings, value):
    settings.TASK_TRACKER_NAMESPACE = value
    (message,) = checks.check_settings()
    assert message.id == "celery_task_tracker.E019"


@pytest.mark.parametrize("value", ["acme", "ACME", "", None, by_database, lambda **about: "acme"])
def test_a_namespace_is_none(settings, value):
    settings.TASK_TRACKER_NAMESPACE = value
    assert checks.check_settings() == []


def fail(*, model, using):
    raise KeyError("no tenant")


@pytest.mark.parametrize("value", [*WRONG, *[lambda model, using, it=it: it for it in WRONG], fail])
def test_a_wrong_namespace_keeps_nothing_and_harms_nobody(
    tracker, broker, settings, value, caplog, client
):
    settings.TASK_TRACKER_NAMESPACE = value
    order = Order.objects.create(pk=7)
    registry._logged.clear()
    assert tasks.succeed.apply((7,)).result == {"order": 7, "note": ""}
    assert tasks.succeed.delay(7).id
    assert [each.levelname for each in caplog.records] == ["WARNING"]
    assert "TASK_TRACKER_NAMESPACE" in caplog.text
    with pytest.raises(WrongNamespace, match="TASK_TRACKER_NAMESPACE"):
        task_tracker.tasks(order)
    client.force_login(User.objects.create_superuser("admin"))
    assert client.get("/admin/shop/order/7/task-tracker/").status_code == 200
    answer = client.get("/admin/shop/order/7/task-tracker/list/")
    assert answer.status_code == 503
    assert "TASK_TRACKER_NAMESPACE" in answer.json()["error"]["message"]
    settings.TASK_TRACKER_CHANGELIST_COLUMN = True
    assert client.get("/admin/shop/order/").status_code == 200
    order.delete()
    with tracker.client() as redis:
        assert redis.keys("*") == []
