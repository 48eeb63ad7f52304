"""Which names and which parts of a text are secret."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from ..config import config

REDACTED = "[redacted]"

#: How many characters of a name are examined.
NAME_LENGTH = 100

#: From how many characters on a user name in a URL is taken for a token.
TOKEN_LENGTH = 16


def is_secret(name: str) -> bool:
    """Whether a pattern of the setting TASK_TRACKER_REDACT matches this argument or key.

    A pattern is looked for in the name as it is written and in its snake case. Costs one
    dictionary look-up for a name that was seen before.
    """
    return _matches_any(tuple(config.TASK_TRACKER_REDACT), name[:NAME_LENGTH])


def without_secrets(text: str) -> str:
    """``text`` without the passwords, tokens and secret parameters of the URLs in it.

    ``redis://user:hunter2@host`` becomes ``redis://user:[redacted]@host``, and
    ``https://host/?token=hunter2`` becomes ``https://host/?token=[redacted]``. A user name of
    :data:`TOKEN_LENGTH` characters or more is taken for a token. Costs next to nothing for a text
    without URLs.
    """
    if "://" not in text:
        return text
    if "@" in text:
        text = _URL.sub(_without_password, text)
    if "=" in text and not callable(config.TASK_TRACKER_REDACT):
        text = _PARAMETER.sub(_redacted_parameter, text)
    return text


#: What follows the scheme of a URL, up to a space, the closing quotation mark or the next URL.
_URL = re.compile(r"""://((?:[^\s"'<>;,:]|["'<>](?=\w)|[;,](?!\w[\w+.-]*://)|:(?!//))*)""")

#: Servers with their ports, or without.
_HOSTS = re.compile(r"(?:(?:\[[^\]@]*\]|[^:@,\[\]]+)(?::\d{0,5})?(?:,|$))+")

_END_OF_HOSTS = re.compile("[/?#]")


def _without_password(found: re.Match[str]) -> str:
    """The URL without the password before its ``@``, and without a token.

    A password that is not escaped may itself contain ``/``, ``?``, ``#`` and ``@``. So everything
    up to the last ``@`` is taken for it, unless a host and its port stand before the first ``/``.
    """
    rest = found[1]
    head = _END_OF_HOSTS.split(rest, maxsplit=1)[0]
    user, colon, _ = head.rpartition("@")[0].partition(":") if "@" in head else head.partition(":")
    if not colon and "@" in head:
        behind = rest[head.rindex("@") :]
        return f"://{_user(user)}{behind}"
    if not colon or _HOSTS.fullmatch(head):
        return found[0]
    _password, at, behind = rest.rpartition("@")
    return f"://{_user(user)}:{REDACTED}@{behind}" if at else found[0]


def _user(name: str) -> str:
    return name if len(name) < TOKEN_LENGTH else REDACTED


#: A parameter of a URL.
_PARAMETER = re.compile(r"([?&;#])([^\s?&;#=\"'<>]{1,100})=([^\s&;#\"'<>]+)")


def _redacted_parameter(found: re.Match[str]) -> str:
    separator, name, _value = found.groups()
    return f"{separator}{name}={REDACTED}" if is_secret(name) else found.group()


@lru_cache(maxsize=4096)
def _matches_any(patterns: tuple[str, ...], name: str) -> bool:
    pattern = _any_of(patterns)
    if pattern is None:
        return False
    return bool(pattern.search(_SEPARATOR.sub("_", name)) or pattern.search(_snake_case(name)))


@cache
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str] | None:
    joined = "|".join(f"(?:{pattern})" for pattern in patterns)
    return re.compile(joined, re.IGNORECASE) if patterns else None


_SEPARATOR = re.compile(r"[\s-]")

#: Where a word begins within camel case: ``api|Key``, ``API|Key``.
_BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_A_WORD = re.compile(r"[\W_]+")


def _snake_case(name: str) -> str:
    return _NOT_A_WORD.sub("_", _BORDER.sub("_", name)).strip("_").lower()
