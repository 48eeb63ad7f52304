import inspect

import pytest

from celery_task_tracker.registration.parameters import MOST_SHAPES, Parameters
from celery_task_tracker.registration.resolution import Call, Unresolvable


def parameters(function):
    return Parameters(inspect.signature(function))


@pytest.mark.parametrize(
    ("function", "call", "expected"),
    [
        (lambda a, b: 0, Call((1, 2), {}), 2),
        (lambda a, b: 0, Call((1,), {"b": 2}), 2),
        (lambda a, b=2: 0, Call((1,), {}), 2),
        (lambda a, b: 0, Call((1,), {}), None),
        (lambda a, *, b: 0, Call((1,), {"b": 2}), 2),
        (lambda a, *b: 0, Call((1, 2, 3), {}), 2),
        (lambda a, *b: 0, Call((1,), {}), None),
        (lambda a, **rest: 0, Call((1,), {"b": 2}), 2),
        (lambda a, **rest: 0, Call((1,), {}), None),
        (lambda b, /, **rest: 0, Call((2,), {"b": 3}), 2),
    ],
)
def test_an_argument_is_found_however_it_is_passed(function, call, expected):
    found = parameters(function)
    assert found.argument("b", call) == expected
    # And again, now that the shape of the call is known.
    assert found.argument("b", call) == expected


def test_calls_of_different_shapes_are_told_apart():
    found = parameters(lambda a, b=0, c=0: 0)
    assert found.argument("b", Call((1, 2), {})) == 2
    assert found.argument("b", Call((1,), {"b": 3})) == 3
    assert found.argument("b", Call((1,), {"c": 4})) == 0
    assert found.argument("c", Call((1,), {"c": 4})) == 4


def test_a_call_that_the_task_would_not_take_says_why():
    found = parameters(lambda a: 0)
    for _ in range(2):
        with pytest.raises(Unresolvable, match="too many positional arguments"):
            found.argument("a", Call((1, 2), {}))


def test_a_task_that_takes_anything_does_not_fill_the_memory_with_shapes():
    found = parameters(lambda a, **rest: 0)
    for number in range(MOST_SHAPES + 10):
        assert found.argument("a", Call((number,), {f"x{number}": 1})) == number
    assert len(found._getters) == MOST_SHAPES


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda a, b, c, d: 0, ("a", "b", "c")),
        (lambda a, *secrets, d: 0, ("a", "secrets", "secrets")),
        (lambda a, *, d: 0, ("a", "d")),
        (lambda a, b, c, d, *e: 0, ("a", "b", "c")),
    ],
)
def test_arguments_by_position_have_the_names_of_their_parameters(function, expected):
    assert parameters(function).names_by_position(3) == expected
