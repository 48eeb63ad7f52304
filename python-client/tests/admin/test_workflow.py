"""The tree of tasks that belong together, whatever ids somebody has published them with."""

import random

import pytest

from celery_task_tracker.admin.workflow import DEEPEST, MOST_ROWS, relatives, rows


def task(task_id, parent="", root="", group="", state="SUCCESS", at=0, chord=""):
    ids = {
        "parent_id": parent,
        "root_id": root or task_id,
        "group_id": group,
        "chord_id": chord,
    }
    record = {"id": task_id, "name": f"shop.{task_id}", "state": state, "created_at": at}
    return record | {name: value for name, value in ids.items() if value}


def drawn(*records, shown="a"):
    """The tree as text: indented by the levels, ``>`` before what follows."""
    return drawn_rows(rows(relatives(records, shown), shown))


def drawn_rows(found):
    """As :func:`drawn`."""
    lines = []
    for row in found:
        text = row.get("id")
        if "group" in row:
            text = f"({row['group']}: {row['done']}/{row['total']}, {row['failed']} failed)"
        elif "more" in row:
            text = f"{row['more']} more"
        lines.append("  " * row["level"] + ("> " if row.get("follows") else "") + text)
    return lines


def test_only_what_is_connected_belongs_together():
    records = [
        task("a", group="g"),
        task("b", group="g"),
        task("b2", parent="b", root="b"),
        task("with-no-parent-here", parent="elsewhere", root="b"),
        task("other"),
        task("other-group", group="h"),
    ]
    found = relatives(records, "a")
    assert {each["id"] for each in found} == {"a", "b", "b2", "with-no-parent-here"}
    assert relatives(records, "other") == [records[4]]
    assert relatives(records, "gone") == []


def test_the_steps_of_a_chain_follow_each_other_on_one_level():
    chain = [task("a"), task("b", "a", "a", at=1), task("c", "b", "a", at=2)]
    assert drawn(*reversed(chain)) == ["a", "> b", "> c"]


def test_what_a_task_sends_is_below_it():
    assert drawn(
        task("a"), task("b", "a", "a", at=1), task("b2", "b", "a", at=3), task("c", "a", "a", at=2)
    ) == ["a", "  b", "  > b2", "  c"]


def test_a_group_says_how_far_it_is():
    assert drawn(
        task("a", group="g"),
        task("b", group="g", state="STARTED", at=1),
        task("c", group="g", state="FAILURE", at=2),
        task("d", group="g", state="REVOKED", at=3),
    ) == ["(g: 3/4, 1 failed)", "  a", "  b", "  c", "  d"]


def test_the_body_of_a_chord_follows_its_group():
    members = [task(name, group="g", chord="body", at=at) for at, name in enumerate("abc")]
    body = task("body", "c", "c", "g", at=5)
    after = task("after", "body", "c", at=6)
    drawing = ["(g: 3/3, 0 failed)", "  a", "  b", "  c", "> body", "> after"]
    assert drawn(*members, body, after) == drawing


def test_a_group_in_the_middle_of_a_chain():
    members = [task(name, "a", "a", "g", chord="body", at=at) for at, name in enumerate("xyz", 1)]
    # Celery before 5.6 does not give it the group.
    body = task("body", "z", "a", at=5)
    assert drawn(task("a"), *members, body) == (
        ["a", "> (g: 3/3, 0 failed)", "  x", "  y", "  z", "> body"]
    )


def test_a_group_of_chains_keeps_each_chain_together():
    assert drawn(
        task("a"),
        task("a2", "a", "a", "g", at=2),
        task("b", at=1),
        task("b2", "b", "b", "g", state="PENDING", at=3),
    ) == ["(g: 3/4, 0 failed)", "  a", "  > a2", "  b", "  > b2"]


def test_the_body_of_a_chord_of_chains():
    steps = [task("a"), task("a2", "a", "a", "g", chord="body", at=2), task("b", at=1)]
    last = task("b2", "b", "b", "g", chord="body", at=3)
    body = task("body", "a2", "a", "g", at=4)
    drawing = ["(g: 4/4, 0 failed)", "  a", "  > a2", "  b", "  > b2", "> body"]
    assert drawn(*steps, last, body) == drawing


def test_the_body_of_a_group_that_is_not_here_stays_below_its_member():
    member = task("a", group="g", chord="body")
    assert drawn(member, task("body", "a", "a", "g", at=1)) == ["a", "> body"]
    assert drawn(member, task("body", "elsewhere", "b", at=1)) == ["a", "> body"]


@pytest.mark.parametrize(
    ("records", "drawing"),
    [
        ([task("a", parent="a")], ["a"]),
        ([task("a", "b"), task("b", "a", at=1)], ["a", "> b"]),
        ([task("a", "c"), task("b", "a", at=1), task("c", "b", at=2)], ["a", "> b", "> c"]),
        ([task("b", "a"), task("a", "b", at=1), task("c", "a", at=2)], ["b", "> a", "> c"]),
        ([task("a", "b", group="g"), task("b", "a", group="g", at=1)], ["a", "> b"]),
        ([task("a", "a", "a", "a", chord="a")], ["a"]),
        ([task("a", chord="b"), task("b", chord="a", at=1)], ["a", "> b"]),
        ([task("a", at="soon"), task("b", "a", at=None)], ["a", "> b"]),
    ],
)
def test_cycles_and_nonsense_end(records, drawing):
    assert drawn(*records) == drawing


@pytest.mark.parametrize("seed", range(60))
def test_every_task_is_shown_once_whatever_the_ids_say(seed):
    chance = random.Random(seed)
    ids = [f"t{number}" for number in range(chance.randint(1, 25))]
    records = [
        task(
            task_id,
            chance.choice([*ids, "", "elsewhere"]),
            chance.choice([ids[0], ids[0], task_id]),
            chance.choice(["", "g", "h"]),
            chance.choice(["STARTED", "SUCCESS", "FAILURE"]),
            chance.randint(0, 3),
            chance.choice([*ids, "", "", "elsewhere"]),
        )
        for task_id in ids
    ]
    members = relatives(records, ids[0])
    found = rows(members, ids[0])
    assert sorted(row["id"] for row in found if "id" in row) == sorted(
        each["id"] for each in members
    )
    assert all(0 <= row["level"] <= DEEPEST for row in found)


def test_a_chain_of_200_is_a_list_and_one_of_2000_is_cut_around_the_task_that_is_shown():
    def chain(length):
        return [task(f"t{n}", f"t{n - 1}" if n else "", "t0", at=n) for n in range(length)]

    assert len(drawn(*chain(200), shown="t150")) == 200
    drawing = drawn(*chain(2000), shown="t1000")
    assert len(drawing) == MOST_ROWS + 2
    assert drawing[0] == "875 more"
    assert "> t1000" in drawing
    assert drawing[-1] == "875 more"


def test_a_tree_is_no_deeper_than_can_be_read():
    records = [task("t0")]
    for number in range(1, 300):
        records.append(task(f"t{number}", f"t{number - 1}", "t0", at=number))
        records.append(task(f"s{number}", f"t{number - 1}", "t0", at=number))
    assert {row["level"] for row in rows(relatives(records, "t0"), "t0")} == set(range(6))


def test_of_a_wide_group_those_are_shown_that_tell_most_and_the_others_are_counted():
    records = [
        task(
            f"t{n:04d}",
            group="g",
            at=n,
            state="FAILURE" if n == 500 else "STARTED" if n > 990 else "SUCCESS",
        )
        for n in range(1000)
    ]
    drawing = drawn(*records, shown="t0700")
    assert drawing[0] == "(g: 991/1000, 1 failed)"
    assert drawing[-1] == "  970 more"
    assert len(drawing) == 32
    for name in ("t0000", "t0500", "t0700", "t0991", "t0999"):
        assert f"  {name}" in drawing
