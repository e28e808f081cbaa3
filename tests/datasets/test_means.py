from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minialexnet.datasets import colour_std, mean_colour, mean_image
from minialexnet.datasets.means import CHUNK
from minialexnet.errors import InputError


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 2 * CHUNK + 3), st.integers(1, 5), st.integers(0, 1000))
def test_means_of_any_number_of_pictures(count, size, seed):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, size, size, 3), dtype=np.uint8)
    exact = images.astype(np.float64)
    np.testing.assert_allclose(mean_image(images), exact.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(mean_colour(images), exact.mean(axis=(0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(colour_std(images), exact.std(axis=(0, 1, 2)), rtol=1e-9, atol=1e-5)


def test_types_and_shapes():
    images = np.full((3, 4, 4, 3), 7, np.uint8)
    assert mean_image(images).dtype == np.float32
    assert mean_image(images).shape == (4, 4, 3)
    for values in (mean_colour(images), colour_std(images)):
        assert values.dtype == np.float64
        assert values.shape == (3,)


def test_colours_are_kept_apart():
    images = np.zeros((2, 2, 2, 3), np.uint8)
    images[..., 1] = 255
    images[0, ..., 2] = 100
    assert mean_colour(images).tolist() == [0, 255, 50]
    assert colour_std(images).tolist() == [0, 0, 50]


@pytest.mark.parametrize("value", [0, 1, 254, 255])
def test_equal_pixels_deviate_by_nothing(value):
    """Also where rounding could leave a negative variance, whose root would be no number."""
    assert colour_std(np.full((CHUNK + 1, 3, 3, 3), value, np.uint8)).tolist() == [0, 0, 0]


def test_white_pictures_do_not_overflow():
    images = np.full((3 * CHUNK, 4, 4, 3), 255, np.uint8)
    assert (mean_image(images) == 255).all()
    assert colour_std(images).tolist() == [0, 0, 0]


def test_no_float_copy_is_made():
    images = np.zeros((4000, 16, 16, 3), np.uint8)
    for function in (mean_image, mean_colour, colour_std):
        tracemalloc.start()
        function(images)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < images.nbytes / 4


@pytest.mark.parametrize("function", [mean_image, mean_colour, colour_std])
def test_no_pictures_or_not_pictures(function):
    with pytest.raises(InputError, match="at least one picture"):
        function(np.zeros((0, 4, 4, 3), np.uint8))
    with pytest.raises(InputError, match=r"uint8.*float32"):
        function(np.zeros((1, 4, 4, 3), np.float32))
