"""The course's other half: exercises for the reader, which answer with a hint.

    from minialexnet import learn

    def relu_backward(dy, x): ...
    learn.check("relu_backward", relu_backward)

`check` runs a function on cases chosen to tell mistakes apart, compares it with the solution and,
where it asks for a gradient, with central differences. If it is wrong it says for which arguments,
what came and what was expected, and which mistake that looks like. `solution` shows one way to
write it.
"""

import difflib
from typing import Any

import numpy as np

from minialexnet.backend import check_module
from minialexnet.errors import InputError
from minialexnet.learn.exercise import Answer, Exercise, Mistake
from minialexnet.learn.exercises import EXERCISES
from minialexnet.learn.judge import judge
from minialexnet.learn.loop import error, train
from minialexnet.learn.own_run import own_run
from minialexnet.learn.small_set import SmallSet, small_set
from minialexnet.learn.source import Source, source
from minialexnet.learn.trained import Trained, trained_mini
from minialexnet.learn.verdict import Verdict

__all__ = [
    "EXERCISES",
    "Exercise",
    "Mistake",
    "SmallSet",
    "Source",
    "Trained",
    "Verdict",
    "check",
    "error",
    "exercise",
    "own_run",
    "small_set",
    "solution",
    "source",
    "train",
    "trained_mini",
]


def exercise(name: str) -> Exercise:
    """The exercise of that name. Raises: InputError if there is none."""
    if not isinstance(name, str) or name not in EXERCISES:
        near = difflib.get_close_matches(str(name), EXERCISES, n=1)
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        raise InputError(f"there is no exercise {name!r}{meant}; there are {', '.join(EXERCISES)}")
    return EXERCISES[name]


def check(name: str, answer: Answer | None = None, xp: Any = np) -> Verdict:
    """Whether `answer` does what the exercise asks for; if not, a hint.

    Args:
        name: of the exercise, see EXERCISES.
        answer: the reader's function.
        xp: the module whose arrays it is given, numpy or cupy.
    Raises:
        InputError: there is no such exercise, or `answer` is no function.
    """
    if callable(name) or answer is None:
        named = name if isinstance(name, str) else getattr(name, "__name__", "conv2d")
        raise InputError(
            "check takes the name of an exercise and your function: "
            f'learn.check("{named}", {named})'
        )
    check_module(xp)
    return judge(exercise(name), answer, xp)


def solution(name: str) -> Source:
    """One way to write it. Raises: InputError if there is no such exercise."""
    return source(exercise(name).solution)
