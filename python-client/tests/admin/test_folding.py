"""What is folded in an error message, so that failures of one cause have one message."""

import pytest

from celery_task_tracker.admin.folding import KEPT, folded


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        # Numbers
        ("Order 1042 has no wallet", "Order … has no wallet"),
        ("took 1.5s, 200ms allowed", "took …s, …ms allowed"),
        ("50% of -3.5e-10", "…% of …"),
        ("line 3, column 14.", "line …, column …."),
        ("1,042 rows", "… rows"),
        ("pages 1-2", "pages …"),
        ("سفارش ۱۲۳ نیست", "سفارش … نیست"),
        # Moments
        ("at 2024-05-01T12:00:00.123+00:00 it", "at … it"),
        ("at 2024-05-01 12:00:00", "at …"),
        ("due 2024-05-01", "due …"),
        ("closed at 12:30", "closed at …"),
        # Ids
        ("order 550e8400-e29b-41d4-a716-446655440000", "order …"),
        ("commit a1b2c3d is missing", "commit … is missing"),
        ("commit 1234567 is missing", "commit … is missing"),
        ("cus_Nf83kd02kfQ1 unknown", "… unknown"),
        # Addresses
        ("<Foo object at 0x7f3c2a>", "<Foo object at …>"),
        ("refused by 10.0.0.1:6379", "refused by …"),
        ("refused by ::1", "refused by …"),
        ("refused by fe80:0:0:0:1:2:3:4", "refused by …"),
        ("no mail to ada.l+x@mail.example!", "no mail to …!"),
        ("see https://x.example/a?b=c, please", "see … please"),
        ("redis://:word@host:6379/0 is away", "… is away"),
        # Quoted text
        ("name 'foo' is not defined", "name '…' is not defined"),
        ('"a" is not "b"', '"…" is not "…"'),
        ("b'\\x00' is no text", "'…' is no text"),
        ("it's the user's key that can't be read", "it's the user's key that can't be read"),
        ("'it's'", "'…'"),
        ("he said \"it's 'odd'\" twice", 'he said "…" twice'),
        ("«سلام» and “hello”", "“…” and “…”"),
        ("Invalid JSON: '" + "{1" * 200, "Invalid JSON: '…'"),
        # Several in a row are as one
        ("ids 1, 2, 3 missing", "ids … missing"),
        ("ids 7 missing", "ids … missing"),
        ("not among ['a', 'b', 'c']", "not among ['…']"),
        # What stays
        ("List index out of range", "List index out of range"),
        ("std::vector failed", "std::vector failed"),
        ("celery-worker-eastern", "celery-worker-eastern"),
        ("two\n  lines\t", "two lines"),
        ("", ""),
    ],
)
def test_what_differs_between_two_failures_of_one_cause_is_folded(message, expected):
    assert folded(message) == expected


def test_what_is_folded_is_short():
    assert len(folded("no wallet, " * 1000)) == KEPT
    assert folded("x" * 5000) == folded("x" * 4000)


def test_what_is_folded_folds_to_itself():
    for message in ("Order 1042 has no wallet 'a'", "ids 1, 2", "at 0x7f by ada@mail.example"):
        assert folded(folded(message)) == folded(message)


def test_every_message_is_folded_at_once():
    """With an expression that tries everything, one of these would take hours."""
    for each in ("'a ", '"', "a", "a@", ":", "a:", "1.1.", "-", "a-", "… ", "0", "x://", "a1-"):
        assert len(folded(each * 300_000)) <= KEPT
