"""Rows are true classes, columns are answers."""

import numpy as np

from minialexnet.report.confusion import confusion_matrix, most_confused

LABELS = np.array([0, 0, 0, 1, 2, 2])
ANSWERS = np.array([0, 2, 2, 1, 1, 2])


def test_counts_of_each_pair():
    matrix = confusion_matrix(LABELS, ANSWERS, 4)
    assert matrix.tolist() == [[1, 0, 2, 0], [0, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]]


def test_of_a_thousand_classes_it_is_the_plain_count(rng):
    labels, answers = rng.integers(0, 1000, (2, 5000))
    matrix = confusion_matrix(labels, answers, 1000)
    expected = np.zeros((1000, 1000), int)
    np.add.at(expected, (labels, answers), 1)
    np.testing.assert_array_equal(matrix, expected)


def test_the_most_frequent_errors_come_first_and_right_answers_are_none():
    assert most_confused(LABELS, ANSWERS, 10) == [(0, 2, 2), (2, 1, 1)]
    assert most_confused(LABELS, ANSWERS, 1) == [(0, 2, 2)]
    assert most_confused(LABELS, LABELS, 10) == []


def test_there_may_be_more_classes_than_a_table_of_them_has_room_for():
    assert most_confused(LABELS + 10**6, ANSWERS, 1) == [(10**6, 2, 2)]
