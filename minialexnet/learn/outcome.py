"""Runs a reader's function on one case, whatever it does."""

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
from dataclasses import dataclass
from typing import Any

import numpy as np

from minialexnet.backend import to_host
from minialexnet.learn.exercise import Answer, Exercise
from minialexnet.learn.wording import kind_of


class NoResult(Exception):
    """What is wrong with what was returned, on its way out of whatever had called the function."""


@dataclass(frozen=True)
class Outcome:
    """What a function made of one case.

    Attributes:
        arguments: as it was given them; results: arrays of the host, one for each of the
        exercise's; problem: in place of results, why there are none; changed: names of arguments
        that it changed in place; printed: what it printed; whole: it returned one whole number;
        things: how many it returned where one is expected, which were taken together (or 0).
    """

    arguments: Sequence[Any]
    results: tuple[np.ndarray, ...] = ()
    problem: str | None = None
    changed: tuple[str, ...] = ()
    printed: str = ""
    whole: bool = False
    things: int = 0


def run(exercise: Exercise, answer: Answer, arguments: Sequence[Any], xp: Any = np) -> Outcome:
    """What `answer` makes of the arguments, which it gets copies of."""
    given = [_copy(argument, xp) for argument in arguments]
    printed = io.StringIO()  # for one case, not for all of them
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings(), redirect_stdout(printed):
            warnings.simplefilter("ignore")
            returned = answer(*given) if exercise.call is None else exercise.call(answer, *given)
    except NoResult as error:
        return Outcome(arguments, problem=str(error), printed=printed.getvalue())
    except (Exception, SystemExit) as error:  # whatever a reader's code may raise (exit() too)
        problem = what_was_raised(answer, error)
        return Outcome(arguments, problem=problem, printed=printed.getvalue())
    changed = tuple(
        name
        for name, before, after in zip(exercise.parameters, arguments, given, strict=False)
        if _has_changed(before, after)
    )
    if isinstance(results := _results(exercise, returned), str):
        return Outcome(arguments, problem=results, changed=changed, printed=printed.getvalue())
    whole = isinstance(returned, int | np.integer)
    several = isinstance(returned, tuple) and len(exercise.results) == 1
    things = len(returned) if several else 0
    return Outcome(arguments, results, None, changed, printed.getvalue(), whole, things)


def giving_arrays(exercise: Exercise, answer: Answer, xp: Any) -> Answer:
    """The answer with arrays of `xp` for results, as a gradient check expects them.

    So lists and numbers, which will do in the cases, will do here as well.
    """

    def wrapped(*arguments: Any) -> Any:
        results = _results(exercise, answer(*arguments))
        if isinstance(results, str):
            raise NoResult(results)
        arrays = tuple(xp.asarray(result.astype(np.float64)) for result in results)
        return arrays if len(arrays) > 1 else arrays[0]

    return wrapped


def _results(exercise: Exercise, returned: Any) -> tuple[np.ndarray, ...] | str:
    """The results as arrays of the host, or what is wrong with what was returned."""
    names = exercise.results
    if returned is None:
        return "It returned nothing: there is no `return` at its end, or none with a value."
    if len(names) > 1 and (not isinstance(returned, tuple | list) or len(returned) != len(names)):
        what = (
            f"{len(returned)} things" if isinstance(returned, tuple | list) else kind_of(returned)
        )
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
            return f"{name} is {kind_of(value)}; expected an array."
        if array.dtype.kind not in "fiub":
            kind = f"an array of {array.dtype}" if hasattr(value, "dtype") else kind_of(value)
            return f"{name} is {kind}; expected an array of numbers."
        results.append(array if array.dtype.kind == "f" else array.astype(np.float64))
    return tuple(results)


def _has_changed(before: Any, after: Any) -> bool:
    """Whether an argument, an array or a list of numbers, is not what it was."""
    if isinstance(before, np.ndarray):
        return not np.array_equal(before, to_host(after), True)
    return isinstance(before, list) and before != after


def what_was_raised(answer: Answer, error: BaseException) -> str:
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
    if "setting an array element with a sequence" in raised:
        text += "\nIt puts an array where one number belongs: of an array (1,), take [0]."
    return text


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


def _copy(argument: Any, xp: Any) -> Any:
    if isinstance(argument, np.ndarray):
        return xp.array(argument)
    return copy.deepcopy(argument)
