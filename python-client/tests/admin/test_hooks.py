"""The methods of a ModelAdmin that decide about the tasks of its objects."""

import json
import re

import pytest
from django.contrib import admin

from celery_task_tracker.admin.button import TaskTrackerAdminMixin
from celery_task_tracker.checks.admins import check_admins
from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.writes import Event
from shop.admin import OrderAdmin
from shop.models import Order

pytestmark = pytest.mark.django_db

PAGE = "/admin/shop/order/1042/task-tracker/"


@pytest.fixture
def order(tracker):
    order = Order.objects.create(pk=1042)
    for task_id, state in (("ended", "FAILURE"), ("waits", "PENDING")):
        get_client().write(
            [
                Event(
                    objects=(ObjectRef("shop.order", "1042"),),
                    task_id=task_id,
                    name="shop.tasks.fail",
                    state=state,
                    attempt=0,
                    at=1_700_000_000_000,
                    fields={
                        "args": "[1042]",
                        "kwargs": "{}",
                        "replayable": "1",
                        "worker": "w@h",
                        "error": "no money",
                    },
                )
            ]
        )
    return order


def config_of(page):
    text = page.content.decode().partition('type="application/json"')[2]
    return json.loads(text.partition(">")[2].partition("</script>")[0])


def launchers(page):
    return page.content.decode().count('class="tt-launcher"')


def acts_on_selected(page):
    """What the bar offers to do with rows that are selected."""
    return re.findall('data-act="([a-z]+)"', page.content.decode())


def post(client, endpoint, **data):
    return client.post(f"{PAGE}{endpoint}/", data)


def test_without_methods_of_its_own_who_may_change_may_do_everything(order, admin_client):
    page = admin_client.get(PAGE)
    assert launchers(page) > 1
    config = config_of(page)
    assert config["canRevoke"]
    assert "shop.tasks.fail" in config["rerunnable"]
    assert acts_on_selected(page) == ["rerun", "revoke", "remove"]
    assert config["columns"] == []


def test_tasks_that_are_not_got_are_neither_offered_nor_launched_nor_run_again(
    order, admin_client, as_configured
):
    asked = []

    def tasks(self, request, obj):
        asked.append((request.user.username, obj.pk))
        return ["shop.tasks.count", "shop.tasks.does_not_exist"]

    as_configured(get_task_tracker_tasks=tasks)
    page = admin_client.get(PAGE)
    assert launchers(page) <= 1
    assert "shop.tasks.fail" not in config_of(page)["rerunnable"]
    assert ("admin", 1042) in asked
    name = "shop.tasks.fail"
    assert post(admin_client, "launch", task=name).status_code == 404
    again = post(admin_client, "rerun", task_id="ended")
    assert again.status_code == 409
    assert again.json()["error"]["code"] == "not-replayable"
    plan = post(admin_client, "several/plan", act="rerun", task_id="ended").json()
    assert plan["ids"] == []
    # It still shows what ran.
    assert admin_client.get(f"{PAGE}list/").json()["total"] == 2


def test_who_may_not_launch_neither_launches_nor_runs_again(order, admin_client, as_configured):
    as_configured(has_task_tracker_launch_permission=lambda self, request, obj: obj.pk != 1042)
    page = admin_client.get(PAGE)
    assert launchers(page) == 0
    config = config_of(page)
    assert config["rerunnable"] == []
    assert config["canRevoke"]
    assert acts_on_selected(page) == ["revoke", "remove"]
    name = "shop.tasks.fail"
    assert post(admin_client, "launch", task=name).status_code == 403
    assert post(admin_client, "rerun", task_id="ended").status_code == 403
    plan = post(admin_client, "several/plan", act="rerun", task_id="ended").json()
    assert plan["ids"] == []
    assert plan["refused"] == [{"message": "You do not have permission to do this.", "count": 1}]
    done = post(admin_client, "several", act="rerun", task_id="ended").json()
    assert done["done"] == []
    chosen = {"action": "task_tracker_rerun_failed", "_selected_action": order.pk, "post": "yes"}
    told = admin_client.post("/admin/shop/order/", chosen, follow=True).content.decode()
    assert get_client().get(ObjectRef("shop.order", "1042"), "ended").get("rerun_as") is None, told


def test_who_may_not_revoke_revokes_nothing(order, admin_client, as_configured):
    as_configured(has_task_tracker_revoke_permission=lambda self, request, obj: False)
    page = admin_client.get(PAGE)
    config = config_of(page)
    assert not config["canRevoke"]
    assert not config["canTerminate"]
    assert launchers(page) > 1
    assert acts_on_selected(page) == ["rerun", "remove"]
    assert 'id="tt-revoke-active"' not in page.content.decode()
    assert 'id="tt-remove-finished"' in page.content.decode()
    assert post(admin_client, "revoke", task_id="waits").status_code == 403
    assert post(admin_client, "revoke-active").status_code == 403
    done = post(admin_client, "several", act="revoke", task_id="waits").json()
    assert done["done"] == []
    plan = post(admin_client, "several/plan", act="remove", task_id="waits").json()
    assert plan["ids"] == ["waits"]


def test_a_permission_to_launch_does_not_replace_the_one_to_change(
    order, admin_client, as_configured
):
    as_configured(
        has_change_permission=lambda self, request, obj=None: False,
        has_task_tracker_launch_permission=lambda self, request, obj: True,
        has_task_tracker_revoke_permission=lambda self, request, obj: True,
    )
    assert launchers(admin_client.get(PAGE)) == 0
    for endpoint in ("launch", "rerun", "revoke", "revoke-active"):
        assert post(admin_client, endpoint, task_id="waits").status_code == 403


def test_links_are_those_of_the_model_admin(order, admin_client, monkeypatch, settings):
    settings.TASK_TRACKER_LINKS = {"Logs": "https://logs.example/{task_id}"}

    class WithMore(TaskTrackerAdminMixin, OrderAdmin):  # type: ignore[misc]
        def get_task_tracker_links(self, request, record):
            links = super().get_task_tracker_links(request, record)
            mine = {"Mine": f"/by/{request.user.username}", "Bad": "javascript:x", "No": None}
            return mine | links if record["state"] == "FAILURE" else {}

    monkeypatch.setattr(admin.site._registry[Order], "__class__", WithMore)
    (waits, ended) = sorted(
        admin_client.get(f"{PAGE}list/").json()["tasks"], key=lambda each: each["id"], reverse=True
    )
    assert waits["links"] == []
    mine, logs = (
        {"label": "Mine", "url": "/by/admin"},
        {"label": "Logs", "url": "https://logs.example/ended"},
    )
    assert ended["links"] == [mine]
    assert admin_client.get(f"{PAGE}tasks/ended/").json()["links"] == [mine, logs]


def test_columns_of_the_model_admin_are_in_the_table(order, admin_client, as_configured):
    as_configured(
        get_task_tracker_columns=lambda self, request: {
            "Host": lambda record: record["worker"].partition("@")[2],
            "Why": "error",
            "Broken": lambda record: record["missing"],
            "None": "queue",
        }
    )
    page = admin_client.get(PAGE)
    assert config_of(page)["columns"] == ["Host", "Why", "Broken", "None"]
    assert '<th scope="col" role="columnheader">Host</th>' in page.content.decode()
    rows = admin_client.get(f"{PAGE}list/").json()["tasks"]
    assert [row["cells"] for row in rows] == [["h", "no money", "", ""]] * 2


@pytest.mark.parametrize("hook", ["get_task_tracker_links", "get_task_tracker_columns"])
def test_what_they_raise_harms_no_page(order, admin_client, as_configured, caplog, hook):
    def raises(self, *args):
        raise RuntimeError

    as_configured(**{hook: raises})
    assert admin_client.get(PAGE).status_code == 200
    assert admin_client.get(f"{PAGE}list/").json()["total"] == 2
    assert admin_client.get(f"{PAGE}tasks/ended/").status_code == 200
    assert hook in caplog.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("has_task_tracker_launch_permission", True),
        ("has_task_tracker_revoke_permission", lambda self, request: True),
        ("get_task_tracker_tasks", ["shop.tasks.fail"]),
        ("get_task_tracker_links", lambda self, record: {}),
        ("get_task_tracker_columns", {}),
        ("has_task_tracker_overview_permission", lambda self: True),
    ],
)
def test_a_method_that_cannot_be_called_is_reported(as_configured, name, value):
    as_configured(**{name: value})
    (message,) = check_admins()
    assert message.id == "celery_task_tracker.E070"
    assert name in message.msg
    assert "(self, request" in message.msg


def test_a_name_without_a_meaning_is_reported(as_configured):
    as_configured(has_task_tracker_launching_permission=lambda self, request, obj: True)
    (message,) = check_admins()
    assert message.id == "celery_task_tracker.W071"
    assert message.hint == "Is has_task_tracker_launch_permission meant?"


def test_methods_as_documented_are_in_order(as_configured):
    as_configured(
        has_task_tracker_launch_permission=lambda self, request, obj=None: True,
        get_task_tracker_columns=lambda self, *args, **kwargs: {},
        task_tracker_column=True,
    )
    assert check_admins() == []
