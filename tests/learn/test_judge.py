"""What a reader is told, whatever the exercise."""

from dataclasses import replace

import numpy as np
import pytest

from minialexnet.backend import get_array_module
from minialexnet.gradcheck import check_function
from minialexnet.learn.exercise import Exercise, Mistake
from minialexnet.learn.judge import is_unwritten, judge


def double(x, shift):
    return 2 * x + shift


def halves(x):
    return x[:1], x[1:]


DOUBLE = Exercise(
    name="double",
    task="Twice x, and shift.",
    solution=double,
    cases=lambda rng: [(np.array([1.0, 2.0]), 0), (rng.standard_normal((3, 4)), 1)],
    mistakes=(
        Mistake("The shift is forgotten.", lambda x, shift: 2 * x),
        Mistake("The shift is doubled too.", lambda x, shift: 2 * (x + shift)),
    ),
)
HALVES = Exercise(
    name="halves",
    task="Cuts x.",
    solution=halves,
    cases=lambda rng: [(rng.standard_normal(4),)],
    mistakes=(Mistake("The first is too long.", lambda x: (x[:2], x[1:])),),
    results=("first", "second"),
)


def said(answer, exercise=DOUBLE, xp=np):
    verdict = judge(exercise, answer, xp)
    return verdict.ok, str(verdict)


def test_right():
    ok, text = said(lambda x, shift: x + x + shift)
    assert ok
    assert text == "✓ double is right\n  It agrees with the solution in 2 cases."


def test_a_known_mistake_is_named_with_the_first_case_that_shows_it():
    ok, text = said(lambda x, shift: x * 2)
    assert not ok
    assert "1 of 2 cases are right; this one is not:" in text
    assert "x = [[" in text and "shift = 1" in text
    assert "Hint: The shift is forgotten." in text
    assert 'learn.solution("double")' in text


def test_an_unknown_mistake_gets_numbers_and_no_hint():
    ok, text = said(lambda x, shift: x**2 + np.arange(x.size).reshape(x.shape))
    assert not ok
    assert "Hint" not in text
    assert "expected\n      [2. 4.]" in text


def test_large_arrays_are_not_printed():
    exercise = Exercise(
        name="double",
        task="",
        solution=double,
        cases=lambda rng: [(np.ones((20, 30)), 0)],
        mistakes=(),
    )

    def answer(x, shift):
        y = 2 * x
        y[3, 5] = 9
        return y

    _, text = said(answer, exercise)
    assert "x of shape (20, 30)" in text
    assert "differs at 1 of 600 places, first at [3, 5]: 9; expected 2" in text


def test_an_error_is_told_with_its_line():
    def answer(x, shift):
        return x.reshape(7, 7)

    ok, text = said(answer)
    assert not ok
    assert "ValueError: cannot reshape array of size 2 into shape (7,7)" in text
    assert "in the line:  return x.reshape(7, 7)" in text


def test_an_error_in_some_cases_only():
    _, text = said(lambda x, shift: double(x, shift).reshape(2))
    assert "1 of 2 cases are right" in text and "cannot reshape" in text


def test_an_error_in_the_first_case_hides_no_known_mistake():
    first = Mistake("Only tables.", lambda x, shift: double(x, shift).reshape(x.shape[0], -1)[:, 3])
    exercise = replace(DOUBLE, mistakes=(first,))
    _, text = said(lambda x, shift: (2 * x + shift)[:, 3], exercise)
    assert "IndexError" in text
    assert "Hint: Only tables." in text
    _, text = said(lambda x, shift: 1 / 0, exercise)
    assert "Hint" not in text


def test_wrong_number_of_arguments():
    _, text = said(lambda x: x)
    assert "TypeError" in text and "takes 1 positional argument but 2 were given" in text


def test_nothing_returned():
    def answer(x, shift):
        x = 2 * x + shift

    _, text = said(answer)
    assert "no `return`" in text


@pytest.mark.parametrize(
    ("value", "what"), [("text", "a str"), ({}, "a dict"), ([[1], [1, 2]], "a list")]
)
def test_no_array_returned(value, what):
    _, text = said(lambda x, shift: value)
    assert f"the result is {what}; expected an array" in text


def test_lists_and_whole_numbers_will_do():
    ok, _ = said(lambda x, shift: double(x, shift).tolist())
    assert ok


def test_several_results():
    ok, _ = said(lambda x: [x[:1], x[1:]], HALVES)
    assert ok
    _, text = said(lambda x: x[:1], HALVES)
    assert "It returned an array; expected 2: first, second." in text
    _, text = said(lambda x: (x, x, x), HALVES)
    assert "It returned 3 things; expected 2: first, second." in text


def test_each_result_is_judged_by_itself():
    """A known mistake in one, an unknown one in the other."""
    _, text = said(lambda x: (x[:2], x[1:] ** 2), HALVES)
    assert "Hint: The first is too long." in text
    assert "second is" in text


def test_changing_an_argument_is_refused():
    def answer(x, shift):
        x *= 2
        x += shift
        return x

    ok, text = said(answer)
    assert not ok
    assert "changes its argument x in place" in text


def test_a_view_of_an_argument_may_be_returned():
    ok, _ = said(lambda x: (x[:1], x[1:]), HALVES)
    assert ok


def test_float64_out_of_float32_is_remarked():
    ok, text = said(lambda x, shift: 2 * x.astype("float64") + shift)
    assert ok
    assert "One remark: from float32 it makes float64" in text


def test_not_a_number_does_not_pass():
    ok, text = said(lambda x, shift: double(x, shift) * np.nan)
    assert not ok
    assert "NaN" in text


def sketch(x, shift):
    """Only begun."""
    # your code
    ...


def raising(x, shift):
    raise NotImplementedError("soon")


@pytest.mark.parametrize("answer", [sketch, raising])
def test_what_is_still_to_be_written(answer):
    assert is_unwritten(answer)
    _, text = said(answer)
    assert "still to be written" in text


@pytest.mark.parametrize("answer", [double, len, np.add, lambda x, shift: x])
def test_what_is_written(answer):
    assert not is_unwritten(answer)


def check_square(answer, xp):
    x = xp.asarray(np.random.default_rng(0).standard_normal(3))
    return check_function(lambda x: x * x, lambda dy, x: answer(dy, x), [x], ["x"])


SQUARE = Exercise(
    name="square_backward",
    task="2 x dy.",
    solution=lambda dy, x: 2 * x * dy,
    cases=lambda rng: [(np.ones(2), np.array([1.0, 1.0]))],
    mistakes=(),
    gradient_check=check_square,
)


def test_the_gradient_is_checked():
    ok, text = said(lambda dy, x: dy * (x + x), SQUARE)
    assert ok
    assert "Gradient check: the largest relative error at 3 points is" in text


def test_a_gradient_that_the_cases_do_not_tell_from_the_right_one():
    """2 dy is right where x is 1, as in this exercise's only case."""
    ok, text = said(lambda dy, x: 2 * dy, SQUARE)
    assert not ok
    assert "(wrong!)" in text


def test_arrays_are_of_the_module_that_is_asked_for(xp):
    seen = []

    def answer(x, shift):
        seen.append(get_array_module(x))
        return 2 * x + shift

    ok, _ = said(answer, xp=xp)
    assert ok
    assert set(seen) == {xp}
