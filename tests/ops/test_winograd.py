"""Fewer multiplications, the same convolution."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strict import to_strict

from minialexnet.errors import InputError
from minialexnet.ops import conv2d, conv2d_backward, winograd_conv2d, winograd_conv2d_backward
from minialexnet.ops.winograd import MOST_TAPS, OUTPUTS, _line, toom_cook, winograd_pays

few = st.integers(0, 3)


@given(
    pictures=st.integers(1, 3),
    inputs=st.integers(1, 4),
    outputs=st.integers(1, 3),
    groups=st.integers(1, 2),
    extents=st.tuples(st.integers(1, 8), st.integers(1, 11)),
    kernel=st.tuples(st.integers(1, 6), st.integers(1, MOST_TAPS)),
    padding=st.tuples(st.tuples(few, few), st.tuples(few, few)),
)
def test_values_and_gradients_are_those_of_the_plain_convolution(
    backend, pictures, inputs, outputs, groups, extents, kernel, padding
):
    """Rows of any length, also shorter than a tile; borders of any width."""
    if any(e + sum(p) < k for e, k, p in zip(extents, kernel, padding, strict=True)):
        return
    rng = np.random.default_rng(0)
    x = backend.put(rng.standard_normal((pictures, inputs * groups, *extents)))
    weight = backend.put(rng.standard_normal((outputs * groups, inputs, *kernel)))
    bias = backend.put(rng.standard_normal(outputs * groups))
    expected = conv2d(x, weight, bias, 1, padding, groups)
    y = winograd_conv2d(x, weight, bias, padding, groups)
    backend.check(y, backend.get(expected), "float64")
    dy = backend.put(rng.standard_normal(y.shape))
    expected = conv2d_backward(dy, x, weight, 1, padding, groups)
    gradients = winograd_conv2d_backward(dy, x, weight, padding, groups)
    for ours, right in zip(gradients, expected, strict=True):
        backend.check(ours, backend.get(right), "float64")


@pytest.mark.parametrize(
    ("channels", "filters", "kernel", "size"), [(48, 64, 5, 27), (96, 96, 3, 13)]
)
def test_in_float32_it_is_right_to_five_digits(rng, channels, filters, kernel, size):
    """With sizes of AlexNet. The plain convolution has a tenth of this bound."""
    x = rng.standard_normal((2, channels, size, size))
    weight = rng.standard_normal((filters, channels, kernel, kernel))
    bias, padding = rng.standard_normal(filters), kernel // 2
    expected = conv2d(x, weight, bias, 1, padding)
    dy = rng.standard_normal(expected.shape)
    expected = expected, *conv2d_backward(dy, x, weight, 1, padding)
    x, weight, bias, dy = (a.astype(np.float32) for a in (x, weight, bias, dy))
    y = winograd_conv2d(x, weight, bias, padding)
    gradients = winograd_conv2d_backward(dy, x, weight, padding)
    for ours, right in zip((y, *gradients), expected, strict=True):
        assert ours.dtype == np.float32
        assert np.abs(ours - right).max() < 1e-5 * np.abs(right).max()


def test_the_error_is_relative_to_the_largest_pixel_of_a_tile(rng):
    """And so is what an infinite pixel does; the plain convolution keeps both to its windows."""
    x, weight = rng.standard_normal((1, 16, 3, 8), np.float32), np.ones((1, 16, 3, 5), np.float32)
    x[:, :, :, 1] *= 1e6
    expected = conv2d(x.astype(float), weight.astype(float))[0, 0, 0, 2:]  # do not see column 1
    off = np.abs(winograd_conv2d(x, weight)[0, 0, 0, 2:] - expected)
    assert off.max() < 1e-5 * np.abs(x).max() * weight[0].size
    x[0, 0, 0, 0] = np.inf
    with np.errstate(invalid="ignore"):
        assert np.isfinite(conv2d(x, weight)[..., 1:]).all()
        assert np.isnan(winograd_conv2d(x, weight)).all()


@pytest.mark.parametrize(
    ("pictures", "width", "taps", "side_by_side"),
    [
        (4, 13, 3, 2),  # conv3: 7 tiles for two, instead of 8
        (3, 13, 3, 1),  # nobody to pair the third one with
        (4, 27, 5, 1),  # conv2: 7 tiles either way
        (4, 8, 3, 1),  # nothing is left over
    ],
)
def test_pictures_lie_in_pairs_where_that_takes_fewer_tiles(pictures, width, taps, side_by_side):
    x, border = np.zeros((pictures, 1, width, width)), taps // 2
    line = _line(x, width, ((border, border), (border, border)))
    assert line.pictures == side_by_side
    assert line.tiles == -(-(line.pitch * (line.pictures - 1) + width) // OUTPUTS)


def test_without_bias_and_without_the_inputs_gradient(backend, rng):
    x, weight = (backend.put(rng.standard_normal(s)) for s in ((2, 3, 5, 7), (4, 3, 3, 3)))
    y = winograd_conv2d(x, weight)
    backend.check(y, backend.get(conv2d(x, weight)), "float64")
    dx, dweight, dbias = winograd_conv2d_backward(y, x, weight, input_gradient=False)
    _, *expected = conv2d_backward(y, x, weight)
    assert dx is None
    backend.check(dweight, backend.get(expected[0]), "float64")
    backend.check(dbias, backend.get(expected[1]), "float64")


def test_result_and_gradient_lie_channels_last_in_memory(backend, rng):
    x, weight = (backend.put(rng.standard_normal(s)) for s in ((2, 3, 5, 7), (4, 3, 3, 3)))
    y = winograd_conv2d(x, weight)
    _, dweight, _ = winograd_conv2d_backward(y, x, weight)
    for array in (y, dweight):
        assert array.transpose(0, 2, 3, 1).flags.c_contiguous


@pytest.mark.parametrize("m", [1, 2, 3, OUTPUTS])
@pytest.mark.parametrize("r", range(1, MOST_TAPS + 1))
def test_the_matrices_are_those_of_a_convolution(m, r):
    """y_i = sum over k of g_k d_(i+k) for all g and d, that is, as an identity of tensors."""
    a, g, b = map(np.array, toom_cook(m, r))
    n = m + r - 1
    assert (a.shape, g.shape, b.shape) == ((n, m), (n, r), (n, n))
    tensor = np.einsum("pi,pk,lp->ikl", a, g, b)
    expected = np.fromfunction(lambda i, k, pixel: i + k == pixel, (m, r, n)).astype(float)
    np.testing.assert_allclose(tensor, expected, atol=1e-12)


def test_fewer_multiplications_than_outputs_times_taps():
    for taps in range(3, MOST_TAPS + 1):
        places = len(toom_cook(OUTPUTS, taps)[0])
        assert places == OUTPUTS + taps - 1 <= OUTPUTS * taps / 2


@pytest.mark.parametrize(
    ("channels", "kernel", "stride", "pictures", "pays"),
    [
        (48, (5, 5), (1, 1), 128, True),  # conv2
        (256, (3, 3), (1, 1), 128, True),  # conv3
        (3, (11, 11), (4, 4), 128, False),  # conv1
        (48, (5, 5), (1, 2), 128, False),
        (48, (5, 6), (1, 1), 128, False),
        (48, (3, 1), (1, 1), 128, False),
        (3, (5, 5), (1, 1), 128, False),
        (48, (5, 5), (1, 1), 1, False),
    ],
)
def test_it_is_taken_for_many_pictures_and_stride_1(channels, kernel, stride, pictures, pays):
    weight = np.zeros((2, channels, *kernel))
    assert winograd_pays(weight, stride, pictures) == pays
    assert not winograd_pays(to_strict(weight), stride, pictures)


def test_what_does_not_fit_is_refused(backend):
    x = backend.put(np.ones((2, 4, 6, 9)))
    wide = backend.put(np.ones((3, 4, 3, MOST_TAPS + 1)))
    with pytest.raises(
        InputError, match="weight has 6 taps a row; winograd_conv2d takes 5 at most"
    ):
        winograd_conv2d(x, wide)
    weight = backend.put(np.ones((3, 3, 3, 3)))
    with pytest.raises(InputError, match="x has 4 channels and weight has shape"):
        winograd_conv2d(x, weight)
    weight = backend.put(np.ones((3, 4, 3, 3)))
    with pytest.raises(InputError, match=r"bias has shape \(4,\); expected \(3,\)"):
        winograd_conv2d(x, weight, backend.put(np.ones(4)))
    with pytest.raises(InputError, match=r"dy has shape \(2, 4, 6, 9\); expected \(2, 3, 4, 7\)"):
        winograd_conv2d_backward(x, x, weight)


@pytest.mark.parametrize("dtype", ["int64", "bool", "uint8"])
def test_a_gradient_of_whole_numbers_is_taken_as_it_is(rng, dtype):
    """The small matrices have halves and quarters, which whole numbers have not."""
    x, weight = rng.standard_normal((4, 3, 5, 9)), rng.standard_normal((2, 3, 3, 3))
    dy = rng.integers(0, 2, (4, 2, 3, 7)).astype(dtype)
    expected = conv2d_backward(dy.astype(float), x, weight)
    for given_one, wanted in zip(winograd_conv2d_backward(dy, x, weight), expected, strict=True):
        np.testing.assert_allclose(given_one, wanted, rtol=1e-10, atol=1e-10)
