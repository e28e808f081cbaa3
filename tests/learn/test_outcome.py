"""What is noticed while a reader's function runs."""

import numpy as np
import pytest

from minialexnet.backend import get_array_module
from minialexnet.learn import EXERCISES
from minialexnet.learn.outcome import NoResult, giving_arrays, is_unwritten, run

RELU = EXERCISES["relu_backward"]
DY, X = np.array([1.0, 2.0]), np.array([3.0, -4.0])


def test_arguments_are_copies_and_changes_are_named(xp):
    def clears(dy, x):
        assert get_array_module(dy, x) is xp
        dy[...] = 0
        print("cleared")
        return dy

    outcome = run(RELU, clears, (DY, X), xp)
    np.testing.assert_array_equal(DY, [1, 2])
    np.testing.assert_array_equal(outcome.results[0], [0, 0])
    assert (outcome.changed, outcome.printed) == (("dy",), "cleared\n")
    assert outcome.problem is None


def test_an_error_is_kept_with_its_line():
    outcome = run(RELU, lambda dy, x: dy.no_such_thing, (DY, X))
    assert outcome.results == ()
    assert "AttributeError" in outcome.problem and "dy.no_such_thing" in outcome.problem


def test_whole_numbers_are_noticed():
    multiply_adds = EXERCISES["multiply_adds"]
    assert run(multiply_adds, lambda *_: 3, ()).whole
    assert not run(multiply_adds, lambda *_: 3.0, ()).whole


def test_lists_become_arrays_of_the_module(xp):
    result = giving_arrays(RELU, lambda dy, x: [1, 2], xp)(DY, X)
    assert get_array_module(result) is xp and result.dtype == np.float64
    with pytest.raises(NoResult, match="no `return`"):
        giving_arrays(RELU, lambda dy, x: None, xp)(DY, X)


def documented(dy, x):
    """Only begun."""
    # your code
    ...


def passing(dy, x):
    pass


def raising(dy, x):
    raise NotImplementedError("soon")


@pytest.mark.parametrize("answer", [documented, passing, raising])
def test_what_is_still_to_be_written(answer):
    assert is_unwritten(answer)


@pytest.mark.parametrize("answer", [RELU.solution, len, np.add, lambda dy, x: dy])
def test_what_is_written(answer):
    assert not is_unwritten(answer)
