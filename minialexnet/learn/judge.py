"""Finds out what is wrong with a reader's function, from what it makes of all cases."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np

from minialexnet.errors import InputError
from minialexnet.learn.diagnosis import close, diagnose
from minialexnet.learn.exercise import Answer, Exercise
from minialexnet.learn.outcome import (
    NoResult,
    Outcome,
    giving_arrays,
    is_unwritten,
    run,
    what_was_raised,
)
from minialexnet.learn.verdict import Verdict
from minialexnet.learn.wording import count, describe, difference, few_lines, kind_of

SEED = 2012

UNSTEADY = (
    "Called twice with the same arguments it returns different numbers: it draws random numbers of "
    "its own, or keeps something from call to call, or adds to an array made by `empty`, which "
    "holds whatever lay in memory (`zeros` is what you want). What it returns should follow from "
    "its arguments alone."
)


def judge(exercise: Exercise, answer: Answer, xp: Any = np) -> Verdict:
    """Compare an answer with the solution.

    Args:    answer: the reader's function; xp: numpy or cupy, whose arrays it is called with.
    Returns: the verdict, which says the simplest case that is wrong, and what the mistake may be.
    Raises:  InputError if the answer is no function.
    """
    if not callable(answer):
        raise InputError(
            f"{kind_of(answer)} is no function; expected one like {exercise.signature}: hand over "
            "its name, without calling it"
        )
    if is_unwritten(answer):
        return Verdict(
            exercise.name,
            False,
            (exercise.task, "Write your code in the function's body."),
            written=False,
        )
    cases = [list(case) for case in exercise.cases(np.random.default_rng(SEED))]
    expected = [run(exercise, exercise.solution, case, xp) for case in cases]
    came = [run(exercise, answer, case, xp) for case in cases]
    right = [_agree(exercise, e, c) for e, c in zip(expected, came, strict=True)]
    if changed := next((c.changed for c in came if c.changed), None):
        return _changes_arguments(exercise, changed, came, xp)
    if not all(right):
        verdict = _wrong(exercise, expected, came, right, xp)
        again = [run(exercise, answer, case, xp) for case in cases]
        if not all(_same(c, a) for c, a in zip(came, again, strict=True)):
            verdict = replace(verdict, hints=(UNSTEADY,))
        return verdict
    return _right(exercise, answer, cases, came, xp)


def _changes_arguments(
    exercise: Exercise, changed: tuple[str, ...], came: list[Outcome], xp: Any
) -> Verdict:
    names = " and ".join(changed)
    which = "argument" if len(changed) == 1 else "arguments"
    belongs = "belongs" if len(changed) == 1 else "belong"
    finding = f"It changes its {which} {names} in place, which {belongs} to the caller."
    likenesses = (_likeness(exercise, came, [i], xp) for i in range(len(exercise.results)))
    hint = next(filter(None, likenesses), None) or (
        f"Work on a copy of {names}, or make a new array: `+=`, `-=` and assignment to slices "
        "write into the array that was handed over, also through views of it."
    )
    return Verdict(exercise.name, False, (finding,), (hint,))


def _right(
    exercise: Exercise, answer: Answer, cases: list, came: list[Outcome], xp: Any
) -> Verdict:
    findings = [f"It agrees with the solution in {count(len(cases), 'case')}."]
    if exercise.gradient_check is not None:
        try:
            with np.errstate(all="ignore"), redirect_stdout(io.StringIO()):
                report = exercise.gradient_check(giving_arrays(exercise, answer, xp), xp)
        except (Exception, SystemExit) as error:  # as in `run`; these arguments are new to it
            problem = str(error) if type(error) is NoResult else what_was_raised(answer, error)
            return Verdict(exercise.name, False, (*findings, f"In the gradient check: {problem}"))
        findings.append(
            f"Gradient check: the largest relative error at {report.points} points is "
            f"{report.error:.1e}{' (wrong!)' if not report.ok else ''}."
        )
        if not report.ok:
            return Verdict(exercise.name, False, tuple(findings))
    if run(exercise, exercise.solution, cases[0], xp).whole and not came[0].whole:
        findings.append(
            "One remark: it is a float (np.floor makes one too), and sizes are asked for as whole "
            "numbers: divide with //, or take int(...)."
        )
    single = [_single(argument) for argument in cases[-1]]
    if any(getattr(a, "dtype", None) == np.float32 for a in single) and _widens(
        exercise, answer, single, xp
    ):
        findings.append(
            "One remark: from float32 it makes float64 (an np.zeros without dtype=x.dtype, or "
            "astype(float)?), which takes twice the memory and time."
        )
    elif _widens(exercise, answer, cases[-1], xp):
        findings.append(
            "One remark: it makes float64 where float32 is asked for, since one of its numbers is "
            "float64; that takes twice the memory and time."
        )
    return Verdict(exercise.name, True, tuple(findings))


def _widens(exercise: Exercise, answer: Answer, case: Sequence[Any], xp: Any) -> bool:
    """Whether its results are float64 where the solution's are not."""
    mine, theirs = (run(exercise, each, case, xp).results for each in (answer, exercise.solution))
    return any(
        m.dtype == np.float64 and m.ndim and t.dtype != np.float64
        for m, t in zip(mine, theirs, strict=False)
    )


def _wrong(
    exercise: Exercise, expected: list[Outcome], came: list[Outcome], right: list[bool], xp: Any
) -> Verdict:
    first = right.index(False)
    findings = []
    if any(right):
        verb = "is" if sum(right) == 1 else "are"
        findings.append(
            f"{sum(right)} of {count(len(right), 'case')} {verb} right; this one is not:"
        )
    findings.append(describe(exercise, came[first].arguments))
    if came[first].printed:
        findings.append(f"it printed\n{few_lines(came[first].printed)}")
    hints = []
    if things := _too_many_things(expected[first], came[first]):
        return Verdict(exercise.name, False, (*findings, things))
    if not all(outcome.problem for outcome in came):  # errors alone are not like any other errors
        likeness = _likeness(exercise, came, range(len(exercise.results)), xp)
        hints += [likeness] if likeness else _two_at_once(exercise, came, first, xp)
    if came[first].problem is not None:
        return Verdict(exercise.name, False, (*findings, came[first].problem), tuple(hints))
    wrong = [i for i, ok in enumerate(right) if not ok and came[i].problem is None]
    if not hints and (order := _order(exercise, [(expected[i], came[i]) for i in wrong])):
        hints.append(order)
    is_explained = bool(hints)  # all results at once, so that none needs a hint of its own
    for number, name in enumerate(exercise.results):
        pairs = [(expected[i].results[number], came[i].results[number]) for i in wrong]
        pairs = [(e, c) for e, c in pairs if not close(e, c, exercise.tolerance)]
        if not pairs:
            continue
        e, c = expected[first].results[number], came[first].results[number]
        if not close(e, c, exercise.tolerance):
            findings.append(difference(name, e, c))
        if is_explained:
            continue
        hint = _likeness(exercise, came, [number], xp) or diagnose(pairs)
        if hint is not None and hint not in hints:
            hints.append(hint)
    return Verdict(exercise.name, False, tuple(findings), tuple(hints))


def _too_many_things(expected: Outcome, came: Outcome) -> str | None:
    """What to say of several results where one is expected, that cannot make up that one."""
    if came.things and came.results and came.results[0].ndim > expected.results[0].ndim:
        return f"It returned {came.things} things; expected one."
    return None


def _two_at_once(exercise: Exercise, came: list[Outcome], first: int, xp: Any) -> list[str]:
    """A mistake that explains all cases but those which overflow as well; and that these do.

    Not if the case that is shown overflows: then that is what the reader has to see to.
    """
    overflows = [_is_not_finite(outcome) for outcome in came]
    if overflows[first] or not any(overflows):
        return []
    others = [outcome for outcome, over in zip(came, overflows, strict=True) if not over]
    likeness = _likeness(exercise, others, range(len(exercise.results)), xp)
    if likeness is None:
        return []
    return [
        likeness,
        "And in a later case there are numbers that are not finite: NaN, or infinite.",
    ]


def _is_not_finite(outcome: Outcome) -> bool:
    return outcome.problem is None and not all(np.isfinite(r).all() for r in outcome.results)


def _order(exercise: Exercise, pairs: Sequence[tuple[Outcome, Outcome]]) -> str | None:
    """Whether all results are right, but returned in another order: (expected, came) cases."""
    for order in permutations(range(len(exercise.results))):
        if all(
            close(e.results[number], c.results[place], exercise.tolerance)
            for e, c in pairs
            for place, number in enumerate(order)
        ):
            names = ", ".join(exercise.results)
            return f"The results are right, but in another order: expected {names}."
    return None


def _likeness(
    exercise: Exercise, came: list[Outcome], results: Sequence[int], xp: Any
) -> str | None:
    """The hint of the first mistake that gives what came in all cases, in these results."""
    for mistake in exercise.mistakes:
        if all(_is_like(exercise, mistake.answer, outcome, results, xp) for outcome in came):
            return mistake.hint
    return None


def _is_like(
    exercise: Exercise, answer: Answer, outcome: Outcome, results: Sequence[int], xp: Any
) -> bool:
    same = run(exercise, answer, outcome.arguments, xp)
    if same.changed != outcome.changed:
        return False
    if outcome.problem is not None or same.problem is not None:
        return (outcome.problem is None) == (same.problem is None)
    return all(close(same.results[i], outcome.results[i], exercise.tolerance) for i in results)


def _agree(exercise: Exercise, expected: Outcome, came: Outcome) -> bool:
    return came.problem is None and all(
        close(e, c, exercise.tolerance) for e, c in zip(expected.results, came.results, strict=True)
    )


def _same(came: Outcome, again: Outcome) -> bool:
    """Whether a function did the same when it was called again."""
    return len(came.results) == len(again.results) and all(
        np.array_equal(c, a, equal_nan=True)
        for c, a in zip(came.results, again.results, strict=True)
    )


def _single(argument: Any) -> Any:
    """float64 arrays as float32."""
    if isinstance(argument, np.ndarray) and argument.dtype == np.float64:
        return argument.astype(np.float32)
    return argument
