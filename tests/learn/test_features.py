"""Features made by hand."""

import numpy as np
import pytest

from minialexnet.backend import to_host
from minialexnet.errors import InputError
from minialexnet.learn import features


@pytest.fixture
def x():
    return np.random.default_rng(0).standard_normal((3, 3, 32, 24)).astype(np.float32)


def test_shape_and_type(x, xp):
    made = features.hog(xp.asarray(x), cell=8, bins=9)
    assert made.shape == (3, 3 * 2 * 36)
    assert made.dtype == np.float32


def test_by_the_definition(x):
    """One block, in loops."""
    grey = x[1].mean(axis=0).astype(np.float64)
    histogram = np.zeros((4, 3, 9))
    for i in range(32):
        for j in range(24):
            gy = grey[i + 1, j] - grey[i - 1, j] if 0 < i < 31 else 0.0
            gx = grey[i, j + 1] - grey[i, j - 1] if 0 < j < 23 else 0.0
            bin_ = int(np.degrees(np.arctan2(gy, gx)) % 180 // 20)
            histogram[i // 8, j // 8, bin_] += np.hypot(gy, gx)
    block = histogram[1:3, 0:2].reshape(-1)
    block /= np.sqrt((block**2).sum() + 0.01)
    came = features.hog(x)[1].reshape(3, 2, 36)[1, 0]
    np.testing.assert_allclose(came, block, rtol=1e-4, atol=1e-6)


def test_negatives_are_the_same(x, xp):
    """As notebook 1 says."""
    x = xp.asarray(x)
    np.testing.assert_allclose(to_host(features.hog(-x)), to_host(features.hog(x)), atol=1e-6)


def test_whatever_the_light(x):
    np.testing.assert_allclose(features.hog(5 * x + 2), features.hog(x), atol=1e-3)


def test_an_even_picture_has_no_features():
    assert not features.hog(np.ones((1, 3, 16, 16), np.float32)).any()


def test_the_bin_of_an_angle_just_below_zero():
    """In float32 it is 180 degrees modulo 180: not lost, and not out of range."""
    gy, gx = np.full((1, 2, 2), -1e-9, np.float32), np.ones((1, 2, 2), np.float32)
    histogram = features.orientation_histogram(gy, gx, 2, 9)
    assert histogram.sum() == 4


@pytest.mark.parametrize(
    ("shape", "options"),
    [((3, 3, 32, 24), {"cell": 5}), ((3, 3, 8, 24), {}), ((3, 32, 24), {}), ((3, 32, 24, 3), {})],
)
def test_cells_must_fit(shape, options):
    """One cell along a side makes no block, and so no features at all."""
    with pytest.raises(InputError, match="with H and W multiples of cell="):
        features.hog(np.ones(shape, np.float32), **options)


def test_histograms_of_cells_that_do_not_fit_are_refused():
    gradients = np.ones((1, 12, 10))
    with pytest.raises(InputError, match="12 x 10 pixels cannot be cut into cells of 4"):
        features.orientation_histogram(gradients, gradients, 4, 9)


@pytest.mark.parametrize("options", [{"cell": 0}, {"bins": 0}])
def test_numbers_must_be_whole_and_positive(x, options):
    with pytest.raises(InputError, match="expected a whole number of at least 1"):
        features.hog(x, **options)


def test_gradients_of_bytes_are_refused():
    """5 less than 0 would be 251."""
    with pytest.raises(InputError, match=r"x is uint8; expected floats: .*astype\('float32'\)"):
        features.image_gradients(np.zeros((1, 4, 4), np.uint8))
