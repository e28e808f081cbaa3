"""Pooling is the maximum or mean of each window's pixels, and its gradients go back to them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minialexnet.errors import InputError
from minialexnet.ops import (
    adaptive_avg_pool2d,
    adaptive_avg_pool2d_backward,
    avg_pool2d,
    avg_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
)

NONE = ((0, 0), (0, 0))

# shape of x, kernel size, stride, padding, ceil mode
CONFIGURATIONS = [
    ((2, 3, 7, 7), (3, 3), (2, 2), NONE, False),  # AlexNet's
    ((2, 2, 6, 8), (3, 3), (2, 2), NONE, True),  # the last windows hang over
    ((1, 2, 5, 7), (3, 2), (1, 3), ((1, 0), (1, 1)), False),
    ((1, 2, 5, 4), (2, 3), (2, 2), ((1, 1), (0, 1)), True),
    ((2, 1, 4, 4), (4, 4), (4, 4), NONE, False),  # one window
    ((1, 1, 6, 6), (2, 2), (3, 3), NONE, True),  # pixels that no window holds
    ((1, 1, 2, 2), (3, 3), (2, 2), ((1, 1), (1, 1)), False),
    ((1, 2, 3, 3), (1, 1), (1, 1), NONE, False),
]
configurations = pytest.mark.parametrize(
    ("shape", "kernel_size", "stride", "padding", "ceil_mode"), CONFIGURATIONS
)


@st.composite
def pooling_problems(draw):
    """Drawn configurations, of the form of CONFIGURATIONS."""
    extents, kernels, strides, paddings = [], [], [], []
    for _ in range(2):
        kernel = draw(st.integers(1, 4))
        padding = tuple(draw(st.integers(0, kernel // 2)) for _ in range(2))
        smallest = max(1, kernel - sum(padding))
        extents.append(draw(st.integers(smallest, smallest + 6)))
        kernels.append(kernel)
        strides.append(draw(st.integers(1, 4)))
        paddings.append(padding)
    return (
        (draw(st.integers(1, 2)), draw(st.integers(1, 2)), *extents),
        tuple(kernels),
        tuple(strides),
        tuple(paddings),
        draw(st.booleans()),
    )


def windows_of_axis(extent, kernel, stride, padding, ceil_mode):
    """For each window [(start, stop)] along one axis; pixels below 0 or from `extent` are padding.

    Windows start every `stride` pixels; they must end within the padding or, in ceil mode, at
    least start before it.
    """
    before, after = padding
    starts = []
    while True:
        start = len(starts) * stride - before
        fits = start + kernel <= extent + after
        # In ceil mode one more, if it reaches past the end of the last but starts on a pixel.
        previous_end = start - stride + kernel
        hangs = ceil_mode and previous_end < extent + after and start < extent
        if not fits and not (starts and hangs):
            return [(start, start + kernel) for start in starts]
        starts.append(start)


def windows(shape, kernel_size, stride, padding, ceil_mode):
    """(i, j, rows, columns) of all windows: the ranges may lie partly in the padding."""
    rows, columns = (
        windows_of_axis(extent, k, s, p, ceil_mode)
        for extent, k, s, p in zip(shape[2:], kernel_size, stride, padding, strict=True)
    )
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            yield i, j, row, column


def pool_by_loops(x, dy, pool_window, *configuration):
    """y, dy and dx; `pool_window` gives the value of one window and its pixels' gradients.

    Its `pixels` are those of the window that lie in the picture, in a dictionary by place.
    """
    places = list(windows(x.shape, *configuration))
    oh, ow = max(p[0] for p in places) + 1, max(p[1] for p in places) + 1
    y, dx = np.zeros((*x.shape[:2], oh, ow)), np.zeros_like(x)
    dy = dy(y.shape)
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            for i, j, row, column in places:
                pixels = {
                    (h, w): x[n, c, h, w]
                    for h in range(*row)
                    for w in range(*column)
                    if 0 <= h < x.shape[2] and 0 <= w < x.shape[3]
                }
                y[n, c, i, j], gradients = pool_window(pixels, dy[n, c, i, j], row, column)
                for (h, w), gradient in gradients.items():
                    dx[n, c, h, w] += gradient
    return y, dy, dx


def max_of_window(pixels, dy, row, column):
    winner = max(pixels, key=pixels.get)  # the first one, row by row
    return pixels[winner], {winner: dy}


def mean_of_window(divisor):
    """divisor(pixels, row, column) -> by what the sum is divided."""

    def pool_window(pixels, dy, row, column):
        count = divisor(pixels, row, column)
        return sum(pixels.values()) / count, dict.fromkeys(pixels, dy / count)

    return pool_window


def check_max_pool(backend, dtype, x, rng, *configuration):
    y, dy, dx = pool_by_loops(x, rng.standard_normal, max_of_window, *configuration)
    x, dy = backend.put(x, dtype), backend.put(dy, dtype)
    ours = max_pool2d(x, *configuration)
    backend.check(ours, y, dtype)
    backend.check(max_pool2d_backward(dy, x, ours, *configuration), dx, dtype)


def check_avg_pool(backend, dtype, x, rng, count_include_pad, *configuration):
    _, _, padding, _ = configuration
    ends = [extent + after for extent, (_, after) in zip(x.shape[2:], padding, strict=True)]

    def divisor(pixels, row, column):
        if not count_include_pad:
            return len(pixels)
        # The padding counts, what hangs over beyond it does not.
        return (min(row[1], ends[0]) - row[0]) * (min(column[1], ends[1]) - column[0])

    y, dy, dx = pool_by_loops(x, rng.standard_normal, mean_of_window(divisor), *configuration)
    x, dy = backend.put(x, dtype), backend.put(dy, dtype)
    backend.check(avg_pool2d(x, *configuration, count_include_pad), y, dtype)
    backend.check(avg_pool2d_backward(dy, x, *configuration, count_include_pad), dx, dtype)


@configurations
def test_max_pool_is_its_definition(
    backend, dtype, rng, shape, kernel_size, stride, padding, ceil_mode
):
    x = rng.standard_normal(shape)
    check_max_pool(backend, dtype, x, rng, kernel_size, stride, padding, ceil_mode)


@given(problem=pooling_problems())
def test_max_pool_is_its_definition_for_any_windows(backend, problem):
    shape, *configuration = problem
    rng = np.random.default_rng(0)
    check_max_pool(backend, "float64", rng.standard_normal(shape), rng, *configuration)


@configurations
def test_max_pool_of_negative_values_never_takes_the_padding(
    backend, dtype, rng, shape, kernel_size, stride, padding, ceil_mode
):
    x = -1 - rng.random(shape)
    check_max_pool(backend, dtype, x, rng, kernel_size, stride, padding, ceil_mode)


@configurations
def test_max_pool_gives_the_gradient_to_the_first_of_equal_pixels(
    backend, dtype, rng, shape, kernel_size, stride, padding, ceil_mode
):
    x = rng.integers(-1, 2, shape).astype(float)
    check_max_pool(backend, dtype, x, rng, kernel_size, stride, padding, ceil_mode)


def test_the_gradient_of_a_flat_picture_goes_to_the_corner_of_each_window(backend, dtype):
    x = backend.put(np.zeros((1, 1, 4, 4)), dtype)
    dy = backend.put(np.array([[[[1.0, 2], [3, 4]]]]), dtype)
    y = max_pool2d(x, (2, 2), (2, 2))
    expected = [[[[1, 0, 2, 0], [0, 0, 0, 0], [3, 0, 4, 0], [0, 0, 0, 0]]]]
    backend.check(max_pool2d_backward(dy, x, y, (2, 2), (2, 2)), expected, dtype)


@pytest.mark.parametrize("count_include_pad", [True, False])
@configurations
def test_avg_pool_is_its_definition(
    backend, dtype, rng, shape, kernel_size, stride, padding, ceil_mode, count_include_pad
):
    x = rng.standard_normal(shape)
    check_avg_pool(
        backend, dtype, x, rng, count_include_pad, kernel_size, stride, padding, ceil_mode
    )


@given(problem=pooling_problems(), count_include_pad=st.booleans())
def test_avg_pool_is_its_definition_for_any_windows(backend, problem, count_include_pad):
    shape, *configuration = problem
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape)
    check_avg_pool(backend, "float64", x, rng, count_include_pad, *configuration)


@pytest.mark.parametrize(
    ("size", "output_size"),
    [((6, 6), (6, 6)), ((13, 12), (6, 4)), ((7, 5), (3, 2)), ((2, 1), (6, 3)), ((5, 4), (1, 1))],
)
def test_adaptive_avg_pool_is_its_definition(backend, dtype, rng, size, output_size):
    """Cell i of n covers floor(i*H/n) to ceil((i+1)*H/n)."""
    x, dy = rng.standard_normal((2, 3, *size)), rng.standard_normal((2, 3, *output_size))
    y, dx = np.zeros_like(dy), np.zeros_like(x)
    for i in range(output_size[0]):
        for j in range(output_size[1]):
            rows, columns = (
                slice(math.floor(k * extent / n), math.ceil((k + 1) * extent / n))
                for k, extent, n in zip((i, j), size, output_size, strict=True)
            )
            cell = x[:, :, rows, columns]
            y[:, :, i, j] = cell.mean(axis=(2, 3))
            dx[:, :, rows, columns] += dy[:, :, i : i + 1, j : j + 1] / cell[0, 0].size
    x, dy = backend.put(x, dtype), backend.put(dy, dtype)
    backend.check(adaptive_avg_pool2d(x, output_size), y, dtype)
    backend.check(adaptive_avg_pool2d_backward(dy, x, output_size), dx, dtype)


@pytest.mark.parametrize("pool", [max_pool2d, avg_pool2d])
@pytest.mark.parametrize(
    ("shape", "kernel_size", "padding", "message"),
    [
        ((3, 8, 8), (2, 2), NONE, "expected four axes"),
        ((1, 3, 8, 2), (3, 3), NONE, "window of 3 pixels does not fit into a picture of 2"),
        ((1, 3, 8, 8), (3, 3), ((0, 0), (2, 0)), "padding is .*; expected at most half a window"),
    ],
)
def test_windows_that_do_not_fit_are_refused(backend, pool, shape, kernel_size, padding, message):
    with pytest.raises(InputError, match=message):
        pool(backend.put(np.zeros(shape), "float32"), kernel_size, (1, 1), padding)


@pytest.mark.parametrize(
    "backward",
    [
        lambda dy, x: max_pool2d_backward(dy, x, max_pool2d(x, (2, 2), (2, 2)), (2, 2), (2, 2)),
        lambda dy, x: avg_pool2d_backward(dy, x, (2, 2), (2, 2)),
        lambda dy, x: adaptive_avg_pool2d_backward(dy, x, (2, 2)),
    ],
)
def test_a_gradient_of_another_shape_is_refused(backend, backward):
    x, dy = (backend.put(np.zeros(shape), "float32") for shape in ((1, 2, 4, 4), (1, 2, 2, 1)))
    with pytest.raises(InputError, match=r"dy has shape \(1, 2, 2, 1\); expected \(1, 2, 2, 2\)"):
        backward(dy, x)


def test_an_output_of_another_shape_is_refused(backend):
    x, dy, y = (
        backend.put(np.zeros(shape), "float32")
        for shape in ((1, 2, 6, 6), (1, 2, 3, 3), (1, 2, 5, 5))
    )
    with pytest.raises(InputError, match=r"y has shape \(1, 2, 5, 5\); expected \(1, 2, 3, 3\)"):
        max_pool2d_backward(dy, x, y, (2, 2), (2, 2))
