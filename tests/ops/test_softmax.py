"""Softmax cross-entropy is -log of the true class's share, also where the exponential overflows."""

import math
import warnings

import numpy as np
import pytest

from minialexnet.errors import InputError
from minialexnet.ops import (
    log_softmax,
    softmax,
    softmax_cross_entropy,
    softmax_cross_entropy_backward,
)


def cross_entropy_by_loops(logits, labels, smoothing):
    """The mean over the pictures of -sum of target * log p, and its gradient, number by number."""
    n, classes = logits.shape
    loss, gradient = 0.0, np.zeros_like(logits)
    for i in range(n):
        total = sum(math.exp(z) for z in logits[i])
        for c in range(classes):
            p = math.exp(logits[i, c]) / total
            target = smoothing / classes + (1 - smoothing) * (c == labels[i])
            loss -= target * math.log(p) / n
            gradient[i, c] = (p - target) / n
    return loss, gradient


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
@pytest.mark.parametrize("shape", [(1, 2), (4, 7), (5, 3)])
def test_values_and_gradients_are_those_of_the_definition(backend, dtype, rng, shape, smoothing):
    logits, labels = 3 * rng.standard_normal(shape), rng.integers(0, shape[1], shape[0])
    loss, gradient = cross_entropy_by_loops(logits, labels, smoothing)
    logits, labels = backend.put(logits, dtype), backend.put(labels)
    ours, p = softmax_cross_entropy(logits, labels, smoothing)
    backend.check(ours, loss, dtype)
    backend.check(p.sum(axis=1), np.ones(shape[0]), dtype)
    for dloss in (1.0, -2.5):
        back = softmax_cross_entropy_backward(dloss, p, labels, smoothing)
        backend.check(back, dloss * gradient, dtype)


def test_log_softmax_is_its_definition_for_logits_of_any_size(backend, dtype, rng):
    z = rng.standard_normal((2, 5, 7))
    expected = np.log(np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True))
    backend.check(log_softmax(backend.put(z, dtype)), expected, dtype)
    far = backend.put([[0.0, -1e4, -2e4]], dtype)
    backend.check(log_softmax(far), [[0, -1e4, -2e4]], dtype)


def test_softmax_is_its_definition(backend, dtype, rng):
    z = rng.standard_normal((2, 3, 4))
    expected = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    backend.check(softmax(backend.put(z, dtype)), expected, dtype)


@pytest.mark.parametrize(("label", "loss"), [(0, 0.0), (1, 1e4), (2, 2e4)])
def test_logits_of_ten_thousand_do_not_overflow(backend, dtype, label, loss):
    logits, labels = backend.put(np.array([[1e4, 0, -1e4]]), dtype), backend.put([label])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours, p = softmax_cross_entropy(logits, labels)
        back = softmax_cross_entropy_backward(1.0, p, labels)
    backend.check(ours, loss, dtype)
    backend.check(p, [[1, 0, 0]], dtype)
    backend.check(softmax(logits), [[1, 0, 0]], dtype)
    backend.check(back, np.array([[1.0, 0, 0]]) - np.eye(3)[[label]], dtype)


def test_equal_logits_cost_the_logarithm_of_the_number_of_classes(backend, dtype):
    logits, labels = backend.put(np.full((2, 10), -1e4), dtype), backend.put([3, 9])
    for smoothing in (0.0, 0.1):
        loss, _ = softmax_cross_entropy(logits, labels, smoothing)
        backend.check(loss, math.log(10), dtype)


@pytest.mark.parametrize("kind", ["uint8", "int32", "int64"])
def test_labels_may_be_whole_numbers_of_any_size(backend, rng, kind):
    logits, labels = rng.standard_normal((4, 3)), np.array([2, 0, 1, 2])
    expected, _ = cross_entropy_by_loops(logits, labels, 0.0)
    loss, _ = softmax_cross_entropy(backend.put(logits), backend.put(labels.astype(kind)))
    backend.check(loss, expected, "float64")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 3], "labels run from 0 to 3; expected 0 to 2, since there are 3 classes"),
        ([-1, 2], "labels run from -1 to 2; expected 0 to 2"),
    ],
)
def test_labels_out_of_range_are_refused_where_the_host_can_see_them(labels, message):
    with pytest.raises(InputError, match=message):
        softmax_cross_entropy(np.zeros((2, 3), np.float32), np.array(labels))


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        (np.zeros((2, 3)), np.zeros(3, int), r"logits have shape \(2, 3\) and labels \(3,\)"),
        (np.zeros((2, 3)), np.zeros((2, 3), int), r"labels \(2, 3\); expected"),
        (np.zeros(3), np.zeros(3, int), r"logits have shape \(3,\)"),
        (np.zeros((2, 3)), np.zeros(2), "labels are of dtype float64; expected whole numbers"),
        (np.zeros((2, 3)), np.zeros(2, bool), "labels are of dtype bool"),
    ],
)
def test_shapes_and_dtypes_that_do_not_fit_are_refused(backend, logits, labels, message):
    with pytest.raises(InputError, match=message):
        softmax_cross_entropy(backend.put(logits), backend.put(labels))


@pytest.mark.parametrize("function", [softmax, log_softmax])
def test_logits_of_bytes_are_refused(function):
    """1 less than 0 would be 255."""
    with pytest.raises(InputError, match=r"logits is uint8; expected floats: .*astype"):
        function(np.array([2, 1], "uint8"))
