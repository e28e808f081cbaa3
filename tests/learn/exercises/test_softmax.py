"""Notebook 7's exercises: what is right is accepted, and what is wrong gets the fitting hint."""

import numpy as np
import pytest

from learn.exercises.answers import refused
from minialexnet import learn, ops
from minialexnet.learn.exercises import softmax
from minialexnet.learn.judge import SEED


class TestSolutions:
    def test_is_the_librarys_operation(self):
        rng = np.random.default_rng(SEED)
        for (z,) in learn.exercise("log_softmax").cases(rng):
            np.testing.assert_allclose(softmax.log_softmax(z), ops.log_softmax(z), rtol=1e-12)
        for logits, labels in learn.exercise("cross_entropy").cases(rng):
            loss, p = ops.softmax_cross_entropy(logits, labels)
            gradient = ops.softmax_cross_entropy_backward(1.0, p, labels)
            assert softmax.cross_entropy(logits, labels) == pytest.approx(loss, rel=1e-12)
            ours = softmax.softmax_cross_entropy_backward(logits, labels)
            np.testing.assert_allclose(ours, gradient, rtol=1e-12, atol=1e-15)


def log_softmax_by_loops(z):
    result = np.zeros(z.shape)
    for n, row in enumerate(z):
        largest = max(row)
        total = sum(np.exp(value - largest) for value in row)
        for c, value in enumerate(row):
            result[n, c] = value - largest - np.log(total)
    return result


def log_softmax_by_logaddexp(z):
    return z - np.logaddexp.reduce(z, axis=1)[:, None]


def log_softmax_transposed(z):
    z = z.T - z.T.max(0)
    return (z - np.log(np.exp(z).sum(0))).T


def cross_entropy_by_loops(logits, labels):
    total = 0.0
    for row, label in zip(logits, labels, strict=True):
        total += np.logaddexp.reduce(row) - row[label]
    return float(total / len(labels))


def cross_entropy_with_a_target(logits, labels):
    target = np.eye(logits.shape[1])[labels]
    return -(target * log_softmax_by_logaddexp(logits)).sum() / len(logits)


def backward_with_a_target(logits, labels):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    return (p - np.eye(logits.shape[1])[labels]) / logits.shape[0]


def backward_by_loops(logits, labels):
    result = np.empty(logits.shape)
    for n, row in enumerate(logits):
        e = np.exp(row - row.max())
        for c in range(len(row)):
            result[n, c] = (e[c] / e.sum() - (c == labels[n])) / len(logits)
    return result


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("log_softmax", log_softmax_by_loops),
        ("log_softmax", log_softmax_by_logaddexp),
        ("log_softmax", log_softmax_transposed),
        ("cross_entropy", cross_entropy_by_loops),
        ("cross_entropy", cross_entropy_with_a_target),
        ("softmax_cross_entropy_backward", backward_with_a_target),
        ("softmax_cross_entropy_backward", backward_by_loops),
    ],
)
def test_other_ways_to_write_it_are_right(name, answer):
    verdict = learn.check(name, answer)
    assert verdict.ok, verdict


def a_share_first(z):
    e = np.exp(z)
    return np.log(e / e.sum(axis=1, keepdims=True))


def stable_share_first(z):
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return np.log(e / np.sum(e, axis=1, keepdims=True))


def largest_of_all(z):
    z = z - np.max(z)
    return z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))


def sum_of_all(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum())


def sum_over_axis_0(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=0))


def without_keepdims(z):
    z = z - z.max(axis=1)
    return z - np.log(np.exp(z).sum(axis=1))


def to_base_2(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log2(e.sum(axis=1, keepdims=True))


def with_a_small_number(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return np.log(e / e.sum(axis=1, keepdims=True) + 1e-7)


def in_place(z):
    z -= z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def scipys_way_half_done(z):
    top = z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z - top).sum(axis=1, keepdims=True))


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (a_share_first, "e^z is infinite"),
        (stable_share_first, "logarithm is taken of a share that has become 0"),
        (largest_of_all, "maximum is taken over the whole array"),
        (sum_of_all, "sum goes over the whole array"),
        (sum_over_axis_0, "sum goes over the pictures"),
        (without_keepdims, "keepdims=True keeps"),
        (to_base_2, "base 2"),
        (with_a_small_number, "small number is added"),
        (in_place, "Work on a copy of z"),
        (scipys_way_half_done, "not from z itself"),
        (lambda z: np.exp(log_softmax_by_logaddexp(z)), "shares themselves"),
        (lambda z: -log_softmax_by_logaddexp(z), "sign"),
        (lambda z: log_softmax_by_logaddexp(z).sum(axis=1), "shape"),
    ],
)
def test_wrong_log_softmax(answer, word):
    verdict = learn.check("log_softmax", answer)
    assert not verdict.ok
    assert word in str(verdict)


def as_a_book_writes_it(logits, labels):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return -np.sum(np.log(p[np.arange(len(labels)), labels] + 1e-7)) / len(labels)


def log_p(logits):
    z = logits - logits.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def of_zero(logits, labels):
    return -np.mean(np.log(np.exp(log_p(logits))[range(len(labels)), labels]))


def one_hot_mean(logits, labels):
    target = np.eye(logits.shape[1])[labels]
    return -(target * log_p(logits)).mean()


def of_yes_or_no(logits, labels):
    t, p = np.eye(logits.shape[1])[labels], np.exp(log_p(logits))
    true = log_p(logits)[np.arange(len(labels)), labels].sum()
    return -(true + ((1 - t) * np.log(1 - p)).sum()) / len(logits)


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (as_a_book_writes_it, "small number is added"),
        (of_zero, "has become 0"),
        (one_hot_mean, "divided by the number of classes"),
        (of_yes_or_no, "yes-or-no"),
        (lambda z, y: -log_p(z)[range(len(y)), y].sum(), "take the mean"),
        (lambda z, y: log_p(z)[range(len(y)), y].mean(), "a loss is positive"),
        (lambda z, y: -log_p(z)[:, y].mean(), "columns of all labels"),
        (lambda z, y: -log_p(z)[range(len(y)), y], "one loss for each picture"),
        (lambda z, y: -log_p(z)[range(len(y)), y].mean() / np.log(2), "base 2"),
        (lambda z, y: -log_p(z)[range(len(y)), y].mean() / np.log(10), "base 10"),
        (lambda z, y: -np.max(log_p(z), axis=1).mean(), "best-rated"),
        (lambda z, y: 1 - np.exp(log_p(z))[range(len(y)), y].mean(), "logarithm is missing"),
    ],
)
def test_wrong_cross_entropy(answer, word):
    refused("cross_entropy", answer, word)


def share(z, axis=1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def without_the_maximum(logits, labels):
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1
    return p / len(labels)


def all_rows_all_labels(logits, labels):
    p = share(logits)
    p[:, labels] -= 1
    return p / len(labels)


def rows_and_columns(logits, labels):
    p = share(logits)
    p[labels, np.arange(len(labels))] -= 1
    return p / len(labels)


def not_divided(logits, labels):
    p = share(logits)
    p[np.arange(len(labels)), labels] -= 1
    return p


def divided_too_early(logits, labels):
    p = share(logits) / len(logits)
    p[np.arange(len(labels)), labels] -= 1
    return p


def mean_of_all(logits, labels):
    return (share(logits) - np.eye(logits.shape[1])[labels]) / logits.size


def only_the_label(logits, labels):
    result = np.zeros_like(logits)
    rows = np.arange(len(labels))
    result[rows, labels] = share(logits)[rows, labels] - 1
    return result / len(labels)


def of_the_shares(logits, labels):
    result = np.zeros_like(logits)
    rows = np.arange(len(labels))
    result[rows, labels] = -1 / share(logits)[rows, labels]
    return result / len(labels)


def from_shares(p):
    """The gradient that follows from shares."""
    return lambda logits, labels: (p(logits) - np.eye(logits.shape[1])[labels]) / len(logits)


def e(z, largest):
    return np.exp(z - largest)


def sum_without_keepdims(z):
    powers = e(z, z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1)


def sum_over_everything(z):
    powers = e(z, z.max(axis=1, keepdims=True))
    return powers / powers.sum()


def into_the_logits(logits, labels):
    logits -= logits.max(axis=1, keepdims=True)
    return not_divided(logits, labels) / len(labels)


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (without_the_maximum, "e^z is infinite"),
        (all_rows_all_labels, "columns of all labels"),
        (rows_and_columns, "[label, picture]"),
        (not_divided, "mean is forgotten"),
        (divided_too_early, "before the 1 is subtracted"),
        (mean_of_all, "N * C"),
        (only_the_label, "Only the true class"),
        (of_the_shares, "with respect to the shares"),
        (into_the_logits, "Work on a copy of logits"),
        (lambda z, y: share(z) / len(z), "not subtracted"),
        (lambda z, y: (share(z) - 1) / len(z), "subtracted everywhere"),
        (lambda z, y: -not_divided(z, y) / len(z), "sign"),
        (from_shares(lambda z: share(z, 0)), "exchanged"),
        (from_shares(lambda z: e(z, z.max(0)) / e(z, z.max(0)).sum(1)[:, None]), "over the pict"),
        (from_shares(lambda z: e(z, z.max(1)) / e(z, z.max(1)).sum(1)[:, None]), "keepdims=True"),
        (from_shares(lambda z: e(z, z.max(1)) / e(z, z.max(1)).sum(1)), "keepdims=True"),
        (from_shares(lambda z: e(z, z.max()) / e(z, z.max()).sum()), "over the whole array"),
        (from_shares(sum_without_keepdims), "keepdims=True"),
        (from_shares(sum_over_everything), "over the whole array"),
    ],
)
def test_wrong_backward(answer, word):
    refused("softmax_cross_entropy_backward", answer, word)
