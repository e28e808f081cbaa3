"""Arguments of layers: what they must be, and as Python's own numbers.

A NumPy scalar left among the constants of a layer would turn its float32 arrays into float64.
"""

import math
from numbers import Integral, Real

from minialexnet.errors import InputError


def whole_number(value: int, name: str, minimum: int = 1) -> int:
    """`value` as an int. Raises InputError unless it is whole and at least `minimum`."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < minimum:
        raise InputError(f"{name} is {value!r}; expected a whole number of at least {minimum}")
    return int(value)


def finite_number(value: float, name: str) -> float:
    """`value` as a float. Raises InputError unless it is a finite number."""
    if not isinstance(value, Real) or not math.isfinite(value):
        raise InputError(f"{name} is {value!r}; expected a finite number")
    return float(value)


def share(value: float, name: str) -> float:
    """`value` as a float. Raises InputError unless it is in [0, 1)."""
    if not isinstance(value, Real) or not 0 <= value < 1:
        raise InputError(f"{name} is {value!r}; expected 0 <= {name.split()[-1]} < 1")
    return float(value)
