"""The derivative of a function with respect to one number of its input, by differences.

Two steps, h and h/2, give the slope D = (f(x + h) - f(x - h)) / 2h and the bend
B = (f(x + h) - 2 f(x) + f(x - h)) / h, each per output. From one step to the next half as large

    on a smooth function         D is off by a quarter as much, and B - 2 B' falls to an eighth;
    at a kink within the step    one of the two does not, since the slope jumps.

`Probe.measure` only looks whether the steps disagree at all: five evaluations, and enough nearly
everywhere. A steep smooth function disagrees too; `Probe.measure_finer` adds h/4 to tell one from
the other, and its estimate, from h/2 and h/4, is sixteen times as exact.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any
Index = tuple[int, ...]


@dataclass(frozen=True)
class Measurement:
    """The numeric gradient at one point.

    Attributes:
        value: the gradient; disagreement: of the step sizes, in the same unit. Neither is a finite
            number if the function is not finite within the step.
    """

    value: float
    disagreement: float

    @property
    def finite(self) -> bool:
        """Whether the function is finite at the point and nearby."""
        return bool(np.isfinite(self.value) and np.isfinite(self.disagreement))


@dataclass(frozen=True)
class Probe:
    """Measures gradients with respect to the numbers of `array`, by changing them in place.

    Attributes:
        evaluate: the outputs for the present `array`, as an array of the host's own.
        weights: of the outputs: the gradient is that of sum(outputs * weights).
        array: the numbers; each is put back after its measurement.
        step: h for numbers up to 1; for larger ones it grows with them, or it would drown in the
            rounding errors of the function.
    """

    evaluate: Callable[[], np.ndarray]
    weights: np.ndarray
    array: Array
    step: float

    def measure(self, index: Index) -> Measurement:
        """The gradient by two steps, h and h/2; `disagreement` is small where it is smooth."""
        with np.errstate(all="ignore"):  # log(x - h) may be NaN: noticed, and not worth a warning
            (wide, narrow), (bend_wide, bend_narrow) = self._differences(index, (1, 1 / 2))
            # A kink shows in one of the two, if not in both: slopes agree at its very middle,
            # bends by chance when it lies a third of the step away.
            disagreement = np.abs(wide - narrow) + np.abs(bend_wide - 2 * bend_narrow)
            return self._weighted(_extrapolate(wide, narrow), disagreement)

    def measure_finer(self, index: Index) -> Measurement:
        """The gradient by three steps; `disagreement` is small where it is smooth, if steep.

        It is what remains of the disagreements when the quarter and the eighth are taken off that
        a smooth function leaves. (To ask only whether they shrink would not do: that of a kink a
        little nearer than h/2 shrinks as well, since the smaller steps hardly reach it.)
        """
        with np.errstate(all="ignore"):
            slopes, bends = self._differences(index, (1, 1 / 2, 1 / 4))
            coarse, fine = _extrapolate(slopes[0], slopes[1]), _extrapolate(slopes[1], slopes[2])
            of_bends = (bends[1] - 2 * bends[2]) - (bends[0] - 2 * bends[1]) / 8
            return self._weighted(fine, np.abs(fine - coarse) + np.abs(of_bends))

    def _differences(
        self, index: Index, shares: tuple[float, ...]
    ) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Slopes and bends for each of these shares of the step."""
        original = float(self.array[index])
        step = self.step * max(1.0, abs(original))

        def at(offset: float) -> np.ndarray:
            self.array[index] = original + offset
            return self.evaluate()

        slopes, bends = [], []
        try:
            here = at(0.0)
            for h in (step * share for share in shares):
                below, above = at(-h), at(h)
                slopes.append((above - below) / (2 * h))
                bends.append((above - 2 * here + below) / h)
        finally:
            self.array[index] = original
        return slopes, bends

    def _weighted(self, gradient: np.ndarray, disagreement: np.ndarray) -> Measurement:
        value = float((gradient * self.weights).sum())
        return Measurement(value, float((disagreement * np.abs(self.weights)).sum()))


def _extrapolate(wide: np.ndarray, narrow: np.ndarray) -> np.ndarray:
    """Richardson: the h^2 errors of a slope and of that with half the step cancel."""
    return (4 * narrow - wide) / 3
