"""Cases and differences in words."""

import numpy as np
import pytest

from minialexnet.learn import EXERCISES
from minialexnet.learn.wording import PRINTED, count, describe, difference, few_lines, kind_of


def test_a_case_names_its_arguments():
    exercise = EXERCISES["relu_backward"]
    assert describe(exercise, (np.ones((3, 4, 5)), np.array([1e-7, 0.123456]))) == (
        "for dy of shape (3, 4, 5), x = [1e-07, 0.1235]"
    )
    squeezed = describe(exercise, (np.ones((1, 1, 2)), np.ones(1, np.float32)))
    assert squeezed == "for dy of shape (1, 1, 2) = [1.0, 1.0], x = [1.0] in float32"


def test_a_difference_is_one_of_shape_or_numbers():
    y = np.arange(30.0)
    assert difference("y", y, y[:3]) == "y has the shape (3,); expected (30,)"
    assert difference("y", y, y + (y == 7)) == (
        "y differs at 1 of 30 places, first at [7]: 8; expected 7"
    )
    assert difference("y", y[:2], y[:2] + 1) == "y is\n    [1. 2.]\nexpected\n    [0. 1.]"
    assert difference("the sum", np.array(1.0), np.array(1 + 1e-8)) == (
        "the sum is 1.00000001; expected 1"
    )


def test_long_texts_are_cut():
    assert few_lines("one\ntwo\n") == "    one\n    two"
    lines = few_lines("line\n" * (PRINTED + 3)).split("\n")
    assert (len(lines), lines[-1]) == (PRINTED + 1, "    ... (3 more lines)")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (count(1, "case"), "1 case"),
        (count(2, "case"), "2 cases"),
        (kind_of(np.ones(2)), "an array"),
        (kind_of([]), "a list"),
        (kind_of(1), "an int"),
    ],
)
def test_words(said, expected):
    assert said == expected
