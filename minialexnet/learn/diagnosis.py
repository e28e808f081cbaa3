"""What is wrong with an array, whatever the exercise: sign, factor, order of axes, border, shape.

Each function is given all pairs of arrays (expected, came) of the cases that are wrong, and says
what would explain every one of them, or None.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations, permutations

import numpy as np

Pairs = Sequence[tuple[np.ndarray, np.ndarray]]

CLOSE = 1e-6


def diagnose(pairs: Pairs) -> str | None:
    """The first explanation that holds for all pairs.

    NaN and infinity are named if they are in the first pair, which is what the reader is shown;
    in later ones they may come of the same mistake, or hide it, and are named if nothing else is.
    """
    if (text := _not_finite(*pairs[0])) is not None:
        return text
    later = [text for pair in pairs if (text := _not_finite(*pair)) is not None]
    pairs = [pair for pair in pairs if _not_finite(*pair) is None]
    for explain in (
        _shape,
        _rounded,
        _cut_off,
        _zeros,
        _sign,
        _factor,
        _axes_swapped,
        _backwards,
        _added,
        _border,
    ):
        if (text := explain(pairs)) is not None:
            return text
    return f"In a later case: {later[0]}" if later else None


def close(expected: np.ndarray, came: np.ndarray, tolerance: float = CLOSE) -> bool:
    """Same shape, and no difference above `tolerance` times the largest number expected."""
    if expected.shape != came.shape:
        return False
    if expected.size == 0:
        return True
    finite = np.isfinite(expected)
    if not (np.isfinite(came) == finite).all():
        return False
    if not np.array_equal(came[~finite], expected[~finite], equal_nan=True):
        return False
    scale = np.abs(expected[finite]).max(initial=0.0)
    difference = np.abs(expected[finite] - came[finite]).max(initial=0.0)
    return bool(difference <= tolerance * scale + 1e-12)


def _all(pairs: Pairs, holds: Callable[[np.ndarray, np.ndarray], bool]) -> bool:
    return all(expected.shape == came.shape and holds(expected, came) for expected, came in pairs)


def _shape(pairs: Pairs) -> str | None:
    """The right numbers in another shape; or where the shapes part."""
    wrong = [(expected, came) for expected, came in pairs if expected.shape != came.shape]
    if not wrong:
        return None
    for explain in (_transposed, _kept_axes, _not_summed, _flattened):
        texts = [explain(expected, came) for expected, came in wrong]
        if texts[0] is not None and None not in texts:
            return texts[0]
    return None


def _transposed(expected: np.ndarray, came: np.ndarray) -> str | None:
    if expected.ndim != came.ndim or expected.ndim > 6:
        return None
    for order in permutations(range(came.ndim)):
        if close(expected, came.transpose(order)):
            return (
                f"The numbers are right, but the axes are in another order: what you return, "
                f"transposed by {order}, is what was expected."
            )
    return None


def _kept_axes(expected: np.ndarray, came: np.ndarray) -> str | None:
    if (
        came.ndim > expected.ndim
        and came.squeeze().shape == expected.squeeze().shape
        and close(expected.reshape(-1), came.reshape(-1))
    ):
        return (
            "The numbers are right, but there is an axis of length 1 too many "
            "(a sum or maximum with keepdims=True?)."
        )
    return None


def _not_summed(expected: np.ndarray, came: np.ndarray) -> str | None:
    if came.ndim <= expected.ndim:
        return None
    for axes in combinations(range(came.ndim), came.ndim - expected.ndim):
        if close(expected, came.sum(axis=axes)):
            which = f"axis {axes[0]}" if len(axes) == 1 else f"the axes {axes}"
            return f"A sum is missing: summed over {which}, what you return would be right."
    return None


def _flattened(expected: np.ndarray, came: np.ndarray) -> str | None:
    if came.size == expected.size and close(expected.reshape(-1), came.reshape(-1)):
        return f"The numbers are right; they need the shape {expected.shape}: reshape them."
    return None


def _not_finite(expected: np.ndarray, came: np.ndarray) -> str | None:
    if np.isnan(came).any() and not np.isnan(expected).any():
        return (
            "There is NaN in it, which is not a number: 0/0, infinity minus infinity, or the "
            "square root or logarithm of something negative."
        )
    if np.isinf(came).any() and not np.isinf(expected).any():
        return (
            "There are infinite numbers in it: something overflows, or is divided by zero "
            "(e to the power of a large number, the logarithm of 0?)."
        )
    return None


def _rounded(pairs: Pairs) -> str | None:
    """The right numbers, with the digits that float32 has."""
    counted = all((came % 1 == 0).all() for _, came in pairs)  # whole numbers are exact in both
    if not counted and _all(
        pairs, lambda e, c: (c == c.astype(np.float32)).all() and close(e, c, 1e-5)
    ):
        return (
            "It is right to about 7 digits, which is what float32 has. The arguments here are "
            "float64: give new arrays the type of the old ones (dtype=x.dtype)."
        )
    return None


def _cut_off(pairs: Pairs) -> str | None:
    """The right numbers without what is behind the point."""
    if _all(pairs, lambda e, c: e.size > 1 and close(np.trunc(e), c)):
        return (
            "The digits behind the point are cut off: the numbers were written into an array of "
            "whole numbers."
        )
    return None


def _zeros(pairs: Pairs) -> str | None:
    if _all(pairs, lambda expected, came: came.size > 1 and not came.any()):
        return (
            "All of it is zero: an array was made, but nothing written into it, or into a copy "
            "of it; or whole numbers were rounded down."
        )
    return None


def _sign(pairs: Pairs) -> str | None:
    if _all(pairs, lambda expected, came: close(expected, -came)):
        return "The sign is the wrong way round: what you return, times -1, is right."
    return None


def _factor(pairs: Pairs) -> str | None:
    """One number is always so many times another: a factor shows in several numbers only."""
    factors = []
    counts = [np.count_nonzero(expected) for expected, _ in pairs]
    for expected, came in pairs:
        if expected.shape != came.shape or not came.any() or not expected.any():
            return None
        factor = float((expected * came).sum() / (expected * expected).sum())
        if not math.isfinite(factor) or not factor or not close(expected * factor, came):
            return None
        factors.append(factor)
    if all(math.isclose(factor, factors[0], rel_tol=1e-6) for factor in factors):
        if sum(counts) < 2 or math.isclose(factors[0], 1, rel_tol=1e-4):  # so it is no factor
            return None
        return f"It is right but for a constant factor: yours is {_times(factors[0])} as large."
    if min(counts) < 2:
        return None
    return (
        "It is right but for a factor that differs from case to case (yours is "
        f"{', '.join(_times(factor) for factor in factors[:3])} as large): a count, such as the "
        "size of the batch or of a window, is left out or is too many; a mean where a sum belongs?"
    )


def _times(factor: float) -> str:
    if 0 < factor < 1 and math.isclose(1 / factor, round(1 / factor), rel_tol=1e-6):
        return f"1/{round(1 / factor)}"
    return f"{factor:.4g} times"


def _axes_swapped(pairs: Pairs) -> str | None:
    """Axes of equal length in another order."""
    ndim = pairs[0][0].ndim
    for order in permutations(range(ndim)):
        if order != tuple(range(ndim)) and _all(
            pairs,
            lambda e, c, order=order: e.ndim == len(order) and close(e, c.transpose(order)),
        ):
            return (
                f"Axes are exchanged: what you return, transposed by {order}, is right. Rows "
                "(height) come before columns (width) everywhere."
            )
    return None


def _backwards(pairs: Pairs) -> str | None:
    ndim = min(expected.ndim for expected, _ in pairs)
    for count in (1, 2):
        for axes in combinations(range(-ndim, 0), count):
            if _all(pairs, lambda e, c, axes=axes: close(e, np.flip(c, axes))):
                which = f"axis {axes[0]}" if count == 1 else f"the axes {axes}"
                return f"It is right, but back to front along {which}."
    return None


def _added(pairs: Pairs) -> str | None:
    """Off by one number everywhere."""

    def shifted(expected: np.ndarray, came: np.ndarray) -> bool:
        difference = came - expected
        return expected.size > 1 and close(expected + difference.flat[0], came)

    if _all(pairs, shifted):
        return "Every number is off by the same amount: something is added that should not be."
    return None


def _border(pairs: Pairs) -> str | None:
    """Wrong at the edges of the last two axes only."""

    def at_border(expected: np.ndarray, came: np.ndarray) -> bool:
        if expected.ndim < 2 or min(expected.shape[-2:]) < 3:
            return False
        return close(expected[..., 1:-1, 1:-1], came[..., 1:-1, 1:-1])

    if _all(pairs, at_border):
        return "It is wrong at the border only: look at the first and last rows and columns."
    return None
