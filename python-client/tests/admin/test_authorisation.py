"""Who may do what: every kind of reader, at every endpoint of the package, with every HTTP method.

The endpoints are those that the URL resolver has. A new one needs a line in ``ENDPOINTS``, and
SECURITY.md the new number of cases.
"""

import copy
import functools
import re
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import redis
from django.contrib.admin import ModelAdmin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from celery_task_tracker.registration.resolution import ObjectRef, OverviewRef
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.writes import Event
from shop.admin import OrderAdmin
from shop.models import Order

SECURITY = Path(__file__).parents[3] / ".github/SECURITY.md"

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
WITH_CSRF_TOKEN = ("POST", "PUT", "PATCH", "DELETE")

#: The orders, by what their ModelAdmin does with them, and a text that only their tasks have.
KEYS = {"": 1042, "competition": 66, "closed": 67}
SECRET = "zebra crossing"


@dataclass(frozen=True)
class Reader:
    """Somebody who sends a request about an order.

    ``sees`` and ``changes`` are what they may do; ``reference`` is that of the order. Somebody who
    does not even ``enter`` is sent to the login.
    """

    permissions: tuple[str, ...] = ()
    enters: bool = True
    sees: bool = False
    changes: bool = False
    reference: str = ""
    sends_token: bool = True
    is_found: bool = True
    """Whether the order is in the ModelAdmin's queryset."""

    user: dict[str, bool] = field(default_factory=lambda: {"is_staff": True})
    """``{}`` for nobody who is logged in."""


EVERY_RIGHT = ("view_order", "add_order", "change_order", "delete_order")
SUPERUSER = {"is_staff": True, "is_superuser": True}

READERS = {
    "nobody": Reader(user={}, enters=False),
    "a user who is not staff": Reader(EVERY_RIGHT, user={"is_staff": False}, enters=False),
    "staff who have left": Reader(
        EVERY_RIGHT, user={"is_staff": True, "is_active": False}, enters=False
    ),
    "staff without a right": Reader(),
    "staff for another model": Reader(("view_parcel", "change_parcel", "delete_parcel")),
    "who may add": Reader(("add_order",)),
    "who may delete": Reader(("delete_order",)),
    "who may view": Reader(("view_order",), sees=True),
    "who may change": Reader(("change_order",), sees=True, changes=True),
    "who may change others": Reader(EVERY_RIGHT, sees=True, reference="closed"),
    "who may change what is listed": Reader(EVERY_RIGHT, reference="competition", is_found=False),
    "a superuser": Reader(user=SUPERUSER, sees=True, changes=True),
    "a superuser led by another site": Reader(
        user=SUPERUSER, sees=True, changes=True, sends_token=False
    ),
}


@dataclass(frozen=True)
class Page:
    """A page: it takes any method, shows nothing of a task, and is for those who may view."""

    given: dict[str, Any] = field(default_factory=dict)

    def status(self, reader, method):
        if not reader.enters or not reader.is_found:
            return 302
        return 200 if reader.sees else 403


@dataclass(frozen=True)
class Endpoint:
    """One that answers in JSON, takes one method, and is for those who may ``view`` or ``change``.

    It answers them with the status ``done`` if ``given`` is sent along.
    """

    method: str
    right: str
    done: int = 200
    given: dict[str, Any] = field(default_factory=dict)

    def status(self, reader, method):
        if not reader.enters:
            return 302
        if method != self.method:
            return 405
        if not reader.is_found:
            return 404
        may = reader.sees if self.right == "view" else reader.changes
        return self.done if may else 403


@dataclass(frozen=True)
class OutsideOfAdmin:
    """What the project includes itself: it takes GET and HEAD, and sends nobody to a login.

    ``refusal`` is the status for those who may not read it, all but staff or all.
    """

    refusal: int
    for_staff: bool
    given: dict[str, Any] = field(default_factory=dict)

    def status(self, reader, method):
        if method not in ("GET", "HEAD"):
            return 405
        return 200 if self.for_staff and reader.enters else self.refusal


ORDER = {"model": "shop.order", "id": 1042}
ENDED = {"task_id": "ended"}
LAST_MINUTE = {"since": 1_700_000_000_000, "length": 60_000, "buckets": 1}

#: What is expected of each endpoint, by its name without the admin site and the model.
ENDPOINTS = {
    "task_tracker": Page(),
    "task_tracker_list": Endpoint("GET", "view"),
    "task_tracker_task": Endpoint("GET", "view"),
    "task_tracker_picture": Endpoint("GET", "view", given=LAST_MINUTE),
    "task_tracker_causes": Endpoint("GET", "view"),
    "task_tracker_usual": Endpoint("GET", "view"),
    "task_tracker_family": Endpoint("GET", "view"),
    "task_tracker_launch": Endpoint("POST", "change", 202, {"task": "shop.tasks.succeed"}),
    "task_tracker_revoke": Endpoint("POST", "change", 202, {"task_id": "waits"}),
    "task_tracker_revoke_active": Endpoint("POST", "change", 202),
    "task_tracker_lost": Endpoint("POST", "change", 202, {"task_id": "silent"}),
    "task_tracker_rerun": Endpoint("POST", "change", 202, {"task_id": "ended"}),
    "task_tracker_plan": Endpoint("POST", "change", 200, {"act": "remove", "task_id": "ended"}),
    "task_tracker_several": Endpoint("POST", "change", 202, {"act": "remove", "task_id": "ended"}),
    # No setting says who of the project's own users may see the progress of what.
    "task_tracker_progress:json": OutsideOfAdmin(404, for_staff=False, given=ORDER),
    "task_tracker_progress:html": OutsideOfAdmin(404, for_staff=False, given=ORDER),
    "task_tracker_metrics:metrics": OutsideOfAdmin(401, for_staff=True),
}

#: The same for the overview, on the site whose ModelAdmin of orders is Django's own.
OVERVIEW = {
    "task_tracker_overview": Page(),
    **{
        name.replace("task_tracker", "task_tracker_overview"): ENDPOINTS[name]
        for name in (
            *("task_tracker_list", "task_tracker_task", "task_tracker_picture"),
            *("task_tracker_causes", "task_tracker_usual", "task_tracker_family"),
            *("task_tracker_revoke", "task_tracker_lost", "task_tracker_rerun"),
        )
    },
    # These take the tasks of many objects, and leave out those that the reader may not change.
    "task_tracker_overview_plan": Endpoint("POST", "view", 200, {"act": "remove", **ENDED}),
    "task_tracker_overview_several": Endpoint("POST", "view", 202, {"act": "remove", **ENDED}),
}

OBJECT_CASES = list(product(READERS, ENDPOINTS, METHODS))
OVERVIEW_CASES = list(product(READERS, OVERVIEW, METHODS))


def views_of_the_package(resolver=None, above=""):
    """``(name, pattern)`` of each URL whose view is the package's, on every admin site."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLPattern):
            view = innermost(pattern.callback)
            # A ModelAdmin's own pages stay Django's, though the package adds to them.
            is_own = not hasattr(ModelAdmin, view.__name__)
            if is_own and view.__module__.startswith("celery_task_tracker"):
                yield f"{above}{pattern.name}", pattern
        else:
            namespace = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from views_of_the_package(pattern, above + namespace)


def innermost(view):
    while True:
        if isinstance(view, functools.partial):
            view = view.func
        elif hasattr(view, "__wrapped__"):
            view = view.__wrapped__
        else:
            return view


def test_every_endpoint_of_every_model_and_site_says_who_may_use_it():
    found = {}
    for name, _pattern in views_of_the_package():
        of, _, end = name.partition("task_tracker")
        found.setdefault(of, set()).add(f"task_tracker{end}")
    assert {"admin:shop_order_", "admin:shop_parcel_", "backstage:shop_order_"} <= set(found)
    for of, names in found.items():
        expected = {
            name
            for name, endpoint in {**ENDPOINTS, **OVERVIEW}.items()
            if isinstance(endpoint, OutsideOfAdmin) is (of == "")
        }
        assert names == expected, of


def test_the_number_of_cases_stands_in_the_security_policy():
    told = re.search(
        r"(\d+) kinds of reader x (\d+) endpoints x (\d+) methods, ([\d,]+) cases",
        SECURITY.read_text(),
    )
    endpoints = len(ENDPOINTS) + len(OVERVIEW)
    cases = len(OBJECT_CASES) + len(OVERVIEW_CASES)
    counts = (len(READERS), endpoints, len(METHODS), cases)
    assert tuple(int(count.replace(",", "")) for count in told.groups()) == counts


@functools.cache
def address(name, pk):
    if isinstance(ENDPOINTS[name], OutsideOfAdmin):
        return reverse(name)
    name = f"admin:shop_order_{name}"
    pattern = dict(views_of_the_package())[name].pattern
    given = {"object_id": pk, "task_id": "ended"}
    return reverse(name, kwargs={each: given[each] for each in pattern.converters})


@pytest.fixture(scope="module")
def sessions(django_db_setup, django_db_blocker):
    """The cookies of each reader, and the orders."""
    cookies = {}
    with django_db_blocker.unblock():
        orders = [Order.objects.create(pk=pk, reference=each) for each, pk in KEYS.items()]
        for kind, reader in READERS.items():
            client = Client()
            if reader.user:
                user = User.objects.create(username=kind, **{**reader.user, "is_active": True})
                user.user_permissions.set(
                    Permission.objects.filter(codename__in=reader.permissions)
                )
                client.force_login(user)
                User.objects.filter(pk=user.pk).update(**reader.user)
            cookies[kind] = client.cookies
    yield cookies
    with django_db_blocker.unblock():
        for each in (*orders, *User.objects.filter(username__in=READERS)):
            each.delete()
        Session.objects.all().delete()


@pytest.fixture(scope="module")
def plain(tracker_server):
    """A connection to the tracker's Redis."""
    with redis.Redis.from_url(tracker_server.url) as client:
        yield client


@pytest.fixture
def orders(db, sessions, plain, broker, monkeypatch):
    """Orders, each with a task that has ended, one that waits and one without a sign of life."""
    change = OrderAdmin.has_change_permission

    def may_change(self, request, obj=None):
        return change(self, request, obj) and not (obj and obj.reference == "closed")

    monkeypatch.setattr(OrderAdmin, "has_change_permission", may_change)
    plain.flushall()
    events = []
    for pk in KEYS.values():
        again = {"args": f"[{pk}]", "kwargs": "{}", "replayable": "1", "error": SECRET}
        for task_id, state, fields in (
            ("ended", "FAILURE", again),
            ("waits", "PENDING", {}),
            ("silent", "STARTED", {"alive_at": "2023-11-14T22:13:20+00:00"}),
        ):
            ref = ObjectRef("shop.order", str(pk))
            events.append(
                Event((ref,), task_id, "shop.tasks.succeed", state, 0, 1_700_000_000_000, fields)
            )
    get_client().write(events)


def kept(plain):
    """All that the tracker's Redis holds."""
    keys = sorted(plain.keys())
    with plain.pipeline() as pipeline:
        for key in keys:
            pipeline.dump(key)
        return dict(zip(keys, pipeline.execute(), strict=True))


def check(reader, cookies, endpoint, method, url, plain):
    """Sends the request and checks the answer, and that nothing was done without the right to."""
    if not reader.sends_token and method in WITH_CSRF_TOKEN:
        expected = 403
    else:
        expected = endpoint.status(reader, method)
    client = Client(enforce_csrf_checks=not reader.sends_token)
    client.cookies = copy.copy(cookies)
    before = kept(plain)
    # No endpoint takes what the other methods would send.
    data = [endpoint.given] if method in ("GET", "POST") else []
    response = getattr(client, method.lower())(url, *data)
    assert response.status_code == expected
    if expected == 302:
        site = url.split("/")[1]
        place = f"/{site}/" if reader.enters else f"/{site}/login/"
        assert response.url.split("?")[0] == place
    if expected == 405:
        assert response["Allow"] == getattr(endpoint, "method", "GET, HEAD")
    if not (reader.sees and method == "GET" and expected == 200):
        assert SECRET not in response.content.decode()
    if expected != 202:
        assert kept(plain) == before
        assert not LogEntry.objects.exists()


@pytest.mark.parametrize(("kind", "name", "method"), OBJECT_CASES)
def test_each_reader_gets_what_is_theirs_and_does_what_they_may(
    kind, name, method, orders, sessions, plain
):
    reader = READERS[kind]
    url = address(name, KEYS[reader.reference])
    check(reader, sessions[kind], ENDPOINTS[name], method, url, plain)


def overseer(reader):
    """The same reader at the overview, where the permissions for the model alone count."""
    rights = EVERY_RIGHT if reader.user == SUPERUSER else reader.permissions
    changes = reader.enters and "change_order" in rights
    sees = changes or (reader.enters and "view_order" in rights)
    return replace(reader, sees=sees, changes=changes, is_found=True)


@pytest.fixture
def rows(orders):
    """The tasks of one order, in the overview too."""
    fields = {"objects": '[["shop.order","1042"]]', "args": "[1042]", "kwargs": "{}"}
    fields |= {"replayable": "1", "error": SECRET, "alive_at": "2023-11-14T22:13:20+00:00"}
    ref, row = ObjectRef("shop.order", "1042"), (OverviewRef("shop.order"),)
    states = {"ended": "FAILURE", "waits": "PENDING", "silent": "STARTED"}
    get_client().write(
        [
            Event((ref,), task_id, "shop.tasks.succeed", state, 1, 1, fields, overviews=row)
            for task_id, state in states.items()
        ]
    )


@pytest.mark.parametrize(("kind", "name", "method"), OVERVIEW_CASES)
def test_each_reader_gets_of_the_overview_what_the_model_allows(
    kind, name, method, rows, sessions, plain
):
    pattern = dict(views_of_the_package())[f"backstage:shop_order_{name}"].pattern
    url = reverse(f"backstage:shop_order_{name}", kwargs=dict.fromkeys(pattern.converters, "ended"))
    check(overseer(READERS[kind]), sessions[kind], OVERVIEW[name], method, url, plain)
