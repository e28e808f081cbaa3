"""The noise in the colours has the covariance that the paper's code gave it."""

import numpy as np
import pytest

from minialexnet.datasets import principal_colours, statistics_of


def pictures(count=150, side=6):
    """Of correlated colours: more light means more of each."""
    rng = np.random.default_rng(0)
    light = rng.normal(0, 40, (count, side, side, 1))
    return (120 + light * [1, 0.9, 0.7] + rng.normal(0, 8, (count, side, side, 3))).clip(0, 255)


def test_the_axes_are_those_of_the_covariance_of_all_pixels():
    images = pictures().astype(np.uint8)
    colours = principal_colours(statistics_of(images))
    covariance = np.cov(images.reshape(-1, 3).T, bias=True)
    p, s = colours.directions, colours.std
    np.testing.assert_allclose(p.T @ p, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(p @ np.diag(s**2) @ p.T, covariance, rtol=1e-10)
    assert s[0] <= s[1] <= s[2]


def test_which_way_an_axis_points_is_not_left_to_the_library(monkeypatch):
    statistics = statistics_of(pictures().astype(np.uint8))
    eigh, found = np.linalg.eigh, []
    for signs in ([1, 1, 1], [-1, 1, -1], [1, -1, -1]):
        monkeypatch.setattr(
            np.linalg, "eigh", lambda c, signs=signs: (eigh(c)[0], eigh(c)[1] * signs)
        )
        found.append(principal_colours(statistics).directions)
    for directions in found:
        np.testing.assert_array_equal(directions, found[0])
        assert (directions[np.abs(directions).argmax(axis=0), range(3)] > 0).all()


@pytest.mark.parametrize("strength", [0.1, 0.5])
def test_shifts_vary_as_the_colours_do(strength):
    """Their covariance is strength^2 times that of the pixels: s_i are no eigenvalues."""
    images = pictures().astype(np.uint8)
    colours, rng = principal_colours(statistics_of(images)), np.random.default_rng(1)
    shifts = colours.shifts(200_000, strength, rng)
    assert shifts.dtype == np.float32
    expected = strength**2 * np.cov(images.reshape(-1, 3).T, bias=True)
    np.testing.assert_allclose(np.cov(shifts.T), expected, rtol=0.03)
    assert (abs(shifts.mean(axis=0)) < 5 * np.sqrt(np.diag(expected) / len(shifts))).all()


def test_pictures_of_one_colour_do_not_vary():
    images = np.full((3, 4, 4, 3), 77, np.uint8)
    assert (
        not principal_colours(statistics_of(images)).shifts(10, 0.1, np.random.default_rng(0)).any()
    )


def test_grey_pictures_stay_grey():
    grey = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1), dtype=np.uint8)
    shifts = principal_colours(statistics_of(np.repeat(grey, 3, axis=3))).shifts(
        9, 0.1, np.random.default_rng(0)
    )
    np.testing.assert_allclose(shifts, shifts[:, :1].repeat(3, axis=1), atol=1e-4)
    assert abs(shifts).max() > 1
