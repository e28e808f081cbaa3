"""Contrast and brightness: against the formula, up to black and white and never beyond."""

from __future__ import annotations

import numpy as np
import pytest

from minialexnet.datasets import relit


def noise(low=0, high=256):
    return np.random.default_rng(0).integers(low, high, (9, 9, 3), dtype=np.uint8)


def by_formula(picture, contrast, brightness):
    mean = np.mean([float(value) for value in picture.ravel()])
    out = np.empty(picture.size)
    for i, value in enumerate(picture.ravel()):
        out[i] = brightness * (mean + contrast * (float(value) - mean))
    return np.clip(out, 0, 255).reshape(picture.shape)


@pytest.mark.parametrize("contrast", [0.0, 0.5, 1.0, 1.7, 10.0])
@pytest.mark.parametrize("brightness", [0.1, 0.8, 1.0, 1.3, 10.0])
def test_each_pixel_is_that_of_the_formula(contrast, brightness):
    picture = noise()
    got = relit(picture, contrast, brightness)
    assert got.dtype == np.uint8
    assert np.abs(got - by_formula(picture, contrast, brightness)).max() <= 0.5


def test_neither_changes_nothing():
    np.testing.assert_array_equal(relit(noise(), 1, 1), noise())


def test_contrast_leaves_the_mean_and_widens_the_spread():
    picture = noise(100, 156)
    wide = relit(picture, 1.5, 1)
    assert wide.mean() == pytest.approx(picture.mean(), abs=0.1)
    assert wide.std() == pytest.approx(1.5 * picture.std(), rel=0.01)


def test_too_bright_is_white_and_too_dark_is_black():
    """Never 0 again after 255: brighter pixels stay brighter."""
    levels = np.arange(255, dtype=np.uint8).repeat(3).reshape(1, 255, 3)
    for contrast, brightness in ((1, 3), (8, 1), (8, 2), (1, 0.2)):
        got = relit(levels, contrast, brightness)[0, :, 0].astype(int)
        assert (np.diff(got) >= 0).all()
    assert relit(levels, 1, 3).max() == 255
    assert relit(levels, 8, 1).min() == 0


def test_the_picture_that_came_stays_as_it_is():
    picture = noise()
    picture.flags.writeable = False
    relit(picture, 2, 2)
    np.testing.assert_array_equal(picture, noise())
