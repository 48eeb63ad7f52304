"""The progress that a project shows its own users: what they are told, and who is told."""

import json

import django
import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.template import engines
from django.test import RequestFactory
from django.urls import NoReverseMatch

from celery_task_tracker.progress import element, shown
from celery_task_tracker.registration.resolution import object_of
from celery_task_tracker.server.client import TrackerClient, get_client
from celery_task_tracker.server.errors import SlotMoving
from celery_task_tracker.server.pause import pause
from celery_task_tracker.server.writes import Event
from shop.models import Customer, Order, Shelf

pytestmark = pytest.mark.django_db

EPOCH = 1_700_000_000_000
SLEEP, SUCCEED = "shop.tasks.sleep", "shop.tasks.succeed"


def keep(obj, state="STARTED", name=SLEEP, at=EPOCH, task_id="t1", **fields):
    get_client().write([Event((object_of(obj),), task_id, name, state, 0, at, fields)])


@pytest.fixture
def order(tracker, settings):
    settings.TASK_TRACKER_PROGRESS_PERMISSION = "shop.customers.may_see"
    ada = Customer.objects.create(name="Ada", email="ada@mail.example")
    return Order.objects.create(pk=1042, customer=ada)


@pytest.fixture
def ada(client, order):
    client.force_login(User.objects.create_user("ada", email="ada@mail.example"))
    return client


def ask(client, form="", **query):
    return client.get(f"/progress/{form}", {"model": "shop.order", "id": "1042"} | query)


def rendered(template, **context):
    request = RequestFactory().get("/")
    request.user = User(email="ada@mail.example")
    return (
        engines["django"].from_string("{% load task_tracker %}" + template).render(context, request)
    )


def test_a_running_task_tells_how_far_it_is_and_nothing_else(ada, order):
    keep(
        order,
        progress=json.dumps({"current": 3, "total": 30, "message": "of the secret"}),
        args='["secret"]',
        kwargs='{"a": "secret"}',
        worker="secret@host",
        error="secret",
        objects='[["shop.order","1042"],["shop.order","secret"]]',
    )
    answer = ask(ada)
    assert answer.json() == {
        "task": "Sleep",
        "state": "STARTED",
        "text": "Running",
        "ended": False,
        "current": 3,
        "total": 30,
        "created_at": "2023-11-14T22:13:20.000Z",
        "started_at": "2023-11-14T22:13:20.000Z",
        "finished_at": None,
    }
    assert "no-store" in answer["Cache-Control"]
    html = ask(ada, "html/")
    assert html.status_code == 200
    assert '<progress aria-label="Sleep" max="30" value="3">' in html.content.decode()
    assert "secret" not in answer.content.decode() + html.content.decode()


@pytest.mark.parametrize(
    ("state", "text", "ended"),
    [
        ("PENDING", "Waiting", False),
        ("RETRY", "Waiting", False),
        ("SUCCESS", "Done", True),
        ("IGNORED", "Done", True),
        ("FAILURE", "Failed", True),
        ("REJECTED", "Failed", True),
        ("REVOKED", "Cancelled", True),
    ],
)
def test_the_state_is_told_in_words_for_everybody_and_htmx_stops_at_the_end(
    ada, order, state, text, ended
):
    keep(order, state, error="Traceback", progress='{"current":1,"total":2}')
    answer = ask(ada).json()
    assert (answer["state"], answer["text"], answer["ended"]) == (state, text, ended)
    assert answer["current"] is None
    html = ask(ada, "html/")
    assert html.status_code == (286 if ended else 200)
    assert "Traceback" not in html.content.decode()


@pytest.mark.parametrize(
    "progress", ['"half"', "[1]", '{"current":"1","total":2}', '{"current":true}', '{"current":-1}']
)
def test_progress_that_another_program_wrote_harms_nothing(ada, order, progress):
    keep(order, progress=progress)
    assert ask(ada).json()["current"] is None
    assert "value=" not in ask(ada, "html/").content.decode()


def test_the_newest_task_is_shown_of_those_that_the_user_may_see(ada, order):
    keep(order, "SUCCESS", at=EPOCH)
    keep(order, "STARTED", SUCCEED, EPOCH + 1000, "t2")
    keep(order, "FAILURE", "shop.tasks.fail", EPOCH + 2000, "t3")
    assert ask(ada).json()["task"] == "Succeed"
    assert ask(ada, task=SLEEP).json()["state"] == "SUCCESS"
    assert ask(ada, task="shop.tasks.fail").status_code == 404


def test_without_a_task_there_is_nothing_to_see_yet(ada):
    assert ask(ada).json()["state"] == ""
    assert " hidden>" in ask(ada, "html/").content.decode()


@pytest.mark.parametrize("form", ["", "html/"])
def test_strangers_cannot_tell_an_order_from_none(ada, order, form, client):
    grace = Customer.objects.create(name="Grace", email="grace@mail.example")
    keep(order)
    keep(Order.objects.create(pk=7, customer=grace))
    refused = [
        ask(ada, form, id="7"),
        ask(ada, form, id="8"),
        ask(ada, form, id="x" * 5000),
        ask(ada, form, id="9" * 40),
        ask(ada, form, id="1042\0"),
        ask(ada, form, id=""),
        ask(ada, form, model="shop.untracked", id="1"),
        ask(ada, form, model="auth.user", id="1"),
        ask(ada, form, model="nonsense"),
        ask(ada, form, model="shop.shelf"),
        ask(ada, form, id="1042", task="shop.tasks.no_such"),
    ]
    assert {answer.status_code for answer in refused} == {404}
    assert len({answer.content for answer in refused}) == 1
    ada.logout()
    assert ask(ada, form).content == refused[0].content
    assert ask(ada, form).status_code == 404


def test_unless_the_project_says_so_nobody_may_see_anything(ada, order, settings):
    keep(order)
    settings.TASK_TRACKER_PROGRESS_PERMISSION = None
    assert ask(ada).status_code == 404
    assert rendered("{% task_tracker_progress order %}", order=order) == ""


def test_the_permission_may_be_a_function_and_raise(ada, order, settings):
    asked = []
    settings.TASK_TRACKER_PROGRESS_PERMISSION = lambda *given: asked.append(given) or True
    assert ask(ada, task=SLEEP).status_code == 200
    ((request, obj, task),) = asked
    assert (request.user.username, obj, task) == ("ada", order, SLEEP)

    def forbid(request, obj, task):
        raise PermissionDenied

    settings.TASK_TRACKER_PROGRESS_PERMISSION = forbid
    assert ask(ada).status_code == 403


def test_djangos_own_middleware_asks_for_no_login_where_the_project_decides(
    client, order, settings
):
    middleware = "django.contrib.auth.middleware.LoginRequiredMiddleware"
    if django.VERSION < (5, 1):
        pytest.skip("this Django has no such middleware")
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, middleware]
    settings.TASK_TRACKER_METRICS_TOKEN = "token"
    assert ask(client).status_code == 404
    assert ask(client, "html/").status_code == 404
    assert client.get("/metrics/").status_code == 401


def test_an_object_that_moves_to_another_node_costs_itself_alone(ada, order, monkeypatch):
    keep(order)
    query_json = TrackerClient.query_json

    def move(*_):
        raise SlotMoving("on its way")

    monkeypatch.setattr(TrackerClient, "query_json", move)
    assert ask(ada).status_code == 503
    monkeypatch.setattr(TrackerClient, "query_json", query_json)
    assert ask(ada).status_code == 200


def test_it_can_only_be_read(ada):
    assert ada.post("/progress/?model=shop.order&id=1042").status_code == 405


def test_keys_of_any_text_are_found(client, tracker, settings):
    settings.TASK_TRACKER_PROGRESS_PERMISSION = lambda request, obj, task: True
    shelf = Shelf.objects.create(code="a/b ä&?%2F=")
    keep(shelf, name="shop.tasks.take_a_shelf")
    answer = client.get(element.address_of(shelf))
    assert answer.status_code == 200


def test_while_redis_is_away_the_page_has_an_empty_element_and_the_address_says_503(
    ada, order, settings
):
    settings.CELERY_TASKTRACKER_REDIS_URL = "redis://127.0.0.1:1"
    answer = ask(ada)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unreachable")
    assert ask(ada, "html/").status_code == 503
    html = rendered("{% task_tracker_progress order %}", order=order)
    assert 'data-state=""' in html
    assert " hidden>" in html
    pause.end()


def test_where_tracking_is_off_redis_is_not_asked(ada, order, settings, tracker):
    keep(order)
    settings.TASK_TRACKER_ENABLED = False
    with tracker.asked() as names:
        assert ask(ada).json()["state"] == ""
    assert not any(name.startswith("TRACKER") for name in names)


def test_the_tag_renders_the_element_with_its_own_label_and_interval(order):
    keep(order, progress='{"current":1234.5,"total":5000}')
    tag = '{% task_tracker_progress order task="shop.tasks.sleep" label=you interval=2 %}'
    html = rendered(tag, order=order, you="<You>")
    assert "model=shop.order&amp;id=1042&amp;task=shop.tasks.sleep" in html
    assert "&lt;You&gt;" in html
    assert 'data-interval="2"' in html
    assert 'max="5000" value="1234.5"' in html
    url = '{% task_tracker_progress_url order form="html" %}'
    assert rendered(url, order=order) == "/progress/html/?model=shop.order&amp;id=1042"


def test_a_task_that_is_not_registered_for_the_model_is_an_error_of_the_template(order):
    with pytest.raises(ValueError, match=r"'shop.tasks.unknown' is not registered for shop.Order"):
        rendered('{% task_tracker_progress order task="shop.tasks.unknown" %}', order=order)


def test_a_project_that_has_not_included_the_addresses_is_told_so(order, settings):
    settings.ROOT_URLCONF = "project.i18n_urls"
    with pytest.raises(NoReverseMatch, match="task_tracker_progress"):
        rendered("{% task_tracker_progress order %}", order=order)


def test_more_names_than_one_query_takes_are_asked_for_in_several(order, tracker):
    keep(order, at=EPOCH)
    keep(order, "SUCCESS", SUCCEED, EPOCH + 1, "t2")
    names = [SLEEP, *(f"shop.tasks.other_{number}" for number in range(80)), SUCCEED]
    assert shown.newest(order, names).task == "Succeed"
    assert tracker.commands()["tracker.query"] == 2
