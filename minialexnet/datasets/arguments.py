"""Arguments that are whole numbers, of whatever type."""

import operator

from minialexnet.errors import InputError


def whole(name: str, value: int, at_least: int = 1) -> int:
    """`value` as an int. Raises InputError, naming it, unless it is whole and large enough."""
    try:
        number = operator.index(value)
    except TypeError:
        number = at_least - 1
    if number < at_least or isinstance(value, bool):
        raise InputError(f"{name} must be a whole number of at least {at_least}, not {value!r}")
    return number
