from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minialexnet.backend import num_threads, set_num_threads
from minialexnet.datasets import Statistics, statistics_of
from minialexnet.datasets.statistics import CHUNK
from minialexnet.errors import InputError


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 2 * CHUNK + 3), st.integers(1, 5), st.integers(0, 1000))
def test_means_of_any_number_of_pictures(count, size, seed):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, size, size, 3), dtype=np.uint8)
    found, exact = statistics_of(images), images.astype(np.float64)
    np.testing.assert_allclose(found.mean_image, exact.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.mean_colour, exact.mean(axis=(0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(found.colour_std, exact.std(axis=(0, 1, 2)), rtol=1e-9, atol=1e-5)
    np.testing.assert_allclose(
        found.covariance, np.cov(exact.reshape(-1, 3).T, bias=True), rtol=1e-9, atol=1e-8
    )


def test_the_number_of_threads_changes_no_bit():
    images = np.random.default_rng(0).integers(0, 256, (2000, 9, 9, 3), dtype=np.uint8)
    found, before = [], num_threads()
    try:
        for threads in (1, 2, 7):
            set_num_threads(threads)
            found.append(statistics_of(images))
    finally:
        set_num_threads(before)
    for other in found[1:]:
        for name, value in vars(found[0]).items():
            assert np.array_equal(getattr(other, name), value)


def test_types_and_shapes():
    found = statistics_of(np.full((3, 4, 4, 3), 7, np.uint8))
    shapes = {name: value.shape for name, value in vars(found).items()}
    assert shapes == {"mean_image": (4, 4, 3), "mean_colour": (3,), "covariance": (3, 3)}
    assert {value.dtype for value in vars(found).values()} == {np.dtype(np.float64)}


def test_colours_are_kept_apart():
    images = np.zeros((2, 2, 2, 3), np.uint8)
    images[..., 1] = 255
    images[0, ..., 2] = 100
    found = statistics_of(images)
    assert found.mean_colour.tolist() == [0, 255, 50]
    assert found.colour_std.tolist() == [0, 0, 50]


@pytest.mark.parametrize("value", [0, 1, 254, 255])
def test_equal_pixels_deviate_by_nothing(value):
    """Also where rounding could leave a negative variance, whose root would be no number."""
    found = statistics_of(np.full((CHUNK + 1, 3, 3, 3), value, np.uint8))
    assert found.colour_std.tolist() == [0, 0, 0]
    assert not found.covariance.any()


def test_a_variance_rounded_below_nothing_has_a_root():
    found = Statistics(np.zeros((1, 1, 3)), np.zeros(3), np.diag([-1e-12, 4.0, 9.0]))
    assert found.colour_std.tolist() == [0, 2, 3]


def test_white_pictures_do_not_overflow():
    found = statistics_of(np.full((3 * CHUNK, 4, 4, 3), 255, np.uint8))
    assert (found.mean_image == 255).all()
    assert found.colour_std.tolist() == [0, 0, 0]


def test_no_float_copy_is_made():
    images = np.zeros((8000, 32, 32, 3), np.uint8)
    tracemalloc.start()
    statistics_of(images)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * images.nbytes


def test_no_pictures_or_not_pictures():
    with pytest.raises(InputError, match="at least one picture"):
        statistics_of(np.zeros((0, 4, 4, 3), np.uint8))
    with pytest.raises(InputError, match=r"uint8.*float32"):
        statistics_of(np.zeros((1, 4, 4, 3), np.float32))
