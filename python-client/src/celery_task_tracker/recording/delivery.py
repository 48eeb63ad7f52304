"""What Celery says about one attempt of a task.

A task is met as the headers and body of a message (where it is published), as a worker's
``Request`` (its parent process) and as a task's ``Context`` (the process that runs it). All three
use the names of Celery's message protocol:
https://docs.celeryq.dev/en/stable/internals/protocol.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

from celery import current_app
from celery.utils.time import maybe_iso8601, maybe_make_aware

from ..config import config
from ..registration.registry import registry
from ..registration.resolution import Call, ObjectRef, OverviewRef
from . import headers
from .called import names_of_arguments
from .overview import overviews_of
from .payload import MAX_TEXT, Plain, is_verbatim, json_text, text, value_json
from .secrets import REDACTED
from .shown import given_by_stranger

#: How much is stored of an id or a name in a message, in characters.
LONGEST_DETAIL = 255

#: Looks up a name of Celery's protocol, or of the tracker's headers, in a message.
Get = Callable[[str], Any]


@dataclass(frozen=True)
class Delivery:
    """One attempt of one tracked task."""

    task_name: str
    task_id: str
    attempt: int
    """0 for the first, counted up with each retry and each replacement."""

    run: int | None
    """When the task was first published, in milliseconds since 1970; ``None`` if unknown."""

    objects: tuple[ObjectRef, ...]
    call: Call
    details: Mapping[str, str]
    """What is stored with every event: the objects, worker, queue, related ids, eta."""

    overviews: tuple[OverviewRef, ...] = ()
    """The overviews that show it."""

    shown: Mapping[str, str] = field(default_factory=dict)
    """What the caller wants to be stored instead of ``args`` and ``kwargs``."""

    @classmethod
    def of_message(
        cls,
        name: str,
        head: Mapping[str, Any],
        body: Any,
        queue: str | None,
        objects: tuple[ObjectRef, ...] | None = None,
    ) -> Delivery | None:
        """The task in a message that is being published, of either message protocol.

        ``objects``: those that it is for, where that is known.
        ``None`` if the task is not tracked for any object.
        """
        get, call = getter(head, body), message_call(head, body)
        return cls._of(
            name,
            get,
            call,
            objects=_objects(name, get, call) if objects is None else objects,
            queue=queue,
            chord=message_chord(head, body),
        )

    @classmethod
    def of_refused_message(cls, message: Any, worker: str | None) -> Delivery | None:
        """The task in a message that a worker received and cannot run; ``None`` as above.

        The worker need not know the task, and the message's body may be unreadable.
        """
        head = message.headers if isinstance(message.headers, Mapping) else {}
        get = getter(head, {} if "task" in head else message.payload)
        name, objects = get("task"), headers.objects_in(get(headers.OBJECTS))
        if not isinstance(name, str) or not get("id"):
            return None
        return cls._of(
            name,
            get,
            Call((), {}),
            objects=objects or (),
            worker=worker,
            queue=(message.delivery_info or {}).get("routing_key"),
        )

    @classmethod
    def of_context(cls, name: str, context: Any) -> Delivery | None:
        """The task of a ``Context``, such as ``task.request``; ``None`` as above."""
        kept = getattr(context, _KEPT, None)
        # Anything of this name in the headers of a message becomes an attribute too.
        if isinstance(kept, Delivery):
            return kept
        get, call = request_getter(vars(context)), context_call(context)
        return cls._of(
            name,
            get,
            call,
            objects=_objects(name, get, call),
            worker=context.hostname,
            queue=(context.delivery_info or {}).get("routing_key"),
            priority=(context.delivery_info or {}).get("priority"),
            chord=context.chord,
        )

    @classmethod
    def of_request(cls, request: Any) -> Delivery | None:
        """The task of a ``Request`` in a worker's parent process; ``None`` as above."""
        get = request_getter(request.request_dict)
        call = Call(tuple(request.args or ()), request.kwargs or {})
        return cls._of(
            request.type,
            get,
            call,
            objects=_objects(request.type, get, call),
            worker=request.hostname,
            queue=request.delivery_info.get("routing_key"),
            priority=request.delivery_info.get("priority"),
        )

    @classmethod
    def _of(
        cls,
        name: str,
        get: Get,
        call: Call,
        *,
        objects: tuple[ObjectRef, ...],
        worker: str | None = None,
        queue: str | None = None,
        priority: int | None = None,
        chord: Any = None,
    ) -> Delivery | None:
        if not objects or not config.is_enabled:
            return None
        registrations = registry.for_task(name)
        details = {"objects": json_text(objects), **headers.origin_in(get(headers.ORIGIN))}
        if get("stamps"):
            details["stamps"] = value_json(get("stamps"))
        for key, value in (
            ("worker", worker),
            ("queue", queue and _DELAY.sub("", queue)),
            # Redis and RabbitMQ take 0 for none.
            ("priority", priority or None),
            ("root_id", get("root_id")),
            ("parent_id", get("parent_id")),
            ("group_id", get("group")),
            ("chord_id", _id_of(chord)),
            ("eta", _moment(get("eta"))),
            ("max_retries", registrations[0].max_retries if registrations else None),
        ):
            if value is not None:
                details[key] = text(value)[:LONGEST_DETAIL]
        return cls(
            task_name=name,
            task_id=str(get("id")),
            attempt=headers.attempt_of(get),
            run=headers.run_in(get(headers.RUN)),
            objects=objects,
            call=call,
            details=details,
            overviews=overviews_of(name, objects),
            shown=_shown(get, call),
        )

    @property
    def origin(self) -> Mapping[str, str]:
        """Who launched the task by hand, and which one it runs again."""
        return headers.origin_in(self.details)

    def keep_with(self, context: Any) -> None:
        """Has :meth:`of_context` return this without working it out again."""
        setattr(context, _KEPT, self)

    def next_attempt(self) -> Delivery:
        """The attempt that follows if this one asks for a retry; its eta is not known yet."""
        return replace(
            self,
            attempt=self.attempt + 1,
            details={key: value for key, value in self.details.items() if key != "eta"},
        )

    def arguments(self) -> dict[str, str]:
        """The arguments of the call as text to store, redacted by the names of the parameters.

        ``replayable`` is set if they are exactly those of the call, so that it can be repeated.

        Empty if the setting TASK_TRACKER_STORE_ARGS is off.
        """
        if not config.TASK_TRACKER_STORE_ARGS:
            return {}
        args = self.call.args
        names = names_of_arguments(self.task_name, args)
        # Without names there is no telling which of them is secret.
        if names is None:
            plain: list[Any] = [REDACTED] * len(args)
        else:
            plain = Plain().arguments(args, names, 0)
        plain_kwargs = Plain().of(self.call.kwargs, 0)
        stored = {"args": json_text(plain), "kwargs": json_text(plain_kwargs), **self.shown}
        if (
            not self.shown
            and is_verbatim(plain, list(args))
            and is_verbatim(plain_kwargs, self.call.kwargs)
            and all(len(text) < MAX_TEXT for text in stored.values())
        ):
            stored["replayable"] = "1"
        return stored


def getter(head: Mapping[str, Any], body: Any) -> Get:
    """Looks names up in a message of protocol 2 (in its headers) or 1 (in its body too)."""
    if "task" in head or not isinstance(body, Mapping):
        return head.get
    return {**body, **head}.get


def request_getter(request: Mapping[str, Any]) -> Get:
    """Looks names up in what a worker made of a message.

    Its headers stand among the rest after protocol 2. After protocol 1, and of an eager task, they
    stand by themselves.
    """
    own = request.get("headers") or {}
    return lambda key: own.get(key) if (value := request.get(key)) is None else value


def message_call(head: Mapping[str, Any], body: Any) -> Call:
    """The arguments in the body of a message of protocol 2 (a triple) or protocol 1 (a dict)."""
    if "task" in head:
        args, kwargs, _embed = body
    else:
        args, kwargs = body["args"], body["kwargs"]
    return Call(tuple(args or ()), kwargs or {})


def message_chord(head: Mapping[str, Any], body: Any) -> Any:
    """The body of the chord that the task of a message is a part of, as Celery's signature."""
    return (body[2] or {}).get("chord") if "task" in head else body.get("chord")


def _id_of(signature: Any) -> Any:
    """The task id of a signature in a message; ``None`` where somebody wrote another thing."""
    try:
        return signature["options"]["task_id"]
    except (TypeError, LookupError):
        return None


def context_call(context: Any) -> Call:
    """The arguments in a task's ``Context``."""
    return Call(tuple(context.args or ()), context.kwargs or {})


def _objects(name: str, get: Get, call: Call) -> tuple[ObjectRef, ...]:
    """The objects of a registered task, or of a task that took the place of another one."""
    is_tracked = registry.for_task(name) or headers.count_in(get(headers.ATTEMPT))
    if not is_tracked:
        return ()
    objects = headers.objects_in(get(headers.OBJECTS))
    return registry.objects_at_hand(name, call) if objects is None else objects


def _shown(get: Get, call: Call) -> Mapping[str, str]:
    shown = headers.shown_in(get(headers.SHOWN))
    if not shown and get(headers.RUN) is None:
        # A publisher with the tracker compares them itself; this one has none.
        reprs = {key: get(key) for key in ("argsrepr", "kwargsrepr")}
        shown = given_by_stranger(reprs, *call)
    return {key: text(value) for key, value in shown.items()}


def _moment(eta: Any) -> str | None:
    """An eta in UTC. One without a time zone is read as Celery's workers read it."""
    if not eta:
        return None
    try:
        aware: datetime = maybe_make_aware(maybe_iso8601(eta), current_app.timezone)
        return aware.astimezone(timezone.utc).isoformat()
    except (ValueError, TypeError, OverflowError):
        return None


#: The attribute of a ``Context`` that has its delivery.
_KEPT = "task_tracker_delivery"

#: What RabbitMQ's delayed delivery puts in front of the name of a queue.
_DELAY = re.compile(r"^(?:[01]\.){28}")
