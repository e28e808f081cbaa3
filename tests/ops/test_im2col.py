"""im2col lays out the windows of the definition, and col2im is its transpose."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minialexnet.errors import InputError
from minialexnet.ops import col2im, im2col


@st.composite
def window_problems(draw):
    """(shape of x, kernel size, stride, padding) in which at least one window fits."""
    extents, kernels, strides, paddings = [], [], [], []
    for _ in range(2):
        kernel, before, after = (draw(st.integers(*b)) for b in ((1, 4), (0, 3), (0, 3)))
        smallest = max(1, kernel - before - after)
        extents.append(draw(st.integers(smallest, smallest + 6)))
        kernels.append(kernel)
        strides.append(draw(st.integers(1, 5)))
        paddings.append((before, after))
    n, c = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    return (n, c, *extents), tuple(kernels), tuple(strides), tuple(paddings)


def windows_by_loops(x, kernel_size, stride, padding):
    """cols[n, i, j, u, v, c] = padded x[n, c, i*stride + u, j*stride + v]."""
    (kh, kw), (sh, sw) = kernel_size, stride
    x = np.pad(x, ((0, 0), (0, 0), *padding))
    oh, ow = (x.shape[2] - kh) // sh + 1, (x.shape[3] - kw) // sw + 1
    cols = np.empty((len(x), oh, ow, kh, kw, x.shape[1]))
    for i in range(oh):
        for j in range(ow):
            for u in range(kh):
                for v in range(kw):
                    cols[:, i, j, u, v] = x[:, :, i * sh + u, j * sw + v]
    return cols


def test_the_example_of_the_docstring(backend, dtype):
    x = backend.put(np.arange(1.0, 10).reshape(1, 1, 3, 3), dtype)
    rows = im2col(x, (2, 2)).reshape(4, 4)
    backend.check(rows, [[1, 2, 4, 5], [2, 3, 5, 6], [4, 5, 7, 8], [5, 6, 8, 9]], dtype)


@given(problem=window_problems())
def test_im2col_is_its_definition(backend, dtype, problem):
    shape, *windows = problem
    x = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    cols = im2col(backend.put(x), *windows)
    np.testing.assert_array_equal(backend.get(cols), windows_by_loops(x, *windows))
    assert cols.dtype == dtype
    assert cols.flags.c_contiguous


@given(problem=window_problems())
def test_col2im_is_the_transpose_of_im2col(backend, dtype, problem):
    """<im2col(x), c> = <x, col2im(c)> for all x and c."""
    shape, kernel_size, stride, padding = problem
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape).astype(dtype)
    cols = backend.get(im2col(backend.put(x), kernel_size, stride, padding))
    c = rng.standard_normal(cols.shape).astype(dtype)
    image = backend.get(col2im(backend.put(c), shape[2:], stride, padding))
    assert image.shape == shape
    assert image.dtype == dtype
    tolerance = 1e-5 if dtype == "float32" else 1e-13
    scale = np.linalg.norm(cols.astype(float)) * np.linalg.norm(c.astype(float)) + 1e-30
    assert abs(np.vdot(cols.astype(float), c) - np.vdot(x.astype(float), image)) < tolerance * scale


def test_col2im_adds_up_where_windows_overlap(backend, dtype):
    """From windows full of ones every pixel gets the number of windows that hold it."""
    ones = backend.put(np.ones((1, 2, 2, 2, 2, 1)), dtype)
    image = col2im(ones, (3, 3))
    backend.check(image, [[[[1, 2, 1], [2, 4, 2], [1, 2, 1]]]], dtype)


def test_col2im_leaves_pixels_alone_that_no_window_holds(backend, dtype):
    ones = backend.put(np.ones((1, 1, 2, 1, 1, 1)), dtype)
    image = col2im(ones, (2, 4), stride=2)
    backend.check(image, [[[[1, 0, 1, 0], [0, 0, 0, 0]]]], dtype)


def test_a_window_larger_than_the_picture_is_refused(backend):
    x = backend.put(np.zeros((1, 1, 4, 9)), "float32")
    with pytest.raises(InputError, match=r"window of 7 pixels does not fit .* 4 pixels .*1, 1"):
        im2col(x, (7, 3), padding=((1, 1), (0, 0)))


def test_what_is_no_batch_of_pictures_is_refused(backend):
    with pytest.raises(InputError, match=r"x has shape \(3, 5, 5\); expected four axes"):
        im2col(backend.put(np.zeros((3, 5, 5))), 2)


@pytest.mark.parametrize("size", [(3, 4), (2, 3), 5])
def test_windows_of_a_picture_of_another_size_are_refused(backend, size):
    cols = backend.put(np.zeros((1, 2, 2, 2, 2, 1)))
    with pytest.raises(InputError, match=r"cols has 2 x 2 windows; a picture of . x . pixels with"):
        col2im(cols, size)


def test_what_are_no_windows_is_refused(backend):
    with pytest.raises(InputError, match=r"cols has shape \(4, 4\); expected six axes"):
        col2im(backend.put(np.zeros((4, 4))), 3)
