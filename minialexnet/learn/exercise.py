"""What a reader is asked to write, and the mistakes that are usually made of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minialexnet.gradcheck import Report

Answer = Callable[..., Any]


@dataclass(frozen=True)
class Mistake:
    """A typical wrong answer, and what to say to the one who gave it.

    Attributes:
        hint: names the mistake, and what to look at; one or two sentences.
        answer: a function that makes this mistake and no other: the solution's arguments and
            results. An answer that gives the same numbers gets the hint.
    """

    hint: str
    answer: Answer


@dataclass(frozen=True)
class Exercise:
    """One function for the reader to write.

    Attributes:
        name: what `learn.check` calls it, usually the function's own.
        task: what it computes, in a sentence or two, with shapes.
        solution: a plain way to write it; its source is what `learn.solution` shows, and its
            results are what answers are compared with. (Tests hold it equal to the library.)
        cases: called with a generator of random numbers, gives lists of arguments, simplest first;
            small whole numbers in the first, where a reader can follow by hand.
        mistakes: the usual ones; the first whose results agree is named.
        results: names of what is returned; several stand for a tuple.
        gradient_check: called with an answer and the array module, compares it with central
            differences; None where no gradient is at stake.
        tolerance: largest difference allowed, relative to the largest number expected.
        call: called as call(answer, *case), where a case is not simply what the answer is given:
            it makes what the answer needs (a network) anew each time, calls it, perhaps several
            times, and gives the results; None if the answer returned nothing.
    """

    name: str
    task: str
    solution: Answer
    cases: Callable[[np.random.Generator], Sequence[Sequence[Any]]]
    mistakes: tuple[Mistake, ...]
    results: tuple[str, ...] = ("the result",)
    gradient_check: Callable[[Answer, Any], Report] | None = None
    tolerance: float = 1e-7
    call: Callable[..., Any] | None = None

    @property
    def parameters(self) -> list[str]:
        """Names of what a case consists of, in order."""
        if self.call is not None:
            return list(inspect.signature(self.call).parameters)[1:]
        return list(inspect.signature(self.solution).parameters)

    @property
    def signature(self) -> str:
        """What the reader's function begins with."""
        names = ", ".join(
            name if parameter.default is parameter.empty else f"{name}={parameter.default!r}"
            for name, parameter in inspect.signature(self.solution).parameters.items()
        )
        return f"{self.name}({names})"
