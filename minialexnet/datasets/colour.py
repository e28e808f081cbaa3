"""The paper's noise in the colours (Krizhevsky 2012, section 4.1).

The colours of all pixels of a set form a cloud, longest along grey. Each picture is moved in it by
chance, along each of its three axes in proportion to how far the cloud reaches: it looks as if the
light had another strength and tint, by which no object becomes another.

    shift = sum over the axes i of  alpha_i s_i p_i,      alpha_i from N(0, 0.1^2)

p_i are the eigenvectors of the colours' covariance. The paper calls s_i its eigenvalues, but its
code took their square roots, the standard deviations along the axes; eigenvalues would be thousands
of grey levels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minialexnet.datasets.statistics import Statistics

STRENGTH = 0.1
"""The paper's standard deviation of alpha."""


@dataclass(frozen=True)
class PrincipalColours:
    """The axes of a set's colours.

    Attributes:
        directions: (3, 3) float64, unit vectors of red, green and blue as columns.
        std: (3,) float64, the standard deviation along each, in pixel values, rising.
    """

    directions: np.ndarray
    std: np.ndarray

    def shifts(self, count: int, strength: float, rng: np.random.Generator) -> np.ndarray:
        """What to add to `count` pictures, by chance: (count, 3) float32, in pixel values."""
        along = rng.standard_normal((count, 3)) * (strength * self.std)
        return (along @ self.directions.T).astype(np.float32)


def principal_colours(statistics: Statistics) -> PrincipalColours:
    """Of all pixels of a set.

    An axis may point either way, and libraries choose differently. Here its largest part is
    positive, so that the same seed changes the colours alike everywhere.
    """
    variances, directions = np.linalg.eigh(statistics.covariance)
    largest = np.abs(directions).argmax(axis=0)
    directions = directions * np.sign(directions[largest, range(len(largest))])
    return PrincipalColours(directions, np.sqrt(np.maximum(variances, 0)))
