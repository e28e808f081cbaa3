"""How sure a difference between two configurations is, from a few seeds."""

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass

T_975 = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)
"""The 97.5% quantiles of Student's t distribution, with 1, 2, ... 30 degrees of freedom."""

NOT_RESOLVED = "not resolved at this scale"


@dataclass(frozen=True)
class Difference:
    """A mean difference with its 95% interval (none of a single pair), over so many pairs."""

    mean: float
    low: float | None
    high: float | None
    pairs: int

    @property
    def verdict(self) -> str:
        """Whether there is a difference that the spread of the seeds does not explain."""
        if self.low is None or self.high is None:
            return "one seed: no telling"
        if self.low <= 0 <= self.high:
            return NOT_RESOLVED
        return "higher" if self.mean > 0 else "lower"


def paired_difference(
    values: Mapping[int, float], reference: Mapping[int, float]
) -> Difference | None:
    """`values` less `reference`, both by seed: the mean over the seeds that both have.

    A run's seed decides the initial weights, the order of the pictures and where they are cut, so
    two runs with the same seed have much in common, and each pair gives one difference. Their
    interval is Student's: mean +- t s / sqrt(n), with n - 1 degrees of freedom.

    Returns None where they have no seed in common.
    """
    differences = [values[seed] - reference[seed] for seed in values if seed in reference]
    if not differences:
        return None
    mean, count = statistics.fmean(differences), len(differences)
    if count == 1:
        return Difference(mean, None, None, 1)
    half = t_975(count - 1) * statistics.stdev(differences) / math.sqrt(count)
    return Difference(mean, mean - half, mean + half, count)


def t_975(degrees: int) -> float:
    """The quantile; beyond 30 degrees of freedom that of 30, which is a little too wide."""
    return T_975[min(degrees, len(T_975)) - 1]
