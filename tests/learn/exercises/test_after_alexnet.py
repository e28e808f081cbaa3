"""Right and wrong ways to write the exercises of notebook 14, as readers would write them."""

import math

import numpy as np
import pytest

from learn.exercises.answers import accepted, refused
from minialexnet import Conv2d, Sequential
from minialexnet.learn.exercises import after_alexnet


@pytest.mark.parametrize(
    ("kernel_sizes", "strides"),
    [([3, 3], [1, 1]), ([3, 2], [2, 1]), ([2, 3, 3], [3, 2, 1]), ([5, 3, 3], [1, 2, 2])],
)
def test_the_field_is_where_a_gradient_arrives(kernel_sizes, strides):
    layers = [Conv2d(1, 1, k, stride=s) for k, s in zip(kernel_sizes, strides, strict=True)]
    for layer in layers:
        layer.params["weight"][...] = 1
    network = Sequential(layers)
    y = network.forward(np.zeros((1, 1, 60, 60), np.float32))
    dy = np.zeros_like(y)
    dy[0, 0, 1, 1] = 1
    seen = np.flatnonzero((network.backward(dy)[0, 0] != 0).any(axis=0))
    assert after_alexnet.receptive_field(kernel_sizes, strides) == seen[-1] - seen[0] + 1


def from_the_end(kernel_sizes, strides):
    size = 1
    for i in range(len(kernel_sizes) - 1, -1, -1):
        size = (size - 1) * strides[i] + kernel_sizes[i]
    return size


def as_a_sum(kernel_sizes, strides):
    return 1 + sum((kernel_sizes[i] - 1) * math.prod(strides[:i]) for i in range(len(kernel_sizes)))


def by_recursion(kernel_sizes, strides):
    if not kernel_sizes:
        return 1
    rest = by_recursion(kernel_sizes[1:], strides[1:])
    return kernel_sizes[0] + (rest - 1) * strides[0]


@pytest.mark.parametrize("answer", [from_the_end, as_a_sum, by_recursion])
def test_the_field_may_be_computed_in_other_ways(answer):
    accepted("receptive_field", answer)


def no_strides(kernel_sizes, strides):
    field = 1
    for k in kernel_sizes:
        field = field + k - 1
    return field


def stride_first(kernel_sizes, strides):
    field = jump = 1
    for k, s in zip(kernel_sizes, strides, strict=True):
        jump = jump * s
        field = field + (k - 1) * jump
    return field


def multiplied(kernel_sizes, strides):
    field = 1
    for k in kernel_sizes:
        field *= k
    return field


def begins_at_zero(kernel_sizes, strides):
    field, jump = 0, 1
    for k, s in zip(kernel_sizes, strides, strict=True):
        field += (k - 1) * jump
        jump *= s
    return field


def whole_kernels(kernel_sizes, strides):
    field, jump = 1, 1
    for k, s in zip(kernel_sizes, strides, strict=True):
        field += k * jump
        jump *= s
    return field


def last_stride_only(kernel_sizes, strides):
    field = kernel_sizes[0]
    for i in range(1, len(kernel_sizes)):
        field += (kernel_sizes[i] - 1) * strides[i - 1]
    return field


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (no_strides, "strides are forgotten"),
        (stride_first, "own stride"),
        (multiplied, "multiplied"),
        (begins_at_zero, "1 too small"),
        (whole_kernels, "kernel * jump"),
        (last_stride_only, "accumulate"),
    ],
)
def test_wrong_fields_get_a_hint(answer, word):
    refused("receptive_field", answer, word)


def with_where(dy, x, weight):
    dinner = np.where(np.matmul(x, weight) > 0, dy, 0)
    return np.add(dy, np.matmul(dinner, weight.transpose())), np.matmul(x.transpose(), dinner)


def with_einsum(dy, x, weight):
    mask = np.maximum(x @ weight, 0) != 0
    through = np.einsum("nj,ij->ni", dy * mask, weight)
    return through + dy, np.einsum("ni,nj->ij", x, dy * mask)


def picture_by_picture(dy, x, weight):
    dx, dweight = dy.copy(), np.zeros_like(weight)
    for n in range(len(x)):
        for j in range(weight.shape[1]):
            if x[n] @ weight[:, j] > 0:
                dx[n] += dy[n, j] * weight[:, j]
                dweight[:, j] += dy[n, j] * x[n]
    return [dx, dweight]


@pytest.mark.parametrize("answer", [with_where, with_einsum, picture_by_picture])
def test_residual_backward_may_be_written_in_other_ways(answer):
    accepted("residual_backward", answer)


def no_shortcut(dy, x, weight):
    d = dy * (x @ weight > 0)
    return d @ weight.T, x.T @ d


def no_mask(dy, x, weight):
    return dy + dy @ weight.T, x.T @ dy


def mask_of_x(dy, x, weight):
    d = dy * (x > 0)
    return dy + d @ weight.T, x.T @ d


def mask_of_y(dy, x, weight):
    y = x + np.maximum(x @ weight, 0)
    d = np.where(y > 0, dy, 0)
    return dy + d @ weight.T, x.T @ d


def twice(dy, x, weight):
    d = dy * (x @ weight > 0)
    dx = dy + d @ weight.T
    dx += dy
    return dx, x.T @ d


def not_transposed(dy, x, weight):
    d = dy * (x @ weight > 0)
    return dy + d @ weight, x.T @ d


def weights_transposed(dy, x, weight):
    d = dy * (x @ weight > 0)
    return dy + d @ weight.T, d.T @ x


def times_the_values(dy, x, weight):
    d = dy * np.maximum(x @ weight, 0)
    return dy + d @ weight.T, x.T @ d


def in_place(dy, x, weight):
    dx = dy
    d = dy * (x @ weight > 0)
    dx += d @ weight.T
    return dx, x.T @ d


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (no_shortcut, "shortcut's gradient is missing"),
        (no_mask, "mask is missing"),
        (mask_of_x, "that of x"),
        (mask_of_y, "knows nothing of the shortcut"),
        (twice, "added twice"),
        (not_transposed, "not transposed"),
        (weights_transposed, "transpose of what it should be"),
        (times_the_values, "multiplied by the values"),
        (in_place, "copy of dy"),
    ],
)
def test_wrong_residual_backwards_get_a_hint(answer, word):
    refused("residual_backward", answer, word)
