"""Runs a reader's function on all cases of an exercise, and finds out what is wrong with it."""

from __future__ import annotations

import ast
import copy
import inspect
import io
import linecache
import textwrap
import traceback
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

import numpy as np

from minialexnet.backend import to_host
from minialexnet.errors import InputError
from minialexnet.learn.diagnosis import close, diagnose
from minialexnet.learn.exercise import Answer, Exercise
from minialexnet.learn.verdict import Verdict

SEED = 2012
SHOWN = 24
"""Arrays of up to so many numbers are shown whole."""
PRINTED = 12
"""So many lines of what a function printed are shown."""

UNSTEADY = (
    "Called twice with the same arguments it returns different numbers: it draws random numbers of "
    "its own, or keeps something from call to call, or adds to an array made by `empty`, which "
    "holds whatever lay in memory (`zeros` is what you want). What it returns should follow from "
    "its arguments alone."
)


class _NoResult(Exception):
    """What is wrong with what was returned, on its way out of a gradient check."""


@dataclass(frozen=True)
class Outcome:
    """What a function made of one case.

    Attributes:
        arguments: as it was given them; results: arrays of the host, one for each of the
        exercise's; problem: in place of results, why there are none; changed: names of arguments
        that it changed in place; printed: what it printed; whole: it returned one whole number.
    """

    arguments: Sequence[Any]
    results: tuple[np.ndarray, ...] = ()
    problem: str | None = None
    changed: tuple[str, ...] = ()
    printed: str = ""
    whole: bool = False


def judge(exercise: Exercise, answer: Answer, xp: Any = np) -> Verdict:
    """Compare an answer with the solution, on arrays of the module `xp`."""
    if not callable(answer):
        raise InputError(
            f"{_kind(answer)} is no function; expected one like {exercise.signature}: hand over "
            "its name, without calling it"
        )
    if is_unwritten(answer):
        return Verdict(exercise.name, False, ("Put your code in place of the ...",), written=False)
    cases = [list(case) for case in exercise.cases(np.random.default_rng(SEED))]
    expected = [run(exercise, exercise.solution, case, xp) for case in cases]
    came = [run(exercise, answer, case, xp) for case in cases]
    right = [_agree(exercise, e, c) for e, c in zip(expected, came, strict=True)]
    if changed := next((c.changed for c in came if c.changed), None):
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
    if not all(right):
        verdict = _wrong(exercise, expected, came, right, xp)
        again = [run(exercise, answer, case, xp) for case in cases]
        if not all(_same(c, a) for c, a in zip(came, again, strict=True)):
            verdict = replace(verdict, hints=(UNSTEADY,))
        return verdict
    return _right(exercise, answer, cases, came, xp)


def _right(
    exercise: Exercise, answer: Answer, cases: list, came: list[Outcome], xp: Any
) -> Verdict:
    findings = [f"It agrees with the solution in {_count(len(cases), 'case')}."]
    if exercise.gradient_check is not None:
        try:
            with np.errstate(all="ignore"), redirect_stdout(io.StringIO()):
                report = exercise.gradient_check(_giving_arrays(exercise, answer, xp), xp)
        except (Exception, SystemExit) as error:  # as in `run`; these arguments are new to it
            problem = str(error) if type(error) is _NoResult else _what_was_raised(answer, error)
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
    if any(getattr(a, "dtype", None) == np.float32 for a in single) and any(
        mine.dtype == np.float64 and mine.ndim and theirs.dtype != np.float64
        for mine, theirs in zip(
            run(exercise, answer, single, xp).results,
            run(exercise, exercise.solution, single, xp).results,
            strict=False,
        )
    ):
        findings.append(
            "One remark: from float32 it makes float64 (an np.zeros without dtype=x.dtype, or "
            "astype(float)?), which takes twice the memory and time."
        )
    return Verdict(exercise.name, True, tuple(findings))


def _wrong(
    exercise: Exercise, expected: list[Outcome], came: list[Outcome], right: list[bool], xp: Any
) -> Verdict:
    first = right.index(False)
    findings = []
    if any(right):
        verb = "is" if sum(right) == 1 else "are"
        findings.append(
            f"{sum(right)} of {_count(len(right), 'case')} {verb} right; this one is not:"
        )
    findings.append(_describe(exercise, came[first].arguments))
    if came[first].printed:
        findings.append(f"it printed\n{_few_lines(came[first].printed)}")
    whole = None
    if not all(outcome.problem for outcome in came):  # errors alone are not like any other errors
        whole = _likeness(exercise, came, range(len(exercise.results)), xp)
    hints = [] if whole is None else [whole]
    if came[first].problem is not None:
        return Verdict(exercise.name, False, (*findings, came[first].problem), tuple(hints))
    wrong = [i for i, ok in enumerate(right) if not ok and came[i].problem is None]
    if whole is None and (order := _order(exercise, [(expected[i], came[i]) for i in wrong])):
        hints.append(order)
        whole = order
    for number, name in enumerate(exercise.results):
        pairs = [(expected[i].results[number], came[i].results[number]) for i in wrong]
        pairs = [(e, c) for e, c in pairs if not close(e, c, exercise.tolerance)]
        if not pairs:
            continue
        e, c = expected[first].results[number], came[first].results[number]
        if not close(e, c, exercise.tolerance):
            findings.append(_difference(name, e, c))
        if whole is not None:
            continue
        hint = _likeness(exercise, came, [number], xp) or diagnose(pairs)
        if hint is not None and hint not in hints:
            hints.append(hint)
    return Verdict(exercise.name, False, tuple(findings), tuple(hints))


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


def run(exercise: Exercise, answer: Answer, arguments: Sequence[Any], xp: Any = np) -> Outcome:
    """What `answer` makes of the arguments, which it gets copies of."""
    given = [_copy(argument, xp) for argument in arguments]
    printed = io.StringIO()  # for one case, not for all of them
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings(), redirect_stdout(printed):
            warnings.simplefilter("ignore")
            returned = answer(*given) if exercise.call is None else exercise.call(answer, *given)
    except (Exception, SystemExit) as error:  # whatever a reader's code may raise (exit() too)
        problem = _what_was_raised(answer, error)
        return Outcome(arguments, problem=problem, printed=printed.getvalue())
    changed = tuple(
        name
        for name, before, after in zip(exercise.parameters, arguments, given, strict=False)
        if _has_changed(before, after)
    )
    if isinstance(results := _results(exercise, returned), str):
        return Outcome(arguments, problem=results, changed=changed, printed=printed.getvalue())
    whole = isinstance(returned, int | np.integer)
    return Outcome(arguments, results, None, changed, printed.getvalue(), whole)


def _giving_arrays(exercise: Exercise, answer: Answer, xp: Any) -> Answer:
    """The answer with arrays of `xp` for results, as a gradient check expects them.

    So lists and numbers, which will do in the cases, will do here as well.
    """

    def wrapped(*arguments: Any) -> Any:
        results = _results(exercise, answer(*arguments))
        if isinstance(results, str):
            raise _NoResult(results)
        arrays = tuple(xp.asarray(result.astype(np.float64)) for result in results)
        return arrays if len(arrays) > 1 else arrays[0]

    return wrapped


def _has_changed(before: Any, after: Any) -> bool:
    """Whether an argument, an array or a list of numbers, is not what it was."""
    if isinstance(before, np.ndarray):
        return not np.array_equal(before, to_host(after), True)
    return isinstance(before, list) and before != after


def _results(exercise: Exercise, returned: Any) -> tuple[np.ndarray, ...] | str:
    """The results as arrays of the host, or what is wrong with what was returned."""
    names = exercise.results
    if returned is None:
        return "It returned nothing: there is no `return` at its end, or none with a value."
    if len(names) > 1 and (not isinstance(returned, tuple | list) or len(returned) != len(names)):
        what = f"{len(returned)} things" if isinstance(returned, tuple | list) else _kind(returned)
        return f"It returned {what}; expected {len(names)}: {', '.join(names)}."
    if isinstance(returned, tuple) and len(returned) == 1 and getattr(returned[0], "ndim", 0):
        return "It returned a tuple with an array in it: is there a comma behind the value?"
    results = []
    for name, value in zip(names, returned if len(names) > 1 else [returned], strict=True):
        if hasattr(value, "get") and hasattr(value, "dtype"):
            value = to_host(value)
        try:
            array = np.array(value)  # a copy: a buffer may be written again in the next case
        except (ValueError, TypeError):  # rows of different lengths; a list of a GPU's arrays
            return f"{name} is {_kind(value)}; expected an array."
        if array.dtype.kind not in "fiub":
            kind = f"an array of {array.dtype}" if hasattr(value, "dtype") else _kind(value)
            return f"{name} is {kind}; expected an array of numbers."
        results.append(array if array.dtype.kind == "f" else array.astype(np.float64))
    return tuple(results)


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


def is_unwritten(answer: Answer) -> bool:
    """Whether a function's body is still only a docstring, `...`, `pass` or NotImplementedError."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(answer)))
    except (OSError, TypeError, SyntaxError):
        return False
    definition = tree.body[0]
    if not isinstance(definition, ast.FunctionDef):
        return False
    return all(
        isinstance(statement, ast.Pass)
        or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        or (isinstance(statement, ast.Raise) and "NotImplementedError" in ast.unparse(statement))
        for statement in definition.body
    )


def _what_was_raised(answer: Answer, error: BaseException) -> str:
    """The error, and the line of the reader's function it came from."""
    raised = f"{type(error).__name__}: {error}".rstrip(": ")
    code = getattr(answer, "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if code is not None and f.filename == code.co_filename]
    if not own:
        return f"It ended in {raised}"
    line = own[-1].line or linecache.getline(own[-1].filename, own[-1].lineno or 0).strip()
    text = f"It ended in {raised}\nin the line:  {line}"
    if "NoneType" in raised:
        text += "\nSomething in it is None: is a function that it calls still to be written?"
    return text


def _describe(exercise: Exercise, arguments: Sequence[Any]) -> str:
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


def _difference(name: str, expected: np.ndarray, came: np.ndarray) -> str:
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


def _few_lines(text: str) -> str:
    lines = text.rstrip().split("\n")
    more = [f"... ({len(lines) - PRINTED} more lines)"] if len(lines) > PRINTED else []
    return textwrap.indent("\n".join(lines[:PRINTED] + more), "    ")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _kind(value: Any) -> str:
    kind = type(value).__name__
    return "an array" if kind == "ndarray" else f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _copy(argument: Any, xp: Any) -> Any:
    if isinstance(argument, np.ndarray):
        return xp.array(argument)
    return copy.deepcopy(argument)


def _single(argument: Any) -> Any:
    """float64 arrays as float32."""
    if isinstance(argument, np.ndarray) and argument.dtype == np.float64:
        return argument.astype(np.float32)
    return argument
