"""Local response normalisation is its formula, and its gradient has all of its terms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minialexnet.errors import InputError
from minialexnet.ops import local_response_norm, local_response_norm_backward

# With the paper's alpha of 1e-4 the sum over the neighbours hardly counts, and a gradient without
# it would pass; so these have alpha near 1.
CONFIGURATIONS = {
    "the paper's window": dict(channels=8, size=5, alpha=1.0, beta=0.75, k=2.0, groups=1),
    "even window": dict(channels=7, size=4, alpha=0.7, beta=0.75, k=1.0, groups=1),
    "window of two": dict(channels=3, size=2, alpha=0.9, beta=0.5, k=1.0, groups=1),
    "window of one": dict(channels=4, size=1, alpha=1.0, beta=0.75, k=1.0, groups=1),
    "fewer channels than the window": dict(channels=2, size=5, alpha=1, beta=0.75, k=2, groups=1),
    "fewer channels, even": dict(channels=3, size=8, alpha=0.5, beta=1.0, k=2.0, groups=1),
    "one channel": dict(channels=1, size=3, alpha=1.0, beta=0.75, k=1.0, groups=1),
    "two towers": dict(channels=8, size=5, alpha=1.0, beta=0.75, k=2.0, groups=2),
    "three towers, even window": dict(channels=9, size=4, alpha=1.0, beta=0.6, k=2.0, groups=3),
    "every channel its own tower": dict(channels=4, size=5, alpha=1, beta=0.75, k=2, groups=4),
    "beta above one": dict(channels=6, size=3, alpha=0.3, beta=1.5, k=1.0, groups=1),
    "beta zero": dict(channels=6, size=3, alpha=0.3, beta=0.0, k=1.0, groups=1),
}


def lrn_by_loops(x, dy, channels, size, alpha, beta, k, groups):
    """y and dx: for each channel c the channels j around it, and d y_c / d x_j for each."""
    window = {
        c: [
            j
            for j in range(c - size // 2, c - size // 2 + size)
            if 0 <= j < channels and j // (channels // groups) == c // (channels // groups)
        ]
        for c in range(channels)
    }
    y, dx = np.zeros_like(x), np.zeros_like(x)
    for c in range(channels):
        s = k + alpha * sum(x[:, j] ** 2 for j in window[c])
        y[:, c] = x[:, c] * s**-beta
        dx[:, c] += dy[:, c] * s**-beta
        for j in window[c]:
            dx[:, j] += dy[:, c] * x[:, c] * -beta * s ** (-beta - 1) * alpha * 2 * x[:, j]
    return y, dx


def check(backend, dtype, channels, groups, **constants):
    rng = np.random.default_rng(0)
    x, dy = 2 * rng.standard_normal((2, channels, 3, 2)), rng.standard_normal((2, channels, 3, 2))
    y, dx = lrn_by_loops(x, dy, channels, groups=groups, **constants)
    x, dy = backend.put(x, dtype), backend.put(dy, dtype)
    backend.check(local_response_norm(x, groups=groups, **constants), y, dtype)
    back = local_response_norm_backward(dy, x, groups=groups, **constants)
    backend.check(back, dx, dtype)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_values_and_gradients_are_those_of_the_definition(backend, dtype, name):
    check(backend, dtype, **CONFIGURATIONS[name])


@given(
    size=st.integers(1, 7),
    per_group=st.integers(1, 8),
    groups=st.integers(1, 3),
    beta=st.sampled_from([0.25, 0.5, 0.75, 1.0]),
)
def test_values_and_gradients_are_those_of_the_definition_for_any_window(
    backend, size, per_group, groups, beta
):
    check(backend, "float64", per_group * groups, groups, size=size, alpha=1.0, beta=beta, k=1.0)


def test_the_window_of_even_size_has_one_more_channel_below(backend, dtype):
    x = backend.put(np.array([1.0, 10, 100, 1000]).reshape(1, 4, 1, 1), dtype)
    y = local_response_norm(x, size=2, alpha=1.0, beta=1.0, k=0.0)
    expected = np.array([1 / 1.0, 10 / 101, 100 / 10100, 1000 / 1010000]).reshape(1, 4, 1, 1)
    backend.check(y, expected, dtype)


def test_the_constants_of_the_paper_are_the_defaults(backend, rng):
    x, dy = rng.standard_normal((1, 9, 2, 2)), rng.standard_normal((1, 9, 2, 2))
    y, dx = lrn_by_loops(50 * x, dy, 9, size=5, alpha=1e-4, beta=0.75, k=2.0, groups=1)
    x, dy = backend.put(50 * x), backend.put(dy)
    backend.check(local_response_norm(x), y, "float64")
    backend.check(local_response_norm_backward(dy, x), dx, "float64")


@pytest.mark.parametrize(("size", "groups"), [(0, 1), (5, 4), (5, 0)])
def test_windows_and_groups_that_do_not_fit_are_refused(backend, size, groups):
    x = backend.put(np.ones((1, 6, 2, 2)), "float32")
    with pytest.raises(InputError, match=f"6 channels with size={size} and groups={groups}"):
        local_response_norm(x, size=size, groups=groups)


def test_wrong_shapes_are_refused(backend):
    x, flat = backend.put(np.ones((1, 6, 2, 2)), "float32"), backend.put(np.ones((4, 6)), "float32")
    with pytest.raises(InputError, match=r"x has shape \(4, 6\); expected four axes"):
        local_response_norm(flat)
    with pytest.raises(InputError, match=r"dy has shape \(4, 6\); expected \(1, 6, 2, 2\)"):
        local_response_norm_backward(flat, x)
