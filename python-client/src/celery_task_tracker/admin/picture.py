"""How many tasks ended how over time: the numbers of the page's picture."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any

from django.contrib.admin import ModelAdmin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.utils.translation import gettext as _

from ..recording import marks
from ..registration.resolution import Ref
from ..server.client import get_client
from ..server.query import Span
from .endpoint import Refusal, endpoint

#: The most buckets of a picture, as of the module.
MOST_BUCKETS = 200

#: The longest number of a moment in unix milliseconds: it is in the year 5138.
LONGEST = 14

#: How many buckets before now are asked for one by one. The module takes a time in its future as
#: now, so a bucket whose end may be in the future by the module's clock must not set the others'.
UNSURE = 2


@dataclass(frozen=True)
class Frame:
    """A span of time in equal buckets, in unix milliseconds."""

    since: int
    length: int
    """The length of a bucket."""

    buckets: int

    @classmethod
    def of(cls, given: QueryDict) -> Frame:
        """The frame that a request asks for by ``since``, ``length`` and ``buckets``."""
        frame = cls(*(_whole(given, name) for name in ("since", "length", "buckets")))
        if not (frame.length > 0 and 0 < frame.buckets <= MOST_BUCKETS):
            raise Refusal(
                HTTPStatus.BAD_REQUEST,
                "bad-picture",
                _("length must be above 0, and buckets must be 1 to %(most)d.")
                % {"most": MOST_BUCKETS},
            )
        return frame

    @property
    def until(self) -> int:
        """Where the last bucket ends and the next one would begin."""
        return self.since + self.length * self.buckets

    def spans(self, now: int) -> Iterator[Span]:
        """The parts of the frame to ask for, up to the bucket that ``now`` is in."""
        begun = min(self.buckets, max(0, (now - self.since) // self.length + 1))
        sure = begun if self.until + UNSURE * self.length <= now else max(0, begun - UNSURE)
        if sure:
            yield Span(self.since, self.since + sure * self.length - 1, sure)
        for bucket in range(sure, begun):
            begin = self.since + bucket * self.length
            yield Span(begin, begin + self.length - 1)


@endpoint("GET", "view")
def picture(
    request: HttpRequest, obj: Model | None, ref: Ref, *, model_admin: ModelAdmin[Any]
) -> HttpResponse:
    """The tasks that were created in each bucket of a :class:`Frame`, by their states.

    Answers ``{"buckets": [{state: count}], "marks": [{"at", "text"}]}``. Costs two round trips.
    """
    frame = Frame.of(request.GET)
    spans = list(frame.spans(time.time_ns() // 1_000_000))
    replies = get_client().stats_within(ref, spans) if spans else []
    counts = [bucket["states"] for reply in replies for bucket in json.loads(reply)["buckets"]]
    counts += [{}] * (frame.buckets - len(counts))
    return JsonResponse(
        {
            "buckets": counts,
            "marks": [asdict(mark) for mark in marks.read(frame.since, frame.until - 1)],
        }
    )


def _whole(given: QueryDict, name: str) -> int:
    value = given.get(name, "")
    # isdecimal() accepts the digits of every script.
    if not (value.isascii() and value.isdecimal() and len(value) <= LONGEST):
        raise Refusal(
            HTTPStatus.BAD_REQUEST,
            "bad-number",
            _("%(name)s must be a whole number.") % {"name": name},
        )
    return int(value)
