"""Kernels compute what the array versions compute, and the tests would see it if they did not.

(All tests of operations, layers and training run on the kernels as well: backend "kernels".)
"""

import numpy as np
import pytest
from kernels_on_host import kernels_on_host
from strict import strict, to_strict

from minialexnet import ops
from minialexnet.backend import kernels
from minialexnet.ops import cuda

WINDOWS = ((3, 4), (2, 3), ((1, 0), (1, 0)))  # kernel, stride, padding


def im2col(x, dy):
    return ops.im2col(x, *WINDOWS)


def col2im(x, dy):
    return ops.col2im(ops.im2col(x, *WINDOWS), x.shape[2:], *WINDOWS[1:])


def max_pool2d(x, dy):
    return ops.max_pool2d(x, *WINDOWS)


def max_pool2d_backward(x, dy):
    y = ops.max_pool2d(x, *WINDOWS)
    return ops.max_pool2d_backward(dy[:, :, : y.shape[2], : y.shape[3]], x, y, *WINDOWS)


def lrn(x, dy):
    return ops.local_response_norm(x, 4, 0.1, 0.75, 2.0, 2)


def lrn_backward(x, dy):
    return ops.local_response_norm_backward(dy, x, 4, 0.1, 0.6, 2.0, 2)


def relu_backward(x, dy):
    return ops.relu_backward(dy, ops.relu(x))


OPERATIONS = [im2col, col2im, max_pool2d, max_pool2d_backward, lrn, lrn_backward, relu_backward]

FAULTS = [
    ("_im2col", "column >= 0", "column >= 1", im2col),
    ("_im2col", "column * sw + tap", "column * sh + tap", im2col),
    ("_im2col", "/ stride + 1", "/ stride + 2", col2im),
    ("_im2col", "position < kernel ?", "position <= kernel ?", col2im),
    ("_im2col", "count ? last : count - 1", "count + 1 ? last : count", col2im),
    ("_im2col", "pixel % columns", "pixel % rows", col2im),
    ("_pooling", "-INFINITE;\n        for", "0;\n        for", max_pool2d),
    ("_pooling", "before < own", "before < own - 1", max_pool2d_backward),
    ("_pooling", "sum += dy", "sum = dy", max_pool2d_backward),
    ("_lrn", "int below = size / 2, above = (size - 1) / 2;", "int below = 1, above = 1;", lrn),
    (
        "_lrn",
        "channel > above ? channel - above",
        "channel > below ? channel - below",
        lrn_backward,
    ),
    ("_lrn", "- 2 * alpha", "- alpha", lrn_backward),
    ("_lrn", "(REAL)0.75 ? 1", "(REAL)0.6 ? 1", lrn_backward),
    ("_activations", "y[i] > 0", "y[i] >= 0", relu_backward),
]


def both(operation) -> tuple[np.ndarray, np.ndarray]:
    """The result of the array version and of the kernel, for pixels with many ties."""
    rng = np.random.default_rng(0)
    x = rng.integers(-3, 3, (2, 6, 7, 8)) / 4
    x, dy = to_strict(x), to_strict(rng.standard_normal(x.shape))
    expected = operation(x, dy).get()
    with kernels_on_host(strict):
        return expected, operation(x, dy).get()


@pytest.mark.parametrize("index", kernels.INDEX.values())
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_kernel_is_its_array_version(monkeypatch, operation, index):
    if index == "long long":
        monkeypatch.setattr(kernels, "MOST_SHORT", 0)
    expected, result = both(operation)
    np.testing.assert_allclose(result, expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize(("name", "right", "wrong", "operation"), FAULTS)
def test_a_fault_in_a_kernel_is_seen(monkeypatch, name, right, wrong, operation):
    source = getattr(cuda, name).source
    assert right in source
    faulty = object.__new__(type(getattr(cuda, name)))
    faulty.source, faulty._compiled = source.replace(right, wrong), {}
    monkeypatch.setattr(cuda, name, faulty)
    expected, result = both(operation)
    assert not np.allclose(result, expected)
