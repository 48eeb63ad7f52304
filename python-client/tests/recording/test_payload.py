import json
from collections import UserList, deque
from dataclasses import dataclass, field
from datetime import datetime, timezone
from decimal import Decimal
from enum import Enum
from types import SimpleNamespace
from typing import NamedTuple
from uuid import UUID

import attrs
import pydantic
import pytest
from celery import signature
from celery.exceptions import SoftTimeLimitExceeded
from celery.result import AsyncResult, EagerResult, GroupResult
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from celery_task_tracker.recording import payload
from celery_task_tracker.recording.payload import (
    arguments_json,
    result_text,
    text,
    value_json,
)
from shop import tasks
from shop.models import Order


class Many(Enum):
    TOO = 10**5000


class Broken:
    def __repr__(self):
        raise RuntimeError("no words")

    __str__ = __repr__


def test_secret_keys_are_redacted_at_any_depth():
    stored = value_json({"a": [{"b": {"password": "hunter2", "user": "ada"}}], "token": 1})
    assert json.loads(stored) == {
        "a": [{"b": {"password": "[redacted]", "user": "ada"}}],
        "token": "[redacted]",
    }


def test_positional_arguments_are_redacted_by_the_names_of_their_parameters():
    stored = arguments_json(["ada", "hunter2", {"secret": 1}], ["user", "password"])
    assert json.loads(stored) == ["ada", "[redacted]", {"secret": "[redacted]"}]


@dataclass
class Login:
    user: str
    password: str
    pin: int = field(default=1234, repr=False)


class Card(NamedTuple):
    holder: str
    card_number: str


def test_fields_of_dataclasses_and_named_tuples_are_redacted_by_their_names():
    stored = value_json([Login("ada", "hunter2"), Card("Ada", "4111 1111 1111 1111")])
    assert json.loads(stored) == [
        {"user": "ada", "password": "[redacted]"},
        ["Ada", "[redacted]"],
    ]


@attrs.define
class Account:
    user: str
    password: str
    pin: int = attrs.field(default=1234, repr=False)
    iban_end: str = attrs.field(default="DE02 1203", repr=lambda value: value[-4:])
    holder: str = attrs.field(default="Ada Lovelace", repr=lambda value: value[:3])


class Key(pydantic.BaseModel):
    owner: str
    token: str
    answer: pydantic.SecretStr = pydantic.SecretStr("42")


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (Account("ada", "hunter2"),
         {"user": "ada", "password": "[redacted]", "iban_end": "[redacted]", "holder": "Ada"}),
        (Key(owner="ada", token="hunter2"),
         {"owner": "ada", "token": "[redacted]", "answer": "SecretStr('**********')"}),
        (SimpleNamespace(user="ada", password="hunter2"),
         {"user": "ada", "password": "[redacted]"}),
        (deque([{"password": "hunter2"}]), [{"password": "[redacted]"}]),
        (UserList([{"password": "hunter2"}]), [{"password": "[redacted]"}]),
        ({1: {"password": "hunter2"}}.values(), [{"password": "[redacted]"}]),
        ({"password": "hunter2", "user": "ada"}.items(),
         {"password": "[redacted]", "user": "ada"}),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_no_object_shows_by_its_repr_what_has_a_secret_name(value, stored):
    assert json.loads(value_json([value])) == [stored]


@dataclass(repr=False)
class QuietLogin:
    user: str
    code: str


@dataclass
class LoginWithWords:
    user: str
    code: str

    def __repr__(self):
        return f"<login of {self.user}>"


class LoginBelow(Login):
    def __repr__(self):
        return "<login>"


@attrs.define(repr=False)
class QuietAccount:
    user: str
    code: str


@attrs.define
class AccountWithWords:
    user: str
    code: str

    def __repr__(self):
        return f"<account of {self.user}>"


class KeyWithWords(pydantic.BaseModel):
    owner: str
    code: str

    def __repr__(self):
        return f"<key of {self.owner}>"


class CardWithWords(NamedTuple):
    holder: str
    digits: str

    def __repr__(self):
        return f"<card of {self.holder}>"


class Namespace(SimpleNamespace):
    def __repr__(self):
        return "<namespace>"


class Masked(str):
    def __repr__(self):
        return "<masked>"


class MaskedNumber(int):
    def __repr__(self):
        return "<masked number>"


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (LoginWithWords("ada", "hunter2"), "<login of ada>"),
        (LoginBelow("ada", "hunter2"), "<login>"),
        (AccountWithWords("ada", "hunter2"), "<account of ada>"),
        (KeyWithWords(owner="ada", code="hunter2"), "<key of ada>"),
        (CardWithWords("ada", "hunter2"), "<card of ada>"),
        (Namespace(code="hunter2"), "<namespace>"),
        (Masked("hunter2"), "<masked>"),
        (MaskedNumber(1234), "<masked number>"),
        (pydantic.SecretStr("hunter2"), "SecretStr('**********')"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_object_whose_class_has_its_own_repr_is_stored_by_that(value, stored):
    assert json.loads(value_json([value])) == [stored]
    assert "hunter2" not in result_text(value)


@pytest.mark.parametrize("value", [QuietLogin("ada", "hunter2"), QuietAccount("ada", "hunter2")])
def test_an_object_whose_class_wants_no_repr_shows_nothing(value):
    assert "hunter2" not in value_json([value])
    assert type(value).__name__ in value_json([value])


class Shout(str):
    """Text of a library's own, whose ``repr`` hides nothing."""


def test_a_kind_of_text_is_text():
    assert json.loads(value_json([Shout("hi"), mark_safe("<b>"), gettext_lazy("Yes")])) == [
        "hi",
        "<b>",
        "Yes",
    ]


def test_a_lazy_object_is_not_evaluated():
    lazy = SimpleLazyObject(lambda: pytest.fail("it was evaluated"))
    assert json.loads(value_json([lazy])) == ["<SimpleLazyObject>"]
    assert result_text(lazy) == "<SimpleLazyObject>"


def test_the_value_of_a_header_with_a_secret_name_is_redacted():
    pairs = [("Authorization", "Bearer hunter2"), ["Accept", "text/html"]]
    assert json.loads(value_json(pairs)) == [
        ["Authorization", "[redacted]"],
        ["Accept", "text/html"],
    ]
    described = [{"name": "Cookie", "value": "hunter2"}, {"key": "Accept", "value": "*"}]
    assert json.loads(value_json(described)) == [
        {"name": "Cookie", "value": "[redacted]"},
        {"key": "Accept", "value": "*"},
    ]


def test_passwords_in_urls_are_redacted_wherever_text_is_stored():
    url = "redis://ada:hunter2@host:6379/0"
    for stored in (
        value_json({"url": url}),
        result_text(url),
        arguments_json([url], ["address"]),
        text(ConnectionError(f"no answer of {url}")),
        result_text(Shout(url)),
    ):
        assert "hunter2" not in stored
        assert "redis://ada:[redacted]@host:6379/0" in stored


@pytest.mark.parametrize("form", [lambda signature: signature, dict], ids=["signature", "dict"])
def test_a_signature_is_the_task_that_it_calls_with_its_arguments_redacted(form):
    signature = tasks.log_in.s("ada", "hunter2", api_key="k-1")
    assert json.loads(value_json([form(signature)])) == [
        {
            "task": "shop.tasks.log_in",
            "args": ["ada", "[redacted]"],
            "kwargs": {"api_key": "[redacted]"},
        }
    ]


def test_the_members_of_a_chain_in_an_argument_are_redacted():
    chain = tasks.log_in.s("ada", "hunter2") | tasks.log_in.s("bob", "hunter3")
    stored = value_json(chain)
    assert "ada" in stored
    assert "hunter" not in stored


def test_the_arguments_of_a_signature_of_an_unknown_task_are_all_redacted():
    stored = json.loads(value_json(signature("elsewhere.log_in", args=("ada", "hunter2"))))
    assert stored == {"task": "elsewhere.log_in", "args": ["[redacted]", "[redacted]"]}


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (AsyncResult("id-1"), "<AsyncResult: id-1>"),
        (GroupResult("id-1", []), "<GroupResult: id-1 []>"),
        (EagerResult("id-1", 3, "SUCCESS"), "<EagerResult: id-1>"),
        (ValueError("wrong"), "ValueError('wrong')"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_celery_returns_is_stored_by_its_repr_and_not_fetched(value, stored):
    # There is no result backend here.
    assert result_text(value) == stored


def test_the_patterns_are_a_setting(settings):
    settings.TASK_TRACKER_REDACT = ["colour"]
    assert json.loads(value_json({"colour": 1, "password": 2})) == {
        "colour": "[redacted]",
        "password": 2,
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"paid": True, "sum": 1.5}, {"paid": True, "sum": 1.5}),
        ([1, (2, 3)], [1, [2, 3]]),
        (None, None),
        ("ok", "ok"),
        (Decimal("1.50"), "1.50"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (datetime(2026, 1, 2, tzinfo=timezone.utc), "2026-01-02T00:00:00+00:00"),
        ({1: "one"}, {"1": "one"}),
    ],
)
def test_a_result_is_json_where_it_can_be(value, expected):
    assert json.loads(result_text(value)) == expected


def test_any_other_result_is_its_repr():
    assert result_text(object) == "<class 'object'>"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"x": float("nan")}])
def test_numbers_that_json_does_not_have_become_text(value):
    assert "nan" in result_text(value) or "inf" in result_text(value)


def test_no_value_makes_it_fail():
    circle = []
    circle.append(circle)
    for value in (Broken(), {Broken(): Broken()}, circle, "\ud800", b"\xff", [Broken()]):
        assert isinstance(result_text(value), str)
        assert isinstance(json.loads(value_json(value)), list | dict | str)
    assert "without a representation" in text(Broken())


@pytest.mark.parametrize(
    "number", [10**5000, -(10**5000), Many.TOO], ids=["long", "negative", "of an enum"]
)
def test_a_number_too_long_for_python_to_tell_in_decimals_is_told_otherwise(number):
    assert "0x" in result_text(number)
    assert "0x" in json.loads(value_json([number]))[0]


def test_objects_that_refer_to_each_other_have_an_end():
    people = [SimpleNamespace(name=f"n{number}") for number in range(20)]
    for person in people:
        person.friends = people
    assert len(value_json(people)) <= 1024 * 1024


def test_what_is_too_much_is_not_even_put_together(monkeypatch):
    lengths = []
    encode = payload._encode
    monkeypatch.setattr(
        payload, "_encode", lambda plain: lengths.append(text := encode(plain)) or text
    )
    value_json(["x" * 1_000_000] * 1000)
    assert len(lengths[0]) < 2 * 1024 * 1024


def test_what_is_left_out_of_a_long_collection_is_said():
    assert json.loads(value_json(list(range(1500))))[-1] == "… 500 more"
    assert json.loads(value_json({str(n): n for n in range(1001)}))["…"] == "… 1 more"
    assert len(value_json(["x" * 1_000_000] * 10)) <= 1024 * 1024


def test_no_pattern_redacts_nothing(settings):
    settings.TASK_TRACKER_REDACT = []
    assert json.loads(value_json({"password": 1})) == {"password": 1}


def test_a_model_instance_or_queryset_does_not_ask_the_database():
    # pytest-django refuses the database to a test that has not asked for it.
    assert value_json(Order.objects.all()) == '"<QuerySet of shop.Order>"'
    assert value_json(Order(pk=3)) == '"<shop.Order 3>"'


class TimeIsUp:
    """Is being turned into text when a soft time limit strikes."""

    def __repr__(self):
        raise SoftTimeLimitExceeded


@pytest.mark.parametrize("store", [text, value_json, result_text])
def test_a_soft_time_limit_reaches_the_task(store):
    with pytest.raises(SoftTimeLimitExceeded):
        store(TimeIsUp())


class TestRuleOfTheProject:
    """The setting TASK_TRACKER_REDACT as a function."""

    def test_says_what_is_stored_of_each_named_value(self, settings):
        settings.TASK_TRACKER_REDACT = lambda name, value: (
            value.partition("@")[2] if name == "email" else value
        )
        stored = value_json({"email": "ada@mail.example", "deep": [{"email": "b@c.example"}]})
        assert json.loads(stored) == {"email": "mail.example", "deep": [{"email": "c.example"}]}
        assert json.loads(arguments_json(["ada@d.example"], ["email"])) == ["d.example"]

    def test_in_which_a_soft_time_limit_strikes_hands_it_on(self, settings):
        settings.TASK_TRACKER_REDACT = lambda name, value: repr(TimeIsUp())
        with pytest.raises(SoftTimeLimitExceeded):
            value_json({"a": 1})

    def test_that_fails_shows_nothing(self, settings):
        settings.TASK_TRACKER_REDACT = lambda name, value: value.nothing
        assert json.loads(value_json({"a": 1})) == {"a": "[redacted]"}
