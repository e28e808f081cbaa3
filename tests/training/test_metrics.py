"""Errors are counted as defined, also among equal logits and where there is no number."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minialexnet.training import Tally
from minialexnet.training.metrics import TOP_K, hits


def hits_by_sorting(logits, labels, k):
    """Classes in order of falling logits, the first of equal ones first; the first k count."""
    count = 0
    for row, label in zip(logits, labels, strict=True):
        order = sorted(range(len(row)), key=lambda c: (-row[c], c))
        count += label in order[:k]
    return count


@given(
    n=st.integers(1, 8), classes=st.integers(2, 7), k=st.integers(1, 9), seed=st.integers(0, 999)
)
def test_hits_are_those_of_the_definition_also_among_ties(n, classes, k, seed):
    rng = np.random.default_rng(seed)
    logits = rng.integers(0, 4, (n, classes)).astype("float32")
    labels = rng.integers(0, classes, n)
    assert hits(logits, labels, k) == hits_by_sorting(logits, labels, k)


def test_equal_logits_are_no_better_than_chance():
    labels = np.repeat(np.arange(10), 3)
    assert hits(np.zeros((30, 10)), labels, 1) == 3
    assert hits(np.zeros((30, 10)), labels, 5) == 15


def test_more_guesses_than_classes_are_always_right():
    assert hits(np.eye(3), np.array([2, 0, 1]), 5) == 3


@pytest.mark.parametrize("k", [1, TOP_K, 20])
def test_logits_that_are_no_numbers_are_never_right(k):
    labels = np.arange(10)
    assert hits(np.full((10, 10), np.nan), labels, k) == 0
    true_only = np.zeros((10, 10))
    true_only[labels, labels] = np.nan
    assert hits(true_only, labels, k) == 0


def test_a_class_that_is_no_number_counts_as_larger():
    logits = np.array([[3.0, np.nan, 1.0]])
    assert hits(logits, np.array([0]), 1) == 0
    assert hits(logits, np.array([0]), 2) == 1


def test_infinite_logits_are_compared_as_they_are():
    logits = np.array([[np.inf, 0.0], [-np.inf, 0.0]])
    assert hits(logits, np.array([0, 0]), 1) == 1


class TestTally:
    def test_sums_over_batches_of_different_size(self, backend, rng):
        tally, losses, top1, top5 = Tally(), [], 0, 0
        for n in (5, 8, 1):
            logits, labels = rng.standard_normal((n, 9)), rng.integers(0, 9, n)
            loss = float(rng.uniform(0, 3))
            tally.add(loss, backend.put(logits, "float32"), backend.put(labels))
            losses += [loss] * n
            top1 += hits_by_sorting(logits, labels, 1)
            top5 += hits_by_sorting(logits, labels, 5)
        assert tally.pictures == 14
        assert tally.loss == pytest.approx(np.mean(losses))
        assert (tally.top1, tally.top5) == (top1, top5)
        assert tally.top1_error == 1 - top1 / 14
        assert tally.top5_error == 1 - top5 / 14

    def test_labels_on_the_host_serve_logits_of_any_backend(self, backend, rng):
        tally = Tally()
        tally.add(1.0, backend.put(np.eye(3), "float32"), np.arange(3))
        assert tally.top1 == 3

    def test_without_pictures_there_is_no_division_by_zero(self):
        assert (Tally().loss, Tally().top1_error, Tally().top5_error) == (0, 1, 1)

    def test_goes_on_from_its_state(self, rng):
        logits, labels = rng.standard_normal((6, 4)), rng.integers(0, 4, 6)
        whole, first = Tally(), Tally()
        first.add(0.7, logits, labels)
        second = Tally(**first.state())
        for tally in (whole, second):
            if tally is whole:
                tally.add(0.7, logits, labels)
            tally.add(0.2, logits[::-1], labels)
        assert second == whole

    def test_its_state_is_made_of_plain_numbers(self, backend, rng):
        tally = Tally()
        tally.add(0.5, backend.put(rng.standard_normal((4, 6)), "float32"), np.arange(4))
        assert {type(value) for value in tally.state().values()} == {int, float}
