"""Notebook 0's checker: what readers may write, right and wrong."""

import numpy as np
import pytest

from learn.exercises.answers import accepted, refused
from minialexnet import datasets, learn

NAME = "to_network_input"


def test_solution_agrees_with_the_library():
    rng = np.random.default_rng(0)
    batch = rng.integers(0, 256, (2, 5, 4, 3), dtype=np.uint8)
    mean = np.array([120.0, 110.5, 100.25], dtype=np.float32)
    expected = datasets.to_network_input(batch, mean, 0.125)
    came = learn.exercise(NAME).solution(batch, mean, 0.125)
    assert came.dtype == np.float32
    np.testing.assert_allclose(came, expected, rtol=1e-6)


def by_loops(batch, mean, scale):
    n, h, w, _ = batch.shape
    x = np.zeros((n, 3, h, w), dtype=np.float32)
    for c in range(3):
        for i in range(h):
            for j in range(w):
                x[:, c, i, j] = (batch[:, i, j, c].astype(float) - float(mean[c])) * scale
    return x


def mean_after_transpose(batch, mean, scale):
    x = np.moveaxis(batch.astype("float32"), -1, 1)
    x -= mean.astype("float32")[None, :, None, None]
    x *= scale
    return x


def by_einsum(batch, mean, scale):
    return np.einsum("nhwc->nchw", scale * np.float32(batch) - scale * np.float32(mean))


@pytest.mark.parametrize("answer", [by_loops, mean_after_transpose, by_einsum])
def test_accepts(answer):
    assert not any("remark" in finding for finding in accepted(NAME, answer).findings)


def test_remarks_on_float64():
    def wide(batch, mean, scale):
        return ((batch.astype(float) - mean) * scale).transpose(0, 3, 1, 2)

    assert "it makes float64" in str(accepted(NAME, wide))


def test_remarks_on_float64_that_comes_of_the_mean():
    """Which here is float64 itself, and makes everything so."""
    verdict = accepted(NAME, lambda b, m, s: ((f(b) - m) * s).transpose(0, 3, 1, 2))
    assert "float64 where float32 is asked for" in str(verdict)


def f(array):
    return array.astype(np.float32)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda b, m, s: s * (b - m).transpose(0, 3, 1, 2), "subtracts in uint8"),
        (lambda b, m, s: s * np.moveaxis(b - np.uint8(m), 3, 1), "subtracts in uint8"),
        (lambda b, m, s: ((f(b) - m) * s).reshape(len(b), 3, *b.shape[1:3]), "does not move"),
        (lambda b, m, s: s * (f(b) - m), "still come last"),
        (lambda b, m, s: np.swapaxes((f(b) - m) * s, 1, 3), "Height and width"),
        (lambda b, m, s: np.moveaxis(s * f(b) - f(m), 3, 1), "scales before"),
        (lambda b, m, s: np.moveaxis(f(b) - f(m), 3, 1), "scale is forgotten"),
        (lambda b, m, s: np.moveaxis(f(b) - f(m), 3, 1) / s, "divides by the scale"),
        (lambda b, m, s: np.moveaxis(f(b), 3, 1) * s, "mean is forgotten"),
        (lambda b, m, s: np.moveaxis(f(b) + f(m), 3, 1) * s, "is added"),
        (
            lambda b, m, s: np.moveaxis(f(b) - f(b).mean((1, 2))[:, None, None], 3, 1) * s,
            "mean of each picture",
        ),
        (lambda b, m, s: np.moveaxis(f(b) - f(b).mean((0, 1, 2)), 3, 1) * s, "of this batch"),
        (lambda b, m, s: np.moveaxis(f(b) - m.mean(), 3, 1) * s, "one number from all"),
        (lambda b, m, s: (np.moveaxis(f(b), 3, 1) - m) * s, "not lined up"),
        (lambda b, m, s: np.moveaxis(f(b) - m, 3, 1)[:, [2, 1, 0]] * s, "Red and blue"),
        (lambda b, m, s: np.moveaxis(b / 255 - m, 3, 1) * s, "divided by 255"),
        (lambda b, m, s: b.__isub__(np.uint8(m)).transpose(0, 3, 1, 2) * s, "in place"),
    ],
)
def test_explains(answer, hint):
    refused(NAME, answer, hint)
