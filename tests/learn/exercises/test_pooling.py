"""Exercises of notebook 4: right answers, however written, and wrong ones with their hints."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from learn.exercises.answers import accepted, refused
from minialexnet import ops
from minialexnet.learn.exercises import pooling as own


@pytest.mark.parametrize("kernel_size, stride", [(3, 2), (2, 2), (3, 1), (2, 3)])
def test_solutions_equal_the_library(kernel_size, stride):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 4, (2, 3, 9, 7)).astype(float)  # with many ties
    y = ops.max_pool2d(x, kernel_size, stride)
    np.testing.assert_array_equal(own.max_pool2d(x, kernel_size, stride), y)
    dy = rng.standard_normal(y.shape)
    np.testing.assert_allclose(
        own.max_pool2d_backward(dy, x, kernel_size, stride),
        ops.max_pool2d_backward(dy, x, y, kernel_size, stride),
        atol=1e-12,
    )


def sizes(x, kernel_size, stride):
    return [(side - kernel_size) // stride + 1 for side in x.shape[2:]]


def windows_of(x, k, stride):
    """(row, column of the result, rows, columns of the window)."""
    oh, ow = sizes(x, k, stride)
    for i in range(oh):
        for j in range(ow):
            top, left = i * stride, j * stride
            yield i, j, slice(top, top + k), slice(left, left + k)


def forward_by_a_view(x, kernel_size, stride):
    view = sliding_window_view(x, (kernel_size, kernel_size), axis=(2, 3))
    return view[:, :, ::stride, ::stride].max(axis=(4, 5))


def forward_over_places(x, kernel_size, stride):
    oh, ow = sizes(x, kernel_size, stride)
    y = np.full((*x.shape[:2], oh, ow), -np.inf)
    for u in range(kernel_size):
        for v in range(kernel_size):
            rows = slice(u, u + (oh - 1) * stride + 1, stride)
            columns = slice(v, v + (ow - 1) * stride + 1, stride)
            y = np.maximum(y, x[:, :, rows, columns])
    return y


def forward_by_im2col(x, kernel_size, stride):
    cols = ops.im2col(x, kernel_size, stride)
    n, oh, ow, kh, kw, c = cols.shape
    return cols.reshape(n, oh, ow, kh * kw, c).max(axis=3).transpose(0, 3, 1, 2)


@pytest.mark.parametrize("answer", [forward_by_a_view, forward_over_places, forward_by_im2col])
def test_other_ways_to_write_max_pool2d(answer):
    accepted("max_pool2d", answer)


def backward_by_loops(dy, x, kernel_size, stride):
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(dy.shape):
        window = x[n, c, i * stride :, j * stride :][:kernel_size, :kernel_size]
        row, column = np.unravel_index(window.argmax(), window.shape)
        dx[n, c, i * stride + row, j * stride + column] += dy[n, c, i, j]
    return dx


def backward_by_add_at(dy, x, kernel_size, stride):
    n, c, oh, ow = dy.shape
    view = sliding_window_view(x, (kernel_size, kernel_size), axis=(2, 3))
    place = view[:, :, ::stride, ::stride].reshape(n, c, oh, ow, -1).argmax(axis=4)
    rows = np.arange(oh)[:, None] * stride + place // kernel_size
    columns = np.arange(ow) * stride + place % kernel_size
    dx = np.zeros_like(x)
    pictures, channels = np.ogrid[:n, :c]
    np.add.at(dx, (pictures[..., None, None], channels[..., None, None], rows, columns), dy)
    return dx


def backward_by_the_library(dy, x, kernel_size, stride):
    return ops.max_pool2d_backward(
        dy, x, ops.max_pool2d(x, kernel_size, stride), kernel_size, stride
    )


@pytest.mark.parametrize("answer", [backward_by_loops, backward_by_add_at, backward_by_the_library])
def test_other_ways_to_write_max_pool2d_backward(answer):
    accepted("max_pool2d_backward", answer)


def forward_with(reduce):
    def answer(x, kernel_size, stride):
        y = np.zeros((*x.shape[:2], *sizes(x, kernel_size, stride)))
        for i, j, rows, columns in windows_of(x, kernel_size, stride):
            y[:, :, i, j] = reduce(x[:, :, rows, columns])
        return y

    return answer


def forward_stride_is_kernel(x, kernel_size, stride):
    return forward_by_a_view(x, kernel_size, kernel_size)


def forward_stride_ignored(x, kernel_size, stride):
    return forward_by_a_view(x, kernel_size, 1)


def forward_one_apart(x, kernel_size, stride):
    oh, ow = sizes(x, kernel_size, stride)
    y = np.zeros((*x.shape[:2], oh, ow))
    for i in range(oh):
        for j in range(ow):
            y[:, :, i, j] = x[:, :, i : i + kernel_size, j : j + kernel_size].max(axis=(2, 3))
    return y


def forward_from_zero(x, kernel_size, stride):
    y = np.zeros((*x.shape[:2], *sizes(x, kernel_size, stride)))
    for i, j, rows, columns in windows_of(x, kernel_size, stride):
        for row in range(rows.start, rows.stop):
            for column in range(columns.start, columns.stop):
                y[:, :, i, j] = np.maximum(y[:, :, i, j], x[:, :, row, column])
    return y


def forward_one_too_few(x, kernel_size, stride):
    h, w = x.shape[2:]
    oh, ow = (h - kernel_size) // stride, (w - kernel_size) // stride
    return forward_by_a_view(x, kernel_size, stride)[:, :, :oh, :ow]


@pytest.mark.parametrize(
    "answer, word",
    [
        (forward_stride_is_kernel, "side by side"),
        (forward_stride_ignored, "stride is ignored"),
        (forward_one_apart, "still 1 apart"),
        (forward_from_zero, "minus infinity"),
        (forward_with(lambda window: window.mean(axis=(2, 3))), "mean of each window"),
        (forward_with(lambda window: window.min(axis=(2, 3))), "minimum"),
        (forward_with(lambda window: window.max()), "over all pictures and channels"),
        (forward_with(lambda window: abs(window).max(axis=(2, 3))), "sign is lost"),
        (
            forward_with(lambda window: window.reshape(*window.shape[:2], -1).argmax(axis=2)),
            "argmax",
        ),
        (forward_one_too_few, "counts the first"),
    ],
)
def test_wrong_max_pool2d(answer, word):
    refused("max_pool2d", answer, word)


def backward_with(share):
    """The usual loop, with the mask that `share` makes of a window."""

    def answer(dy, x, kernel_size, stride):
        dx = np.zeros_like(x)
        for i, j, rows, columns in windows_of(x, kernel_size, stride):
            mask = share(x[:, :, rows, columns])
            dx[:, :, rows, columns] += mask * dy[:, :, i, j][:, :, None, None]
        return dx

    return answer


def backward_assigned(dy, x, kernel_size, stride):
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(dy.shape):
        window = x[n, c, i * stride :, j * stride :][:kernel_size, :kernel_size]
        row, column = divmod(int(window.argmax()), kernel_size)
        dx[n, c, i * stride + row, j * stride + column] = dy[n, c, i, j]
    return dx


def backward_whole_window_assigned(dy, x, kernel_size, stride):
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(dy.shape):
        rows = slice(i * stride, i * stride + kernel_size)
        columns = slice(j * stride, j * stride + kernel_size)
        routed = np.zeros((kernel_size, kernel_size))
        routed[np.unravel_index(x[n, c, rows, columns].argmax(), routed.shape)] = dy[n, c, i, j]
        dx[n, c, rows, columns] = routed
    return dx


def backward_last_maximum(dy, x, kernel_size, stride):
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(dy.shape):
        largest, place = -np.inf, None
        for row in range(i * stride, i * stride + kernel_size):
            for column in range(j * stride, j * stride + kernel_size):
                if x[n, c, row, column] >= largest:
                    largest, place = x[n, c, row, column], (row, column)
        dx[n, c, place[0], place[1]] += dy[n, c, i, j]
    return dx


def backward_of_the_map(dy, x, kernel_size, stride):
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(dy.shape):
        row, column = np.unravel_index(x[n, c].argmax(), x.shape[2:])
        dx[n, c, row, column] += dy[n, c, i, j]
    return dx


def backward_without_dy(dy, x, kernel_size, stride):
    return backward_by_loops(np.ones_like(dy), x, kernel_size, stride)


def backward_without_the_corner(dy, x, kernel_size, stride):
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(dy.shape):
        window = x[n, c, i * stride :, j * stride :][:kernel_size, :kernel_size]
        row, column = np.unravel_index(window.argmax(), window.shape)
        dx[n, c, row, column] += dy[n, c, i, j]
    return dx


def backward_row_and_column(dy, x, kernel_size, stride):
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(dy.shape):
        window = x[n, c, i * stride :, j * stride :][:kernel_size, :kernel_size]
        column, row = np.unravel_index(window.argmax(), window.shape)
        dx[n, c, i * stride + row, j * stride + column] += dy[n, c, i, j]
    return dx


def backward_one_apart(dy, x, kernel_size, stride):
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(dy.shape):
        window = x[n, c, i : i + kernel_size, j : j + kernel_size]
        row, column = np.unravel_index(window.argmax(), window.shape)
        dx[n, c, i + row, j + column] += dy[n, c, i, j]
    return dx


@pytest.mark.parametrize(
    "answer, word",
    [
        (backward_assigned, "last of them"),
        (backward_whole_window_assigned, "its zeros too"),
        (backward_with(lambda w: w == w.max(axis=(2, 3), keepdims=True)), "code of 2012"),
        (backward_last_maximum, "last gets the gradient"),
        (
            backward_with(
                lambda w: (
                    (w == w.max((2, 3), keepdims=True))
                    / (w == w.max((2, 3), keepdims=True)).sum((2, 3), keepdims=True)
                )
            ),
            "share the gradient",
        ),
        (backward_with(np.ones_like), "Every pixel"),
        (backward_with(lambda w: np.full(w.shape, 1 / w[0, 0].size)), "average pooling"),
        (backward_of_the_map, "whole map"),
        (backward_without_dy, "factor dy"),
        (backward_without_the_corner, "window's corner"),
        (backward_row_and_column, "exchanged"),
        (backward_one_apart, "1 apart"),
        (backward_with(lambda w: w == w.max()), "keepdims"),
    ],
)
def test_wrong_max_pool2d_backward(answer, word):
    refused("max_pool2d_backward", answer, word)
