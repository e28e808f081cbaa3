"""Cases and differences in words, as a reader is shown them."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from minialexnet.learn.exercise import Exercise

SHOWN = 24
"""Arrays of up to so many numbers are shown whole."""

PRINTED = 12
"""So many lines of what a function printed are shown."""


def describe(exercise: Exercise, arguments: Sequence[Any]) -> str:
    """The arguments of a case in words."""
    words = []
    for name, value in zip(exercise.parameters, arguments, strict=False):
        if isinstance(value, np.ndarray) and value.size > SHOWN:
            words.append(f"{name} of shape {value.shape}")
        elif isinstance(value, np.ndarray):
            kind = "" if value.dtype in (np.float64, np.int64) else f" in {value.dtype}"
            shown = value.squeeze() if value.ndim > 2 else value
            shape = "" if shown.ndim == value.ndim else f" of shape {value.shape}"
            words.append(f"{name}{shape} = {_shortened(shown.tolist())}{kind}")
        else:
            words.append(f"{name} = {value!r}")
    return "for " + ", ".join(words)


def _shortened(value: Any) -> Any:
    """Numbers of nested lists with four digits or so; small ones do not become 0."""
    if isinstance(value, list):
        return [_shortened(entry) for entry in value]
    if isinstance(value, float):
        return round(value, 4) if abs(value) >= 0.1 else float(f"{value:.4g}")
    return value


def difference(name: str, expected: np.ndarray, came: np.ndarray) -> str:
    """In what the array called `name` is not what was expected: shape, numbers, or one of them."""
    if expected.shape != came.shape:
        return f"{name} has the shape {came.shape}; expected {expected.shape}"
    if expected.ndim == 0:
        return f"{name} is {_apart(came, expected)}"
    if expected.size <= SHOWN and _numbers(came) != _numbers(expected):
        return f"{name} is\n{_numbers(came)}\nexpected\n{_numbers(expected)}"
    wrong = ~np.isclose(expected, came, rtol=1e-6, atol=1e-9 * np.abs(expected).max())
    place = tuple(int(i) for i in np.argwhere(wrong)[0]) if wrong.any() else ()
    if not place:
        return f"{name} is not exact enough"
    return (
        f"{name} differs at {int(wrong.sum())} of {wrong.size} places, first at {list(place)}: "
        f"{_apart(came[place], expected[place])}"
    )


def _apart(came: Any, expected: Any) -> str:
    """Two numbers with as many digits as it takes to tell them apart."""
    for digits in (6, 9, 12, 17):
        one, other = f"{came:.{digits}g}", f"{expected:.{digits}g}"
        if one != other:
            break
    return f"{one}; expected {other}"


def _numbers(array: np.ndarray) -> str:
    """Axes of length 1, of which pictures have many, would spread it over many lines."""
    array = array.squeeze() if array.ndim > 2 else array
    text = np.array2string(array, precision=4, suppress_small=True, max_line_width=88)
    return textwrap.indent(text, "    ")


def few_lines(text: str) -> str:
    """The first lines of a text, indented, and how many more there are."""
    lines = text.rstrip().split("\n")
    more = [f"... ({len(lines) - PRINTED} more lines)"] if len(lines) > PRINTED else []
    return textwrap.indent("\n".join(lines[:PRINTED] + more), "    ")


def count(number: int, what: str) -> str:
    """ "1 case", "2 cases"."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def kind_of(value: Any) -> str:
    """What sort of thing it is: "an array", "a list"."""
    kind = type(value).__name__
    return "an array" if kind == "ndarray" else f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
