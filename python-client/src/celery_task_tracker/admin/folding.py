"""Error messages without what differs between two failures of one cause."""

from __future__ import annotations

import re
from functools import lru_cache

#: What stands for each part that was folded.
FOLDED = "…"

#: How many characters of a message are read, and how many of a folded one are kept.
READ, KEPT = 500, 200

#: A quotation that is not closed within so many characters goes to the end of the message.
UNCLOSED = 100

#: Opening and closing marks that differ from each other: those of most European languages.
MARKS = (("“", "”"), ("„", "“"), ("‘", "’"), ("«", "»"), ("‹", "›"))  # noqa: RUF001

QUOTED = re.compile(
    # An apostrophe within a word opens and closes nothing. Python writes bytes as b'…'.
    rf"""(?<!\w)[bru]{{0,2}}(?P<mark>["'`])(?:.*?(?P=mark)(?!\w)|(?=.{{{UNCLOSED}}}).*\Z)"""
    + "".join(rf"|{opening}[^{closing}]*{closing}" for opening, closing in MARKS),
    re.DOTALL,
)

#: A date with a time of day, before its parts look like an identifier.
MOMENT = re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d[\d:.,]*(?:Z\b|[+-]\d\d:?\d\d)?")

# Repetitions are bounded: a message of any content is folded in time that grows with its length.
ADDRESS = re.compile(
    r"\b[a-z][a-z0-9+.-]{0,20}://[^\s'\")>\]]+"  # a URL
    r"|[\w.+-]{1,64}@[\w.-]+\b"  # an e-mail address, a worker
    r"|\b0x[0-9a-f]+\b"  # a place in memory
    # IPv6, in full or with its zeros left out
    r"|(?<![\w:])(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}(?![\w:])"
    r"|(?<![\w:])(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)?::(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)?(?![\w:])",
    re.IGNORECASE,
)

#: A UUID, a hash, and other long words with digits, such as cus_Nf83kd02kfQ1.
IDENTIFIER = re.compile(
    r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b"
    r"|\b(?=[a-f]{0,40}[0-9])[0-9a-f]{7,}\b"
    r"|\b(?=[\w-]{0,40}[0-9])(?=[\w-]{0,40}[a-z])[\w-]{12,}\b",
    re.IGNORECASE,
)

#: With a sign, a fraction, an exponent; a date, a time, a version, an IP address with its port.
NUMBER = re.compile(r"(?:(?<![\w.])[+-])?\d+(?:[.,:/T+-]\d+)*(?:e[+-]?\d+)?(?:Z\b)?", re.IGNORECASE)

#: Several in a row count as one: there may be more of them the next time.
SEVERAL = re.compile(rf"""(["'`]?{FOLDED}["'`]?)(?:(?:\s*[,;]\s*|\s+)\1)+""")


@lru_cache(maxsize=4096)
def folded(message: str) -> str:
    """``message`` with ``…`` for numbers, ids, quoted text and addresses, on one line.

    >>> folded("Order 1042 has no wallet 'ada@mail.example'")
    "Order … has no wallet '…'"
    """
    text = QUOTED.sub(_quotation, message[:READ])
    for pattern in (MOMENT, ADDRESS, IDENTIFIER, NUMBER):
        text = pattern.sub(FOLDED, text)
    return SEVERAL.sub(r"\1", " ".join(text.split()))[:KEPT]


def _quotation(found: re.Match[str]) -> str:
    mark = found["mark"]
    return f"{mark}{FOLDED}{mark}" if mark else f"“{FOLDED}”"
