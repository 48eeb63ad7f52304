"""What Celery tells about one attempt of a task, wherever it tells it.

A task is met as the headers and body of a message (publishing), as a worker's ``Request`` (its
parent process) and as a task's ``Context`` (the process that runs it). All three carry the same
names, those of Celery's message protocol: https://docs.celeryq.dev/en/stable/internals/protocol.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from celery import current_app

from ..config import config
from ..registration.parameters import Parameters
from ..registration.registry import registry
from ..registration.resolution import Call, ObjectRef, Unresolvable
from .payload import REDACTED, arguments_json, json_text, text, value_json

#: The message header in which the objects travel from the publisher to the workers.
OBJECTS_HEADER = "task_tracker_objects"

#: The message header of a task that replaces another one under its id: how many attempts there
#: were before.
ATTEMPT_HEADER = "task_tracker_attempt"


@dataclass(frozen=True)
class Delivery:
    """One attempt of one tracked task."""

    task_name: str
    task_id: str
    attempt: int
    """0 for the first run, counted up with each retry."""

    objects: tuple[ObjectRef, ...]
    call: Call
    details: Mapping[str, str]
    """What is stored with every event: the objects, worker, queue, related ids, eta."""

    again: bool = False
    """Whether the record may show an end of this attempt already: the broker delivered the message
    once more, or the task stands in for one that ended by being replaced."""

    @classmethod
    def of_message(
        cls, name: str, headers: Mapping[str, Any], body: Any, queue: str | None
    ) -> Delivery | None:
        """The task in a message that is being published, of either message protocol.

        ``None`` if the message carries no object that the task is tracked for.
        """
        return cls._of(
            name,
            headers.get if "task" in headers else {**body, **headers}.get,
            message_call(headers, body),
            worker=None,
            queue=queue,
        )

    @classmethod
    def of_context(cls, name: str, context: Any) -> Delivery | None:
        """The task of a ``Context``, such as ``task.request``; ``None`` as above."""
        return cls._of(
            name,
            lambda key: getattr(context, key, None),
            context_call(context),
            worker=context.hostname,
            queue=(context.delivery_info or {}).get("routing_key"),
            redelivered=bool((context.delivery_info or {}).get("redelivered")),
        )

    @classmethod
    def of_request(cls, request: Any) -> Delivery | None:
        """The task of a ``Request`` in a worker's parent process; ``None`` as above."""
        return cls._of(
            request.type,
            request.request_dict.get,
            Call(tuple(request.args or ()), request.kwargs or {}),
            worker=request.hostname,
            queue=request.delivery_info.get("routing_key"),
        )

    @classmethod
    def _of(
        cls,
        name: str,
        get: Callable[[str], Any],
        call: Call,
        worker: str | None,
        queue: str | None,
        redelivered: bool = False,
    ) -> Delivery | None:
        objects = _objects_in(get(OBJECTS_HEADER))
        if objects is None:
            objects = registry.objects_at_hand(name, call)
        if not objects:
            return None
        registrations = registry.for_task(name)
        before = get(ATTEMPT_HEADER)
        details = {"objects": json_text(objects)}
        for key, value in (
            ("worker", worker),
            ("queue", queue),
            ("root_id", get("root_id")),
            ("parent_id", get("parent_id")),
            ("group_id", get("group")),
            ("eta", get("eta")),
            ("max_retries", registrations[0].max_retries if registrations else None),
        ):
            if value is not None:
                details[key] = text(value)
        return cls(
            task_name=name,
            task_id=str(get("id")),
            attempt=int(get("retries") or 0) + int(before or 0),
            objects=objects,
            call=call,
            details=details,
            again=redelivered or (bool(get("replaced_task_nesting")) and before is None),
        )

    def next_attempt(self) -> Delivery:
        """The attempt that follows if this one asks for a retry; its eta is not known yet."""
        return replace(
            self,
            attempt=self.attempt + 1,
            details={key: value for key, value in self.details.items() if key != "eta"},
        )

    def arguments(self) -> dict[str, str]:
        """The arguments of the call as text to store, redacted by the names of the parameters.

        Nothing where the setting TASK_TRACKER_STORE_ARGS says so.
        """
        if not config.TASK_TRACKER_STORE_ARGS:
            return {}
        args = self.call.args
        try:
            stored = arguments_json(args, self._parameters().names_by_position(len(args)))
        except Unresolvable:
            # Nobody can say which of them is secret.
            stored = json_text([REDACTED] * len(args))
        return {"args": stored, "kwargs": value_json(self.call.kwargs)}

    def _parameters(self) -> Parameters:
        registrations = registry.for_task(self.task_name)
        if registrations:
            return registrations[0].parameters
        # Another one's replacement, which nobody registered.
        task = current_app.tasks.get(self.task_name)
        if task is None:
            raise Unresolvable(f"{self.task_name} is no task of this process")
        return Parameters.of(task)


def message_call(headers: Mapping[str, Any], body: Any) -> Call:
    """The arguments in the body of a message of protocol 2 (a triple) or protocol 1 (a dict)."""
    if "task" in headers:
        args, kwargs, _embed = body
    else:
        args, kwargs = body["args"], body["kwargs"]
    return Call(tuple(args or ()), kwargs or {})


def message_id(body: Any) -> str | None:
    """The task id in the body of a message of protocol 1."""
    return body.get("id") if isinstance(body, Mapping) else None


def context_call(context: Any) -> Call:
    """The arguments in a task's ``Context``."""
    return Call(tuple(context.args or ()), context.kwargs or {})


def _objects_in(header: Any) -> tuple[ObjectRef, ...] | None:
    """The objects that a message brought with it; ``None`` for a message without the header."""
    try:
        return None if header is None else tuple(ObjectRef(str(m), str(pk)) for m, pk in header)
    except (TypeError, ValueError):
        return None
