"""Notebook 8: gradient checking."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from minialexnet.backend import get_array_module
from minialexnet.learn.exercise import Exercise, Mistake


def numeric_gradient(f, x, h):
    xp = get_array_module(x)
    x = xp.array(x, dtype=xp.float64)  # a copy: it may be changed
    gradient = xp.zeros(x.shape)
    for index in np.ndindex(*x.shape):
        original = float(x[index])
        x[index] = original + h
        above = float(f(x))
        x[index] = original - h
        below = float(f(x))
        x[index] = original
        gradient[index] = (above - below) / (2 * h)
    return gradient


def relative_error(a, b):
    xp = get_array_module(a, b)
    scale = xp.maximum(abs(a), abs(b))
    scale = xp.where(scale == 0, 1, scale)  # both are 0, and so is their difference
    return float((abs(a - b) / scale).max())


@dataclass(frozen=True)
class Formula:
    """A function that says what it is when it is printed."""

    text: str
    function: Callable[[Any], Any]

    def __call__(self, x: Any) -> Any:
        """The function of the array x."""
        return self.function(x)

    def __repr__(self) -> str:
        return f"lambda x: {self.text}"


CUBES = Formula("(x**3).sum()", lambda x: (x**3).sum())
SQUARES = Formula("(x**2).sum()", lambda x: (x**2).sum())
PRODUCT = Formula("x.prod()", lambda x: x.prod())
PEAK = Formula("1 / (1 + (x**2).sum())", lambda x: 1 / (1 + (x**2).sum()))
NEIGHBOURS = Formula("(x[1:] * x[:-1] ** 2).sum()", lambda x: (x[1:] * x[:-1] ** 2).sum())


def _gradient_cases(rng):
    return [
        (CUBES, np.array([3.0]), 1.0),
        (PRODUCT, np.array([2.0, 5.0]), 1.0),
        (SQUARES, np.array([[1.0, 2.0], [3.0, 4.0]]), 0.5),
        (CUBES, np.array([[1.0, 2.0, 3.0]]), 0.5),
        (PEAK, rng.standard_normal((2, 3)), 1e-3),
        (NEIGHBOURS, rng.standard_normal((3, 2, 2)), 1e-5),
        (SQUARES, np.array([3, 1, 2]), 0.5),
        (CUBES, rng.standard_normal(3).astype(np.float32), 1e-4),
        (PEAK, rng.standard_normal(4), 1e-4),
    ]


def _error_cases(rng):
    noise = rng.standard_normal((3, 4))
    return [
        (np.array([2.0]), np.array([1.0])),
        (np.array([1.0]), np.array([2.0])),
        (np.array([1.0, 2.0, 4.0]), np.array([1.0, -2.0, 4.0])),
        (np.array([4.0, 5.0]), np.array([4.0, 4.0])),
        (np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 3.0])),
        (np.array([0.0, 1.0]), np.array([0.5, 1.0])),
        (np.array([0.25, 1.0]), np.array([0.0, 1.0])),
        (np.array([-3.0, -8.0]), np.array([-4.0, -8.0])),
        (np.array([1e-6, 1000.0]), np.array([2e-6, 1000.0])),
        (noise, noise * np.linspace(0.5, 1.5, 12).reshape(3, 4)),
    ]


def _by_number(slope, dtype=np.float64, in_place=False):
    """A gradient number by number; slope(f, x, index, h) leaves x as the mistake leaves it."""

    def gradient(f, x, h):
        xp = get_array_module(x)
        if not in_place:
            x = xp.array(x, dtype=x.dtype if dtype is None else dtype)
        result = xp.zeros(x.shape, dtype=x.dtype if dtype is None else np.float64)
        for index in np.ndindex(*x.shape):
            result[index] = slope(f, x, index, h)
        return result

    return gradient


def _around(divide=lambda above, below, h: (above - below) / (2 * h), up=1, down=1, back=True):
    """The slope between x + up * h and x - down * h; `back`: the number is put back."""

    def slope(f, x, index, h):
        original = float(x[index])
        x[index] = original + up * h
        above = float(f(x))
        x[index] = original - down * h
        below = float(f(x))
        if back:
            x[index] = original
        return divide(above, below, h)

    return slope


def _back_by_sums(f, x, index, h):
    x[index] += h
    above = float(f(x))
    x[index] -= 2 * h
    below = float(f(x))
    x[index] += h
    return (above - below) / (2 * h)


def _all_at_once(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


def _row_by_row(f, x, h):
    xp = get_array_module(x)
    x = xp.array(x, dtype=xp.float64)
    gradient = xp.zeros(x.shape)
    for i in range(len(x)):
        original = xp.array(x[i])
        x[i] = original + h
        above = float(f(x))
        x[i] = original - h
        below = float(f(x))
        x[i] = original
        gradient[i] = (above - below) / (2 * h)
    return gradient


def _filled(f, x, h):
    return get_array_module(x).full(x.shape, float(_all_at_once(f, x, h)))


def _own_type(f, x, h, whole):
    """In float32 for such an x; with `whole`, in an integer array for whole numbers."""
    if (x.dtype == np.float32) if whole else (x.dtype.kind in "iu"):
        x = get_array_module(x).array(x, dtype=np.float64)
    return _by_number(_around(), None)(f, x, h)


def _nonzero(scale):
    """1 in place of 0."""
    return get_array_module(scale).where(scale == 0, 1, scale)


def _ratio(a, b, scale):
    return abs(a - b) / scale


def _larger(a, b):
    return get_array_module(a).maximum(abs(a), abs(b))


def _norm(a):
    return float((a**2).sum()) ** 0.5


def _without_zeros(a, b):
    both = (a != 0) & (b != 0)
    return _ratio(a[both], b[both], _larger(a[both], b[both])).max()


FORWARD = (
    "This is a one-sided difference, whose error falls only as h. Central differences move the "
    "number up and down: (f(x + h) - f(x - h)) / 2h."
)
FACTOR = "Between x + h and x - h lie two steps: divide by 2 * h, not by h."
NOT_BACK = (
    "The number is not put back: when the next one is moved, this one is still off by h. Keep it "
    "before you move it, and write it back."
)
AT_ONCE = (
    "All numbers are moved at once, which gives the sum of all derivatives. Each number has its "
    "own: move one, evaluate twice, put it back, then the next."
)
WHOLE_NUMBERS = (
    "Whole numbers stay whole: 3 + 0.5 written into an integer array becomes 3. Work on a float64 "
    "copy of x."
)

BY_A = (
    "It is divided by |a| only: where a is 0 or small that is anything, and a and b "
    "exchanged give something else. Divide by the larger of the two."
)
BY_B = (
    "It is divided by |b| only: where b is 0 or small that is anything, and a and b "
    "exchanged give something else. Divide by the larger of the two."
)
NORMS = (
    "Norms of whole arrays are compared, so a small gradient may be quite wrong, and "
    "so may one among many. Here number by number, and then the largest."
)

EXERCISES = (
    Exercise(
        name="numeric_gradient",
        task="The gradient of f with respect to each number of x by central differences with step "
        "h. f takes an array like x and gives one number. The result has the shape of x; x may be "
        "of any dtype, but the work is done in float64.",
        solution=numeric_gradient,
        cases=_gradient_cases,
        results=("the gradient",),
        mistakes=(
            Mistake(FORWARD, _by_number(_around(lambda a, b, h: (a - b) / h, down=0))),
            Mistake(FORWARD, _by_number(_around(lambda a, b, h: (a - b) / h, up=0))),
            Mistake(
                "The second value is taken at x itself, not at x - h: from x + h the number has to "
                "go down by 2h.",
                _by_number(_around(down=0)),
            ),
            Mistake(
                "The first value is taken at x itself, not at x + h: the number goes up by h, "
                "from there down by 2h.",
                _by_number(_around(up=0)),
            ),
            Mistake(FACTOR, _by_number(_around(lambda a, b, h: (a - b) / h))),
            Mistake(
                "/ 2 * h divides by 2 and then multiplies by h. Brackets: / (2 * h).",
                _by_number(_around(lambda a, b, h: (a - b) / 2 * h)),
            ),
            Mistake(
                "The sign is the wrong way round: f(x + h) comes first, then f(x - h) is taken "
                "from it.",
                _by_number(_around(lambda a, b, h: (b - a) / (2 * h))),
            ),
            Mistake(NOT_BACK, _by_number(_around(back=False))),
            Mistake(NOT_BACK, _by_number(_around(back=False), None, in_place=True)),
            Mistake(
                "The number is put back by adding and subtracting h, and each sum is rounded: what "
                "was 0.1 is now 0.1 and a trifle, in the caller's array. Keep the number itself, "
                "and write it back.",
                _by_number(_back_by_sums, None, in_place=True),
            ),
            Mistake(AT_ONCE, _all_at_once),
            Mistake(AT_ONCE, _filled),
            Mistake(
                "Only the first axis is walked over, so whole rows are moved at once. np.ndindex("
                "x.shape) gives the place of every single number, whatever the shape.",
                _row_by_row,
            ),
            Mistake(WHOLE_NUMBERS, _by_number(_around(), None)),
            Mistake(WHOLE_NUMBERS, lambda f, x, h: _own_type(f, x, h, whole=True)),
            Mistake(
                "It is computed in float32, in which x + h and f are rounded to 7 digits: what "
                "is left of their difference is mostly rounding. Work on a float64 copy of x.",
                _by_number(_around(), np.float32),
            ),
            Mistake(
                "For x in float32 it is computed in float32, in which f is rounded to 7 digits, "
                "and its difference to a few. Work on a float64 copy of x.",
                lambda f, x, h: _own_type(f, x, h, whole=False),
            ),
        ),
    ),
    Exercise(
        name="relative_error",
        task="The largest of |a - b| / max(|a|, |b|) over all numbers of two arrays of the same "
        "shape; where both are 0 it counts as 0. One number.",
        solution=relative_error,
        cases=_error_cases,
        results=("the error",),
        tolerance=0.01,  # for those who add a little to the scale, as 1e-8, against 0 / 0
        mistakes=(
            Mistake(
                "This is the absolute error. A difference of 0.001 is nothing beside 1000, and "
                "all of a gradient of 0.001: divide by the larger of |a| and |b|.",
                lambda a, b: abs(a - b).max(),
            ),
            Mistake(
                "It is the mean over the numbers. One wrong gradient among a million right ones "
                "would vanish in it: take the largest.",
                lambda a, b: _ratio(a, b, _nonzero(_larger(a, b))).mean(),
            ),
            Mistake(
                BY_A,
                lambda a, b: _ratio(a, b, _nonzero(abs(a))).max(),
            ),
            Mistake(
                BY_A,
                lambda a, b: _ratio(a, b, abs(a)).max(),
            ),
            Mistake(
                BY_B,
                lambda a, b: _ratio(a, b, _nonzero(abs(b))).max(),
            ),
            Mistake(
                BY_B,
                lambda a, b: _ratio(a, b, abs(b)).max(),
            ),
            Mistake(
                "It is divided by |a| + |b|, as is also done; here by the larger of the two.",
                lambda a, b: _ratio(a, b, _nonzero(abs(a) + abs(b))).max(),
            ),
            Mistake(
                "It is divided by |a| + |b|, as is also done; here by the larger of the two, and "
                "where both are 0 it is 0.",
                lambda a, b: _ratio(a, b, abs(a) + abs(b)).max(),
            ),
            Mistake(
                "Where both are 0 it is 0 / 0, which is NaN. They agree there: it has to count as "
                "0.",
                lambda a, b: _ratio(a, b, _larger(a, b)).max(),
            ),
            Mistake(
                "The absolute value of the difference is missing: where b is the larger one, the "
                "error is negative, and the maximum overlooks it.",
                lambda a, b: ((a - b) / _nonzero(_larger(a, b))).max(),
            ),
            Mistake(
                "The scale is the larger of a and b with their signs, which is the smaller one, or "
                "negative, for negative gradients: max(|a|, |b|).",
                lambda a, b: _ratio(a, b, _nonzero(get_array_module(a).maximum(a, b))).max(),
            ),
            Mistake(
                "All numbers are compared on one scale, that of the array's largest, so a small "
                "gradient may be quite wrong. Here each on its own scale.",
                lambda a, b: abs(a - b).max() / _larger(a, b).max(),
            ),
            Mistake(
                NORMS,
                lambda a, b: _norm(a - b) / max(_norm(a), _norm(b)),
            ),
            Mistake(
                NORMS,
                lambda a, b: _norm(a - b) / (_norm(a) + _norm(b)),
            ),
            Mistake(
                "It is one error for each number; the largest of them is asked for.",
                lambda a, b: _ratio(a, b, _nonzero(_larger(a, b))),
            ),
            Mistake(
                "Numbers are left out where one of the two is 0. If the other is not, that is an "
                "error of 1: a gradient that is missing.",
                _without_zeros,
            ),
        ),
    ),
)
