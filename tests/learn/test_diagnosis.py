"""Mistakes that can be seen from the numbers alone."""

import numpy as np
import pytest

from minialexnet.learn.diagnosis import close, diagnose

rng = np.random.default_rng(0)
SQUARES = [rng.standard_normal((2, 3, 4, 4)), rng.standard_normal((1, 3, 5, 5))]
EDGED = [np.pad(s[..., 1:-1, 1:-1], ((0, 0), (0, 0), (1, 1), (1, 1))) for s in SQUARES]


def told(change, arrays=SQUARES):
    return diagnose([(array, change(array)) for array in arrays])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda y: -y, "times -1"),
        (lambda y: y / 4, "1/4 as large"),
        (lambda y: 2 * y, "2 times as large"),
        (lambda y: y / len(y), "factor that differs from case to case"),
        (lambda y: 0 * y, "All of it is zero"),
        (lambda y: y * np.nan, "NaN"),
        (lambda y: y / 0, "infinite"),
        (lambda y: y.transpose(0, 2, 3, 1), "transposed by (0, 3, 1, 2)"),
        (lambda y: y.swapaxes(2, 3), "Axes are exchanged"),
        (lambda y: y[:, :, ::-1], "back to front along axis -2"),
        (lambda y: y[..., ::-1, ::-1], "back to front along the axes (-2, -1)"),
        (lambda y: y + 3, "off by the same amount"),
        (lambda y: y.astype(np.float32).astype(float), "about 7 digits"),
        (np.trunc, "behind the point are cut off"),
        (lambda y: y[:, None], "an axis of length 1 too many"),
        (lambda y: np.stack([y - 1, 0 * y + 1], axis=2), "summed over axis 2"),
        (lambda y: y.reshape(len(y), -1), "they need the shape (2, 3, 4, 4)"),
    ],
)
def test_is_recognised(change, words):
    with np.errstate(all="ignore"):
        assert words in told(change)


def test_an_axis_too_many_has_length_1():
    pairs = [(np.arange(6.0), np.arange(6.0).reshape(2, 3))]
    assert "they need the shape (6,)" in diagnose(pairs)


def test_border():
    assert "at the border only" in diagnose(list(zip(SQUARES, EDGED, strict=True)))


def test_what_nobody_knows():
    assert told(lambda y: y**2 + np.arange(y.size).reshape(y.shape)) is None
    assert told(lambda y: y[:1, :1]) is None


def test_one_number_is_always_some_factor_of_another():
    """Which says nothing, unless it is the same in all cases."""
    pairs = [(np.array(a), np.array(b)) for a, b in ((2.0, 3.0), (5.0, 6.0), (7.0, 1.0))]
    assert diagnose(pairs) is None
    assert diagnose(pairs[:1]) is None
    assert diagnose([(np.array(2.0), np.array(0.0))]) is None
    assert "1.5 times" in diagnose([(np.array(a), np.array(1.5 * a)) for a in (2.0, 5.0)])


def test_a_factor_of_almost_1_is_not_named():
    assert told(lambda y: y * 1.00001) is None


def test_nan_is_named_only_where_it_is_shown():
    """The first pair is shown; that a later one holds NaN hides no other explanation."""
    with np.errstate(all="ignore"):
        pairs = [(y, -y / nan) for y, nan in zip(SQUARES, (1, np.nan), strict=True)]
    assert "times -1" in diagnose(pairs)
    assert diagnose(pairs[::-1]).startswith("There is NaN")
    pairs[0] = (SQUARES[0], SQUARES[0] ** 3)
    assert diagnose(pairs).startswith("In a later case: There is NaN")


def test_must_hold_for_all_cases():
    right, wrong = SQUARES
    assert diagnose([(right, -right), (wrong, wrong**3)]) is None


def test_close():
    y = np.array([1.0, 1e6])
    assert close(y, y + 0.5, 1e-6)
    assert not close(y, y + 1.5, 1e-6)
    assert not close(y, y[:1])
    assert close(np.array([np.inf, 1.0]), np.array([np.inf, 1.0]))
    assert not close(np.array([np.inf, 1.0]), np.array([-np.inf, 1.0]))
    assert not close(np.array([1.0, 2.0]), np.array([np.nan, 2.0]))
    assert close(np.empty((0, 3)), np.empty((0, 3)))
