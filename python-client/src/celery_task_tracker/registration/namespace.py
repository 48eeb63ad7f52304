"""The namespace, which separates projects, tenants and databases that share one Redis."""

from __future__ import annotations

import inspect
import re
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model

from ..config import config

#: The longest namespace, in characters.
MAX_LENGTH = 64

#: The characters of a namespace, as a pattern and in words.
PATTERN = re.compile(rf"[a-z0-9_-]{{1,{MAX_LENGTH}}}")
EXPECTED = f"1 to {MAX_LENGTH} of the characters a-z, 0-9, _ and -"


class WrongNamespace(ImproperlyConfigured):
    """TASK_TRACKER_NAMESPACE is not a valid namespace, or a function that did not return one."""


def namespace_of(model: type[Model], using: str) -> str:
    """The namespace of ``model``'s rows in the database ``using``; empty if there is none.

    If TASK_TRACKER_NAMESPACE is a function, it is called every time, because its answer may depend
    on the current tenant. Raises :class:`WrongNamespace` instead of falling back to a namespace
    that others may use.
    """
    given = config.TASK_TRACKER_NAMESPACE
    if callable(given):
        try:
            given = given(model=model, using=using)
        except SoftTimeLimitExceeded:
            # Meant for the task that is running.
            raise
        except Exception as error:
            raise WrongNamespace(f"The function TASK_TRACKER_NAMESPACE raised {error!r}") from error
    if given is None or given == "":
        return ""
    if not is_namespace(given):
        raise WrongNamespace(f"TASK_TRACKER_NAMESPACE must be {EXPECTED}, not {given!r}")
    return str(given).lower()


def is_namespace(value: Any) -> bool:
    """Whether ``value`` can be a namespace."""
    return isinstance(value, str) and PATTERN.fullmatch(value.lower()) is not None


def longest_prefix() -> int:
    """How many characters the namespace and its dot add to a model's name at most."""
    given = config.TASK_TRACKER_NAMESPACE
    if callable(given):
        return MAX_LENGTH + 1
    return len(given) + 1 if is_namespace(given) else 0


def depends_on_caller() -> bool:
    """Whether only the process that sends or runs a task knows its namespace."""
    return callable(config.TASK_TRACKER_NAMESPACE)


def takes_model_and_database(function: Any) -> bool:
    """Whether ``function`` can be called as :func:`namespace_of` calls it."""
    try:
        inspect.signature(function).bind(model=None, using="default")
    except TypeError:
        return False
    except ValueError:
        # Some built-in functions have no signature.
        return True
    return True
