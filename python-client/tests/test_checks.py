import pytest
import redis
from celery import Celery
from django.apps import apps
from django.core.management import call_command
from django.db import models

from celery_task_tracker import checks
from celery_task_tracker.checks import registrations
from celery_task_tracker.checks.settings import MAX_RETENTION
from celery_task_tracker.registration.registry import Registry
from shop.models import Order, Shelf
from upper.models import Thing


def ids(messages):
    return [message.id.rpartition(".")[2] for message in messages]


def test_a_sound_project_has_no_complaint():
    call_command("check")


def test_the_longest_retention_is_that_of_the_module(tracker):
    retain = ("TRACKER.RETAIN", "shop.order", "1", "t1")
    with tracker.client() as client:
        assert client.execute_command(*retain, MAX_RETENTION) == 0
        with pytest.raises(redis.ResponseError, match="seconds"):
            client.execute_command(*retain, MAX_RETENTION + 1)


@pytest.mark.parametrize(
    ("setting", "value", "id"),
    [
        ("CELERY_TASKTRACKER_REDIS_URL", "localhost:6379", "E001"),
        ("CELERY_TASKTRACKER_REDIS_URL", None, "E001"),
        ("TASK_TRACKER_RETENTION_WINDOW", -1, "E002"),
        ("TASK_TRACKER_RETENTION_WINDOW", "day", "E002"),
        ("TASK_TRACKER_RETENTION_WINDOW", 3_153_600_001, "E002"),
        ("TASK_TRACKER_RETENTION_WINDOW", {"FAILURE": 10**12}, "E002"),
        ("TASK_TRACKER_PAGE_SIZE", 0, "E003"),
        ("TASK_TRACKER_PAGE_SIZE", True, "E003"),
        ("TASK_TRACKER_MAX_PAGE_SIZE", 1.5, "E004"),
        ("TASK_TRACKER_CONNECT_TIMEOUT", 0, "E005"),
        ("TASK_TRACKER_SOCKET_TIMEOUT", None, "E006"),
        ("TASK_TRACKER_SOCKET_TIMEOUT", float("inf"), "E006"),
        ("TASK_TRACKER_RETRY_AFTER", "5", "E007"),
        ("TASK_TRACKER_REFRESH_INTERVAL", -5, "E008"),
        ("TASK_TRACKER_REDACT", "password", "E009"),
        ("TASK_TRACKER_REDACT", ["("], "E009"),
        ("TASK_TRACKER_PAGE_SIZE", 500, "E010"),
        ("CELERY_TASKTRACKER_REDIS_URL", "redis+sentinel://h:1", "E001"),
        ("CELERY_TASKTRACKER_REDIS_URL", "redis+cluster://", "E001"),
        ("CELERY_TASKTRACKER_REDIS_URL", "redis://h:port", "E001"),
        ("TASK_TRACKER_RETENTION_WINDOW", {"LOST": 1}, "E002"),
        ("TASK_TRACKER_RETENTION_WINDOW", {"FAILURE": 0}, "E002"),
        ("TASK_TRACKER_SPOOL_SIZE", 0, "E011"),
        ("TASK_TRACKER_STORE_ARGS", None, "E012"),
        ("TASK_TRACKER_STORE_RESULT", "no", "E013"),
        ("TASK_TRACKER_TERMINATE", "SIGKILL", "E014"),
        ("TASK_TRACKER_PURGE_ON_DELETE", 1, "E015"),
        ("TASK_TRACKER_TERMINATE_SIGNAL", "TERM", "E016"),
        ("TASK_TRACKER_TERMINATE_PERMISSION", "delete", "E017"),
        ("TASK_TRACKER_ENABLED", "no", "E040"),
        ("TASK_TRACKER_ENABLED", 0.5, "E040"),
        ("TASK_TRACKER_AUTODISCOVER", None, "E041"),
        ("TASK_TRACKER_EVENTS", "PENDING", "E046"),
        ("TASK_TRACKER_EVENTS", None, "E046"),
        ("TASK_TRACKER_EVENTS", ["STARTED", "SUCCESS"], "E046"),
        ("TASK_TRACKER_EVENTS", [["STARTED"]], "E046"),
        ("TASK_TRACKER_OVERVIEW", "yes", "E047"),
        ("TASK_TRACKER_OVERVIEW_RETENTION", 0, "E048"),
        ("TASK_TRACKER_OVERVIEW_RETENTION", {"DONE": 60}, "E048"),
        *(("TASK_TRACKER_OVERVIEW_PARTS", wrong, "E050") for wrong in (0, 65, True, 2.0, "4")),
        ("TASK_TRACKER_PROGRESS_PERMISSION", "shop.customers.no_such", "E060"),
        ("TASK_TRACKER_PROGRESS_PERMISSION", "shop.customers.PAGE", "E060"),
        ("TASK_TRACKER_PROGRESS_PERMISSION", True, "E060"),
        ("TASK_TRACKER_METRICS", "yes", "E061"),
        ("TASK_TRACKER_METRICS_PORT", "metrics", "E062"),
        ("TASK_TRACKER_METRICS_PORT", 65536, "E062"),
        ("TASK_TRACKER_METRICS_PORT", True, "E062"),
        ("TASK_TRACKER_METRICS_TOKEN", "", "E063"),
        ("TASK_TRACKER_METRICS_TOKEN", 5, "E063"),
    ],
)
def test_a_wrong_setting_is_an_error_that_names_it(settings, setting, value, id):
    setattr(settings, setting, value)
    (message,) = checks.check_settings()
    assert ids([message]) == [id]
    assert setting in message.msg
    assert message.hint


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("CELERY_TASKTRACKER_REDIS_URL", "unix:///run/redis.sock?db=1"),
        ("CELERY_TASKTRACKER_REDIS_URL", "redis+cluster://user:word@h1:7000,h2,[::1]:7001"),
        ("CELERY_TASKTRACKER_REDIS_URL", "rediss+sentinel://h1,h2:26380/main/2?ssl_cert_reqs=none"),
        ("TASK_TRACKER_RETENTION_WINDOW", {"FAILURE": 604800, "default": 3600}),
        ("TASK_TRACKER_OVERVIEW_PARTS", 1),
        ("TASK_TRACKER_OVERVIEW_PARTS", 64),
        ("TASK_TRACKER_REDACT", lambda name, value: value),
        ("TASK_TRACKER_TERMINATE_SIGNAL", "SIGKILL"),
        ("TASK_TRACKER_TERMINATE_PERMISSION", "shop.revoke_tasks"),
        ("TASK_TRACKER_ENABLED", None),
        ("TASK_TRACKER_ENABLED", False),
        ("TASK_TRACKER_AUTODISCOVER", False),
        ("TASK_TRACKER_EVENTS", []),
        ("TASK_TRACKER_EVENTS", {"PENDING", "STARTED"}),
        ("TASK_TRACKER_PROGRESS_PERMISSION", "shop.customers.may_see"),
        ("TASK_TRACKER_METRICS_PORT", 9808),
        ("TASK_TRACKER_METRICS_PORT", "127.0.0.1:9808"),
        ("TASK_TRACKER_METRICS_TOKEN", "s3cret"),
        ("TASK_TRACKER_PROGRESS_PERMISSION", lambda request, obj, task: False),
    ],
)
def test_these_settings_have_no_complaint(settings, setting, value):
    setattr(settings, setting, value)
    assert checks.check_settings() == []


def test_metrics_without_their_library_are_an_error_that_says_what_to_install(
    settings, monkeypatch
):
    settings.TASK_TRACKER_METRICS = True
    assert checks.check_settings() == []
    monkeypatch.setattr(checks.settings, "is_installed", lambda: False)
    (message,) = checks.check_settings()
    assert ids([message]) == ["E061"]
    assert 'pip install "celery-task-tracker[prometheus]"' in message.msg


@pytest.fixture
def registry(monkeypatch):
    registry = Registry()
    monkeypatch.setattr(registrations, "registry", registry)
    return registry


@pytest.fixture
def app():
    return Celery("checks-tests", set_as_current=False, broker="memory://")


def takes_an_order(order_id): ...


def takes_nothing(): ...


def test_a_registration_for_no_model_is_an_error(registry, app):
    registry.register("shop.Nothing")(app.task(name="t")(takes_an_order))
    assert ids(checks.check_registrations()) == ["E020"]


def test_an_id_query_that_names_no_argument_is_an_error(registry, app):
    registry.register(Order, id_query="order")(app.task(name="t")(takes_an_order))
    (message,) = checks.check_registrations()
    assert ids([message]) == ["E021"]
    assert "order_id" in message.hint


def test_a_look_up_by_what_the_model_does_not_have_is_an_error(registry, app):
    registry.register(Order, id_query={"colour": "order_id"})(app.task(name="t")(takes_an_order))
    (message,) = checks.check_registrations()
    assert ids([message]) == ["E023"]
    assert "colour" in message.msg


def test_a_look_up_through_a_relation_is_none(registry, app):
    query = {"customer__email__iexact": "order_id"}
    registry.register(Order, id_query=query)(app.task(name="t")(takes_an_order))
    assert checks.check_registrations() == []


def test_a_task_without_arguments_is_an_error(registry, app):
    registry.register(Order)(app.task(name="t")(takes_nothing))
    assert ids(checks.check_registrations()) == ["E022"]


def test_two_models_that_the_tracker_cannot_tell_apart_are_an_error(registry, app, monkeypatch):
    class LowerThing(models.Model):
        class Meta:
            app_label = "upper"

    LowerThing._meta.model_name = "thing"
    known = {"Upper.thing": Thing, "upper.thing": LowerThing}
    monkeypatch.setattr(registrations, "model_of", known.__getitem__)
    for label in known:
        registry.register(label)(app.task(name="t")(takes_an_order))
    (message,) = checks.check_registrations()
    assert ids([message]) == ["E024"]
    assert "Upper.Thing" in message.msg
    assert "'upper.thing'" in message.msg


def test_a_model_may_be_registered_by_several_labels(registry, app):
    for label in ("Upper.Thing", "upper.thing", Thing):
        registry.register(label)(app.task(name="t")(takes_an_order))
    assert checks.check_registrations() == []


def model(name, app_label="shop", **fields):
    meta = type("Meta", (), {"app_label": app_label})
    return type(name, (models.Model,), {"__module__": "shop.models", "Meta": meta, **fields})


@pytest.fixture
def made():
    """Makes models, and removes them from Django afterwards."""
    names = []

    def make(name, **fields):
        names.append(name.lower())
        return model(name, **fields)

    yield make
    for name in names:
        del apps.all_models["shop"][name]
    apps.clear_cache()


@pytest.mark.parametrize("name", ["Größe", "M" * 251])
def test_a_model_whose_name_the_module_refuses_is_an_error(registry, app, made, name):
    registry.register(made(name))(app.task(name="t")(takes_an_order))
    (message,) = checks.check_registrations()
    assert ids([message]) == ["E025"]
    assert name in message.msg


def test_a_namespace_leaves_less_room_for_the_name_of_a_model(registry, app, made, settings):
    registry.register(made("M" * 200))(app.task(name="t")(takes_an_order))
    assert checks.check_registrations() == []
    settings.TASK_TRACKER_NAMESPACE = "n" * 49
    assert checks.check_registrations() == []
    settings.TASK_TRACKER_NAMESPACE = "n" * 50
    assert ids(checks.check_registrations()) == ["E025"]
    settings.TASK_TRACKER_NAMESPACE = lambda model, using: "n"
    assert ids(checks.check_registrations()) == ["E025"]


@pytest.mark.parametrize(("length", "expected"), [(512, []), (513, ["E026"])])
def test_a_primary_key_that_may_be_too_long_is_an_error(registry, app, made, length, expected):
    key = models.CharField(max_length=length, primary_key=True)
    registry.register(made("LongKey", code=key))(app.task(name="t")(takes_an_order))
    assert ids(checks.check_registrations()) == expected


def test_so_is_one_that_is_a_relation_to_such_a_key(registry, app, made):
    long = made("LongKey", code=models.CharField(max_length=600, primary_key=True))
    key = models.OneToOneField(long, models.CASCADE, primary_key=True)
    registry.register(made("Beside", long=key))(app.task(name="t")(takes_an_order))
    assert ids(checks.check_registrations()) == ["E026"]


@pytest.mark.parametrize(("name", "expected"), [("t" * 255, []), ("ü" * 128, ["E027"])])
def test_a_task_whose_name_the_module_refuses_is_an_error(registry, app, name, expected):
    registry.register(Shelf)(app.task(name=name)(takes_an_order))
    assert ids(checks.check_registrations()) == expected


def test_what_the_checks_refuse_is_what_the_module_refuses(tracker):
    """The limits of length are the module's own."""
    event = ("STATE", "SUCCESS", "NAME")
    with tracker.client() as client:
        at_most = (
            "m" * registrations.MAX_NAME,
            "k" * registrations.MAX_KEY,
            "id",
            *event,
            "t" * registrations.MAX_NAME,
        )
        assert client.execute_command("TRACKER.UPSERT", *at_most)
        for index in (0, 1, 5):
            longer = list(at_most)
            longer[index] += "x"
            with pytest.raises(redis.ResponseError):
                client.execute_command("TRACKER.UPSERT", *longer)
