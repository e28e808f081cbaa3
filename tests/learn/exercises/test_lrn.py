"""The exercises on local response normalisation: right answers pass, wrong ones get their hint."""

import numpy as np
import pytest

from learn.exercises.answers import accepted, refused
from minialexnet import learn, ops

NAMES = ("local_response_norm", "local_response_norm_backward")


@pytest.mark.parametrize("size", [1, 3, 5, 7])
def test_the_solutions_are_the_librarys(rng, size):
    x, dy = 2 * rng.standard_normal((2, 2, 5, 4, 3))
    constants = (size, 0.7, 0.75, 2.0)
    forward, backward = (learn.exercise(name).solution for name in NAMES)
    np.testing.assert_allclose(forward(x, *constants), ops.local_response_norm(x, *constants))
    np.testing.assert_allclose(
        backward(dy, x, *constants), ops.local_response_norm_backward(dy, x, *constants)
    )


# Right answers, as readers write them.


def by_loops(x, size, alpha, beta, k):
    n, c, h, w = x.shape
    y = np.empty((n, c, h, w))
    half = size // 2
    for a in range(n):
        for i in range(c):
            for u in range(h):
                for v in range(w):
                    s = k
                    for j in range(i - half, i + half + 1):
                        if 0 <= j < c:
                            s += alpha * x[a, j, u, v] * x[a, j, u, v]
                    y[a, i, u, v] = x[a, i, u, v] * s ** (-beta)
    return y


def by_padding(x, size, alpha, beta, k):
    half = size // 2
    squares = np.pad(x * x, ((0, 0), (half, half), (0, 0), (0, 0)))
    total = sum(squares[:, i : i + x.shape[1]] for i in range(size))
    return x / np.power(k + alpha * total, beta)


def by_a_band_matrix(x, size, alpha, beta, k):
    c = np.arange(x.shape[1])
    band = (abs(c[:, None] - c) <= size // 2).astype(float)
    return x * (k + alpha * np.einsum("cj,njhw->nchw", band, x**2)) ** -beta


def by_running_sums(x, size, alpha, beta, k):
    n, c, h, w = x.shape
    sums = np.concatenate([np.zeros((n, 1, h, w)), np.cumsum(x**2, axis=1)], axis=1)
    low = np.clip(np.arange(c) - size // 2, 0, c)
    high = np.clip(np.arange(c) + size // 2 + 1, 0, c)
    return x / (k + alpha * (sums[:, high] - sums[:, low])) ** beta


@pytest.mark.parametrize("answer", [by_loops, by_padding, by_a_band_matrix, by_running_sums])
def test_other_ways_to_write_the_forward_pass_are_accepted(answer):
    accepted("local_response_norm", answer)


def backward_by_definition(dy, x, size, alpha, beta, k):
    """All derivatives dy_j / dx_c, one by one."""
    c, half = x.shape[1], size // 2
    dx = np.zeros(x.shape)
    for j in range(c):
        inside = range(max(0, j - half), min(c, j + half + 1))
        s = k + alpha * sum(x[:, i] ** 2 for i in inside)
        dx[:, j] += dy[:, j] / s**beta
        for i in inside:
            dx[:, i] += dy[:, j] * x[:, j] * (-beta) * s ** (-beta - 1) * alpha * 2 * x[:, i]
    return dx


def backward_by_a_matrix(dy, x, size, alpha, beta, k):
    c = np.arange(x.shape[1])
    band = (abs(c[:, None] - c) <= size // 2) * 1.0
    s = k + alpha * np.einsum("cj,njhw->nchw", band, x**2)
    r = dy / s**beta
    return r - 2 * alpha * beta * x * np.einsum("jc,njhw->nchw", band, r * x / s)


@pytest.mark.parametrize("answer", [backward_by_definition, backward_by_a_matrix])
def test_other_ways_to_write_the_backward_pass_are_accepted(answer):
    accepted("local_response_norm_backward", answer)


# Wrong answers, as readers write them.


def as_in_pytorch(x, size, alpha, beta, k):
    half = size // 2
    padded = np.pad(x**2, ((0, 0), (half, half), (0, 0), (0, 0)))
    total = sum(padded[:, i : i + x.shape[1]] for i in range(size))
    return x / (k + alpha / size * total) ** beta


def rolled(x, size, alpha, beta, k):
    total = 0
    for shift in range(-(size // 2), size // 2 + 1):
        total = total + np.roll(x, shift, axis=1) ** 2
    return x / (k + alpha * total) ** beta


def sliced_from_below_zero(x, size, alpha, beta, k):
    y = np.empty_like(x)
    for c in range(x.shape[1]):
        near = x[:, c - size // 2 : c + size // 2 + 1]
        y[:, c] = x[:, c] / (k + alpha * (near**2).sum(axis=1)) ** beta
    return y


def radius_is_size(x, size, alpha, beta, k):
    y = np.empty_like(x)
    for c in range(x.shape[1]):
        near = x[:, max(c - size, 0) : c + size + 1]
        y[:, c] = x[:, c] / (k + alpha * np.sum(near**2, axis=1)) ** beta
    return y


def end_forgotten(x, size, alpha, beta, k):
    y = np.empty_like(x)
    for c in range(x.shape[1]):
        near = x[:, max(c - size // 2, 0) : c + size // 2]
        y[:, c] = x[:, c] / (k + alpha * np.sum(near**2, axis=1)) ** beta
    return y


def over_pixels(x, size, alpha, beta, k):
    half = size // 2
    padded = np.pad(x**2, ((0, 0), (0, 0), (half, half), (half, half)))
    h, w = x.shape[2:]
    total = sum(padded[:, :, i : i + h, j : j + w] for i in range(size) for j in range(size))
    return x / (k + alpha * total) ** beta


def without_squares(x, size, alpha, beta, k):
    c = np.arange(x.shape[1])
    band = 1.0 * (abs(c[:, None] - c) <= size // 2)
    return x / (k + alpha * np.einsum("cj,njhw->nchw", band, x)) ** beta


def multiplied(x, size, alpha, beta, k):
    c = np.arange(x.shape[1])
    band = 1.0 * (abs(c[:, None] - c) <= size // 2)
    return x * (k + alpha * np.einsum("cj,njhw->nchw", band, x * x)) ** beta


def over_the_batch(x, size, alpha, beta, k):
    y = np.empty_like(x)
    for i in range(len(x)):
        near = x[max(0, i - size // 2) : i + size // 2 + 1]
        y[i] = x[i] / (k + alpha * (near**2).sum(axis=0)) ** beta
    return y


def without_k(x, size, alpha, beta, k):
    c = np.arange(x.shape[1])
    band = 1.0 * (abs(c[:, None] - c) <= size // 2)
    return x / (alpha * np.einsum("cj,njhw->nchw", band, x * x)) ** beta


def looped(x, size, alpha, k, term, power):
    """By windows; `term` sums one, `power` is what x is divided by."""
    y = np.empty_like(x)
    for c in range(x.shape[1]):
        window = x[:, max(0, c - size // 2) : c + size // 2 + 1]
        y[:, c] = x[:, c] / power(term(window, alpha, k))
    return y


def beta_as_a_factor(x, size, alpha, beta, k):
    def term(w, alpha, k):
        return k + alpha * (w**2).sum(axis=1)

    return looped(x, size, alpha, k, term, lambda s: s * beta)


def k_in_the_sum(x, size, alpha, beta, k):
    def term(w, alpha, k):
        return (k + alpha * w**2).sum(axis=1)

    return looped(x, size, alpha, k, term, lambda s: s**beta)


def summed_over_pictures_too(x, size, alpha, beta, k):
    def term(w, alpha, k):
        return k + alpha * (w**2).sum(axis=(0, 1))

    return looped(x, size, alpha, k, term, lambda s: s**beta)


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (as_in_pytorch, "divided by `size`"),
        (rolled, "wraps around"),
        (sliced_from_below_zero, "negative number"),
        (radius_is_size, "2 * size + 1"),
        (end_forgotten, "stop before their end"),
        (over_pixels, "neighbouring pixels"),
        (without_squares, "square is missing"),
        (multiplied, "wrong sign"),
        (over_the_batch, "pictures of the batch"),
        (without_k, "k is missing"),
        (beta_as_a_factor, "beta is an exponent"),
        (k_in_the_sum, "k stands inside the sum"),
        (summed_over_pictures_too, "of the batch as well"),
    ],
)
def test_a_wrong_forward_pass_gets_its_hint(answer, phrase):
    refused("local_response_norm", answer, phrase)


def band_and_s(x, size, alpha, k):
    c = np.arange(x.shape[1])
    band = 1.0 * (abs(c[:, None] - c) <= size // 2)
    return band, k + alpha * np.einsum("cj,njhw->nchw", band, x**2)


def across_forgotten(dy, x, size, alpha, beta, k):
    _, s = band_and_s(x, size, alpha, k)
    return dy / s**beta


def own_divisor_only(dy, x, size, alpha, beta, k):
    """The quotient rule for each unit by itself."""
    _, s = band_and_s(x, size, alpha, k)
    return dy * (s - 2 * alpha * beta * x**2) / s ** (beta + 1)


def two_forgotten(dy, x, size, alpha, beta, k):
    band, s = band_and_s(x, size, alpha, k)
    across = np.einsum("cj,njhw->nchw", band, dy * x / s ** (beta + 1))
    return dy / s**beta - alpha * beta * x * across


def sign_exchanged(dy, x, size, alpha, beta, k):
    band, s = band_and_s(x, size, alpha, k)
    across = np.einsum("cj,njhw->nchw", band, dy * x / s ** (beta + 1))
    return dy / s**beta + 2 * alpha * beta * x * across


def dy_summed_alone(dy, x, size, alpha, beta, k):
    band, s = band_and_s(x, size, alpha, k)
    across = np.einsum("cj,njhw->nchw", band, dy / s ** (beta + 1))
    return dy / s**beta - 2 * alpha * beta * x * across


def s_outside(dy, x, size, alpha, beta, k):
    band, s = band_and_s(x, size, alpha, k)
    across = np.einsum("cj,njhw->nchw", band, dy * x)
    return dy / s**beta - 2 * alpha * beta * x * across / s ** (beta + 1)


def exponent_not_lowered(dy, x, size, alpha, beta, k):
    band, s = band_and_s(x, size, alpha, k)
    across = np.einsum("cj,njhw->nchw", band, dy * x * s**-beta)
    return dy * s**-beta - 2 * alpha * beta * x * across


def alpha_over_size(dy, x, size, alpha, beta, k):
    return backward_by_a_matrix(dy, x, size, alpha / size, beta, k)


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (across_forgotten, "term across channels is missing"),
        (own_divisor_only, "Only a unit's own divisor"),
        (two_forgotten, "factor 2 is missing"),
        (sign_exchanged, "wrong sign"),
        (dy_summed_alone, "x_j is missing in the sum"),
        (s_outside, "s is taken out of the sum"),
        (exponent_not_lowered, "lowers it by one"),
        (alpha_over_size, "divided by `size`"),
    ],
)
def test_a_wrong_backward_pass_gets_its_hint(answer, phrase):
    refused("local_response_norm_backward", answer, phrase)


def test_an_answer_that_changes_dy_is_told_so():
    def in_place(dy, x, size, alpha, beta, k):
        _, s = band_and_s(x, size, alpha, k)
        dy *= s**-beta
        band = abs(np.subtract.outer(range(x.shape[1]), range(x.shape[1]))) <= size // 2
        return dy - 2 * alpha * beta * x * np.einsum("cj,njhw->nchw", 1.0 * band, dy * x / s)

    verdict = learn.check("local_response_norm_backward", in_place)
    assert not verdict.ok
    assert "changes its argument dy in place" in str(verdict)
