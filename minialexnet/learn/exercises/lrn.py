"""Notebook 5: local response normalisation."""

import numpy as np

from minialexnet import ops
from minialexnet.backend import get_array_module
from minialexnet.gradcheck import check_function
from minialexnet.learn.exercise import Exercise, Mistake


def local_response_norm(x, size, alpha, beta, k):
    xp = get_array_module(x)
    y = xp.zeros_like(x)
    for c in range(x.shape[1]):
        window = slice(max(0, c - size // 2), c + size // 2 + 1)
        total = (x[:, window] ** 2).sum(axis=1)
        y[:, c] = x[:, c] / (k + alpha * total) ** beta
    return y


def local_response_norm_backward(dy, x, size, alpha, beta, k):
    xp = get_array_module(x)
    windows = [slice(max(0, c - size // 2), c + size // 2 + 1) for c in range(x.shape[1])]
    s = xp.zeros_like(x)
    for c, window in enumerate(windows):
        s[:, c] = k + alpha * (x[:, window] ** 2).sum(axis=1)
    share = dy * x * s ** (-beta - 1)
    dx = dy * s**-beta
    for c, window in enumerate(windows):
        dx[:, c] -= 2 * alpha * beta * x[:, c] * share[:, window].sum(axis=1)
    return dx


def _in_channels(*values):
    """One picture of one pixel, with these channels."""
    return np.array(values, dtype=float).reshape(1, -1, 1, 1)


def _cases(rng):
    def pictures(*shape):
        return rng.standard_normal(shape)

    return [
        (_in_channels(1, 1, 4, 1, 1), 3, 1.0, 1.0, 2.0),
        (_in_channels(1, 2, 0, 0, 3), 3, 1.0, 1.0, 1.0),
        (_in_channels(1, 2, 3, 4, 5), 5, 0.5, 0.75, 2.0),
        (_in_channels(2, -1, 1), 5, 1.0, 0.5, 1.0),
        (2 * pictures(2, 4, 3, 2), 3, 0.7, 0.5, 1.0),
        (2 * pictures(2, 5, 2, 3), 1, 0.3, 1.5, 2.0),
        (2 * pictures(3, 8, 4, 5), 5, 1.0, 0.75, 2.0),
        (100 * pictures(2, 7, 3, 2), 5, 1e-4, 0.75, 2.0),
    ]


def _backward_cases(rng):
    cases = [(rng.standard_normal(x.shape), x, *constants) for x, *constants in _cases(rng)]
    cases[0] = (_in_channels(0, 0, 1, 0, 0), *cases[0][1:])
    cases[1] = (_in_channels(1, 1, 1, 1, 1), *cases[1][1:])
    return cases


CONSTANTS = {"size": 3, "alpha": 0.8, "beta": 0.75, "k": 2.0}


def _inputs(xp):
    """Of the size 1 to 3, where every term counts."""
    rng = np.random.default_rng(1)
    return xp.asarray(rng.uniform(1, 3, (2, 6, 2, 2)) * rng.choice([-1, 1], (2, 6, 2, 2)))


def _check_forward(answer, xp):
    return check_function(
        lambda x: answer(x, *CONSTANTS.values()),
        lambda dy, x: ops.local_response_norm_backward(dy, x, **CONSTANTS),
        [_inputs(xp)],
        ["x"],
    )


def _check_backward(answer, xp):
    return check_function(
        lambda x: ops.local_response_norm(x, **CONSTANTS),
        lambda dy, x: answer(dy, x, *CONSTANTS.values()),
        [_inputs(xp)],
        ["x"],
    )


# The mistakes: which channels are summed for channel c ...


def _centred(c, size, channels):
    return [j for j in range(c - size // 2, c + size // 2 + 1) if 0 <= j < channels]


def _twice_as_wide(c, size, channels):
    return [j for j in range(c - size, c + size + 1) if 0 <= j < channels]


def _one_short(c, size, channels):
    return [j for j in range(c - size // 2, c + size // 2) if 0 <= j < channels]


def _from_itself_on(c, size, channels):
    return [j for j in range(c, c + size) if j < channels]


def _up_to_itself(c, size, channels):
    return [j for j in range(c - size + 1, c + 1) if j >= 0]


def _around_the_ends(c, size, channels):
    return [j % channels for j in range(c - size // 2, c + size // 2 + 1)]


def _negative_start(c, size, channels):
    return list(range(channels))[c - size // 2 : c + size // 2 + 1]


def _neighbours_only(c, size, channels):
    return [j for j in _centred(c, size, channels) if j != c]


def _all_channels(c, size, channels):
    return list(range(channels))


def _shifted_inside(c, size, channels):
    """Always `size` channels (or all there are): at the ends the window is pushed inside."""
    first = max(0, min(c - size // 2, channels - size))
    return list(range(channels))[first : first + size]


# ... and the sums themselves.


def _sums(values, size, window=_centred):
    xp = get_array_module(values)
    total = xp.zeros_like(values)
    channels = values.shape[1]
    for c in range(channels):
        for j in window(c, size, channels):
            total[:, c] += values[:, j]
    return total


def _windowed(window):
    """The function with another window."""

    def forward(x, size, alpha, beta, k):
        return x / (k + alpha * _sums(x**2, size, window)) ** beta

    return forward


def _along(axis):
    """The window lies along another axis."""

    def forward(x, size, alpha, beta, k):
        total = _sums((x**2).swapaxes(1, axis), size).swapaxes(1, axis)
        return x / (k + alpha * total) ** beta

    return forward


def _in_squares(x, size, alpha, beta, k):
    total = _sums((x**2).swapaxes(1, 2), size).swapaxes(1, 2)
    total = _sums(total.swapaxes(1, 3), size).swapaxes(1, 3)
    return x / (k + alpha * total) ** beta


def _mean_of_those_there_are(x, size, alpha, beta, k):
    count = _sums(0 * x + 1, size)
    return x / (k + alpha * _sums(x**2, size) / count) ** beta


def _scale(x, size, alpha, k, window=_centred):
    return k + alpha * _sums(x**2, size, window)


def _gradient(window):
    """The gradient with another window, in both sums."""

    def backward(dy, x, size, alpha, beta, k):
        s = _scale(x, size, alpha, k, window)
        share = dy * x * s ** (-beta - 1)
        return dy * s**-beta - 2 * alpha * beta * x * _sums(share, size, window)

    return backward


def _across(term):
    """The gradient with another second term: term(dy, x, s, size, alpha, beta)."""

    def backward(dy, x, size, alpha, beta, k):
        s = _scale(x, size, alpha, k)
        return dy * s**-beta + term(dy, x, s, size, alpha, beta)

    return backward


AROUND_THE_ENDS = (
    "The window wraps around: the first channel counts the last ones among its neighbours (np.roll "
    "does that). At the ends the window is cut off: there are fewer neighbours there."
)
NEGATIVE_START = (
    "A slice begins at a negative number: for the first channels c - size // 2 is below 0, which "
    "Python counts from the end, so the window is empty or lies elsewhere. Begin at "
    "max(0, c - size // 2)."
)
OVER_SPACE = (
    "The window lies over neighbouring pixels. Here neighbours are the units at the *same* pixel "
    "in adjacent channels: axis 1 of (N, C, H, W)."
)
DIVIDED_BY_SIZE = (
    "alpha is divided by `size`, as Caffe, PyTorch and the code of 2012 do it. Here it is the "
    "paper's formula: alpha times the sum."
)
K_MISSING = "k is missing: s = k + alpha * (sum of squares)."

EXERCISES = (
    Exercise(
        name="local_response_norm",
        task="Divides each unit of x (N, C, H, W) by s^beta, where s is k + alpha * (the sum of "
        "x^2 over the `size` channels centred on its own, at the same pixel). size is odd; at the "
        "ends the window is cut off.",
        solution=local_response_norm,
        cases=_cases,
        gradient_check=_check_forward,
        mistakes=(
            Mistake(DIVIDED_BY_SIZE, lambda x, n, a, b, k: local_response_norm(x, n, a / n, b, k)),
            Mistake(
                "The square is missing: it is the sum of x^2, in which signs play no part.",
                lambda x, n, a, b, k: x / (k + a * _sums(x, n)) ** b,
            ),
            Mistake(
                "Sizes are summed where squares belong: x^2, not |x|.",
                lambda x, n, a, b, k: x / (k + a * _sums(abs(x), n)) ** b,
            ),
            Mistake(
                "The sum is squared; it is the sum of the squares: first square, then sum.",
                lambda x, n, a, b, k: x / (k + a * _sums(x, n) ** 2) ** b,
            ),
            Mistake(K_MISSING, lambda x, n, a, b, k: local_response_norm(x, n, a, b, 0)),
            Mistake(
                "k is added 1 where it should be k: it is an argument.",
                lambda x, n, a, b, k: local_response_norm(x, n, a, b, 1),
            ),
            Mistake(
                "alpha is missing before the sum.",
                lambda x, n, a, b, k: local_response_norm(x, n, 1, b, k),
            ),
            Mistake(
                "The exponent has the wrong sign: x is *divided* by s^beta, so an active "
                "neighbourhood makes it smaller. (x / s ** beta, or x * s ** -beta.)",
                lambda x, n, a, b, k: local_response_norm(x, n, a, -b, k),
            ),
            Mistake(
                "s is multiplied by beta; beta is an exponent: s ** beta.",
                lambda x, n, a, b, k: x / (b * (k + a * _sums(x * x, n))),
            ),
            Mistake(
                "k stands inside the sum, and is counted for every channel of the window; it is "
                "added once.",
                lambda x, n, a, b, k: x / _sums(k + a * x * x, n) ** b,
            ),
            Mistake(
                "The sum goes over the pictures of the batch as well: each picture has its own.",
                lambda x, n, a, b, k: x / (k + a * _sums(x * x, n).sum(axis=0, keepdims=True)) ** b,
            ),
            Mistake(
                "beta is missing: x is divided by s to the power of beta, not by s itself.",
                lambda x, n, a, b, k: local_response_norm(x, n, a, 1, k),
            ),
            Mistake(
                "alpha is squared: it stands inside the square, (alpha x)². It multiplies the sum "
                "of squares.",
                lambda x, n, a, b, k: local_response_norm(x, n, a * a, b, k),
            ),
            Mistake(
                "Only the divisor's inverse is returned, without x above it: x / s^beta.",
                lambda x, n, a, b, k: (k + a * _sums(x**2, n)) ** -b,
            ),
            Mistake(
                "The squares stand above the fraction too: above it is x itself.",
                lambda x, n, a, b, k: x * local_response_norm(x, n, a, b, k),
            ),
            Mistake(
                "The window reaches `size` channels to either side, and so holds 2 * size + 1; it "
                "holds `size` in all: size // 2 to either side, and the unit itself. "
                "(TensorFlow's depth_radius is that half.)",
                _windowed(_twice_as_wide),
            ),
            Mistake(
                "The window is one channel short at its upper end: a slice and a range stop before "
                "their end, so it is c + size // 2 + 1.",
                _windowed(_one_short),
            ),
            Mistake(
                "The window is one-sided: it begins at the channel itself, but its own channel is "
                "in the middle: from c - size // 2 on.",
                _windowed(_from_itself_on),
            ),
            Mistake(
                "The window is one-sided: it ends at the channel itself, but its own channel is in "
                "the middle: up to c + size // 2.",
                _windowed(_up_to_itself),
            ),
            Mistake(AROUND_THE_ENDS, _windowed(_around_the_ends)),
            Mistake(NEGATIVE_START, _windowed(_negative_start)),
            Mistake(
                "At the ends the window is pushed inside, so that it always holds `size` channels. "
                "It stays centred on its own channel, and what lies outside is left out.",
                _windowed(_shifted_inside),
            ),
            Mistake(
                "The unit's own square is left out: the window holds its own channel too.",
                _windowed(_neighbours_only),
            ),
            Mistake(
                "The sum goes over all channels: it is over `size` channels around its own.",
                _windowed(_all_channels),
            ),
            Mistake(
                "It takes the mean of the channels in the window; here it is the paper's formula: "
                "alpha times the sum.",
                _mean_of_those_there_are,
            ),
            Mistake(
                "The window lies over neighbouring pictures of the batch (axis 0), which have "
                "nothing to do with each other. Channels are axis 1.",
                _along(0),
            ),
            Mistake(OVER_SPACE, _along(2)),
            Mistake(OVER_SPACE, _along(3)),
            Mistake(OVER_SPACE, _in_squares),
        ),
    ),
    Exercise(
        name="local_response_norm_backward",
        task="The gradient of local_response_norm: from dy, like y, and x (N, C, H, W) to dx, like "
        "x. size, alpha, beta, k as in the forward pass; size is odd.",
        solution=local_response_norm_backward,
        cases=_backward_cases,
        results=("dx",),
        gradient_check=_check_backward,
        mistakes=(
            Mistake(
                "The term across channels is missing: x_c also stands in the divisors s_j of its "
                "neighbours, and in its own. With the paper's constants the term is tiny, but it "
                "is there.",
                _across(lambda dy, x, s, n, a, b: 0 * x),
            ),
            Mistake(
                "Only a unit's own divisor is differentiated. x_c also stands in the divisors s_j "
                "of its neighbours: sum over all j whose window holds c.",
                _across(lambda dy, x, s, n, a, b: -2 * a * b * x * dy * x * s ** (-b - 1)),
            ),
            Mistake(
                "Only the neighbours' divisors are differentiated. x_c stands in its own s_c too: "
                "the sum goes over all j of the window, c among them.",
                _across(
                    lambda dy, x, s, n, a, b: (
                        -2 * a * b * x * _sums(dy * x * s ** (-b - 1), n, _neighbours_only)
                    )
                ),
            ),
            Mistake(
                "The factor 2 is missing in the second term: the derivative of x_c^2 is 2 x_c.",
                _across(lambda dy, x, s, n, a, b: -a * b * x * _sums(dy * x * s ** (-b - 1), n)),
            ),
            Mistake(
                "The second term has the wrong sign: it is subtracted, for s stands to the power "
                "of -beta, whose derivative has the factor -beta.",
                _across(lambda dy, x, s, n, a, b: 2 * a * b * x * _sums(dy * x * s ** (-b - 1), n)),
            ),
            Mistake(
                "x_j is missing in the sum: y_j is x_j * s_j^(-beta), so what is summed is "
                "dy_j * x_j * s_j^(-beta - 1).",
                _across(lambda dy, x, s, n, a, b: -2 * a * b * x * _sums(dy * s ** (-b - 1), n)),
            ),
            Mistake(
                "x_c is missing before the sum: the derivative of s_j with respect to x_c is "
                "2 * alpha * x_c.",
                _across(lambda dy, x, s, n, a, b: -2 * a * b * _sums(dy * x * s ** (-b - 1), n)),
            ),
            Mistake(
                "x_c stands twice before the sum, where once is x_j inside it: "
                "x_c * (sum of dy_j * x_j * s_j^(-beta - 1)).",
                _across(
                    lambda dy, x, s, n, a, b: -2 * a * b * x * x * _sums(dy * s ** (-b - 1), n)
                ),
            ),
            Mistake(
                "dy is taken out of the sum: each neighbour has its own dy_j, so it is inside.",
                _across(
                    lambda dy, x, s, n, a, b: -2 * a * b * x * dy * _sums(x * s ** (-b - 1), n)
                ),
            ),
            Mistake(
                "s is taken out of the sum: each neighbour has its own divisor s_j, so it is "
                "inside.",
                _across(
                    lambda dy, x, s, n, a, b: -2 * a * b * x * s ** (-b - 1) * _sums(dy * x, n)
                ),
            ),
            Mistake(
                "The exponent in the sum is -beta; differentiating s^(-beta) lowers it by one: "
                "-beta - 1.",
                _across(lambda dy, x, s, n, a, b: -2 * a * b * x * _sums(dy * x * s**-b, n)),
            ),
            Mistake(
                "The exponent in the sum is -beta + 1: differentiating lowers it by one, to "
                "-beta - 1.",
                _across(lambda dy, x, s, n, a, b: -2 * a * b * x * _sums(dy * x * s ** (1 - b), n)),
            ),
            Mistake(
                "The factor beta is missing in the second term: it comes down from the exponent.",
                _across(lambda dy, x, s, n, a, b: -2 * a * x * _sums(dy * x * s ** (-b - 1), n)),
            ),
            Mistake(
                "The factor alpha is missing in the second term: s_j = k + alpha * (...), so "
                "its derivative is 2 * alpha * x_c.",
                _across(lambda dy, x, s, n, a, b: -2 * b * x * _sums(dy * x * s ** (-b - 1), n)),
            ),
            Mistake(
                "Only the term across channels is there; dy_c * s_c^(-beta) is missing, which "
                "comes from x_c standing above the fraction.",
                lambda dy, x, n, a, b, k: (
                    local_response_norm_backward(dy, x, n, a, b, k) - dy * _scale(x, n, a, k) ** -b
                ),
            ),
            Mistake(
                DIVIDED_BY_SIZE,
                lambda dy, x, n, a, b, k: local_response_norm_backward(dy, x, n, a / n, b, k),
            ),
            Mistake(
                K_MISSING,
                lambda dy, x, n, a, b, k: local_response_norm_backward(dy, x, n, a, b, 0),
            ),
            Mistake(AROUND_THE_ENDS, _gradient(_around_the_ends)),
            Mistake(NEGATIVE_START, _gradient(_negative_start)),
            Mistake(
                "dy is missing: it is the forward pass's derivative as if each dy were 1.",
                lambda dy, x, n, a, b, k: local_response_norm_backward(0 * dy + 1, x, n, a, b, k),
            ),
        ),
    ),
)
