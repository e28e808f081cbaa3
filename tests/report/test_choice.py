"""Pictures are chosen by rule."""

import numpy as np
import pytest

from minialexnet.report.choice import (
    confidently_wrong,
    one_of_each_class,
    spread,
    typical_right,
)


@pytest.mark.parametrize(
    ("count", "most", "chosen"),
    [(0, 3, []), (2, 3, [0, 1]), (3, 3, [0, 1, 2]), (11, 3, [0, 5, 10]), (10, 4, [0, 3, 6, 9])],
)
def test_positions_are_spread_evenly(count, most, chosen):
    assert spread(count, most).tolist() == chosen


def test_many_positions_are_all_different():
    assert len(np.unique(spread(10_001, 10_000))) == 10_000


def test_the_middle_picture_of_each_class():
    labels = np.array([2, 0, 0, 0, 2, 2, 7])
    assert one_of_each_class(labels, 5).tolist() == [2, 4, 6]
    assert one_of_each_class(labels, 2).tolist() == [2, 6]


SHARES = np.array(
    [
        [0.9, 0.1, 0.0],  # right
        [0.5, 0.4, 0.1],  # right
        [0.7, 0.2, 0.1],  # right, the median of its class
        [0.6, 0.3, 0.1],  # wrong: it is 1
        [0.0, 0.1, 0.9],  # wrong: it is 1
        [0.1, 0.2, 0.7],  # right
    ]
)
LABELS = np.array([0, 0, 0, 1, 1, 2])


def test_typical_is_the_right_answer_of_median_confidence():
    assert typical_right(SHARES, LABELS, 8).tolist() == [2, 5]  # class 1 has none
    assert typical_right(SHARES, LABELS, 1).tolist() == [2]


def test_the_surest_of_the_wrong_answers_come_first():
    assert confidently_wrong(SHARES, LABELS, 8).tolist() == [4, 3]
    assert confidently_wrong(SHARES, LABELS, 1).tolist() == [4]


def test_there_may_be_none_of_either():
    assert typical_right(SHARES, np.array([1, 1, 1, 1, 1, 0]), 8).tolist() == []
    assert confidently_wrong(SHARES, SHARES.argmax(axis=1), 8).tolist() == []
