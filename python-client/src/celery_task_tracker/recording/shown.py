"""What the caller of a task wants to be shown instead of its arguments.

``apply_async(args, argsrepr="(<card>,)")`` keeps the arguments out of logs. Celery always fills in
``argsrepr`` and ``kwargsrepr``. A text that differs from what Celery would have written came from
the caller. Celery loses it when the task is retried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from celery import current_app
from celery.utils.saferepr import saferepr

_SIMPLE = frozenset({int, str, bool, type(None)})

#: What JSON changes in the text of arguments.
_WITHOUT_JSONS_CHANGES = str.maketrans(dict.fromkeys("()[],'\" "))


def given_by_publisher(
    headers: Mapping[str, Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, str]:
    """The texts that the caller gave, by ``args`` and ``kwargs``, where the message is published.

    ``headers``: those of the message; ``args``, ``kwargs``: the arguments as they were passed.
    """
    return {
        name: shown
        for name, shown, value in _texts(headers, args, kwargs)
        if not _is_celerys_own(shown, value)
    }


def given_by_stranger(
    headers: Mapping[str, Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, str]:
    """The same, for a message from a process without the tracker.

    JSON has turned tuples into lists and keys into text meanwhile.
    """
    return {
        name: shown
        for name, shown, value in _texts(headers, args, kwargs)
        if _bare(shown) not in (_bare(_celerys_own(value)), _bare(saferepr(value)))
    }


def _texts(
    headers: Mapping[str, Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> list[tuple[str, str, Any]]:
    texts = (("args", headers.get("argsrepr"), args), ("kwargs", headers.get("kwargsrepr"), kwargs))
    return [(name, shown, value) for name, shown, value in texts if isinstance(shown, str)]


def _is_celerys_own(shown: str, value: Any) -> bool:
    members = value.values() if isinstance(value, Mapping) else value
    # Python's own `repr`, a tenth of the cost, is the same for most arguments.
    if all(type(each) in _SIMPLE for each in members) and shown == repr(value):
        return True
    return shown == _celerys_own(value)


def _celerys_own(value: Any) -> str:
    length = current_app.amqp.argsrepr_maxsize
    levels = getattr(current_app.conf, "task_repr_maxlevels", 3)
    return str(saferepr(value, length, maxlevels=levels))


def _bare(shown: str) -> str:
    return shown.translate(_WITHOUT_JSONS_CHANGES)
