"""What a reader is told, whatever the exercise."""

from dataclasses import replace

import numpy as np
import pytest

from minialexnet.backend import get_array_module
from minialexnet.errors import InputError
from minialexnet.gradcheck import check_function
from minialexnet.learn.exercise import Exercise, Mistake
from minialexnet.learn.judge import judge


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
    assert "1 of 2 cases is right; this one is not:" in text
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
    assert "1 of 2 cases is right" in text and "cannot reshape" in text


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


def test_results_in_another_order():
    _, text = said(lambda x: (x[1:], x[:1]), HALVES)
    assert "Hint: The results are right, but in another order: expected first, second." in text


def test_several_things_where_one_is_expected():
    """As `return y, cache`, which is taken for one array with an axis more."""
    ok, text = said(lambda x, shift: (double(x, shift), x))
    assert not ok
    assert "It returned 2 things; expected one." in text


def test_an_array_where_a_number_belongs():
    def squares(x):
        result = np.zeros(len(x))
        for i in range(len(x)):
            result[i] = x[i : i + 1] ** 2, 0
        return result

    exercise = Exercise("squares", "", lambda x: x**2, lambda rng: [(np.arange(3.0),)], ())
    assert "of an array (1,), take [0]" in str(judge(exercise, squares))


def test_a_comma_too_many():
    def answer(x, shift):
        return (double(x, shift),)

    _, text = said(answer)
    assert "is there a comma behind the value?" in text and "Hint" not in text


def test_complex_numbers():
    _, text = said(lambda x, shift: double(x, shift) + 0j)
    assert "the result is an array of complex128; expected an array of numbers" in text


def test_a_list_of_arrays_of_a_device_is_no_array():
    """CuPy's arrays refuse to be made into NumPy's, with a TypeError."""

    class OnDevice:
        def __array__(self, *args, **kwargs):
            raise TypeError("implicit conversion")

    _, text = said(lambda x, shift: [OnDevice()])
    assert "the result is a list; expected an array" in text


def test_one_buffer_for_all_cases():
    """What was returned for one case may be overwritten in the next."""
    exercise = replace(DOUBLE, cases=lambda rng: [(np.array([a, 2.0]), 0) for a in (1.0, 5.0)])
    buffer = np.zeros(2)

    def answer(x, shift):
        buffer[:] = 2 * x + shift
        return buffer

    ok, text = said(answer, exercise)
    assert ok, text


@pytest.mark.parametrize("leave", [SystemExit, SystemExit("bye")])
def test_an_answer_that_ends_the_program_ends_only_itself(leave):
    def answer(x, shift):
        raise leave

    ok, text = said(answer)
    assert not ok
    assert "It ended in SystemExit" in text and "SystemExit: \n" not in text


def test_what_is_no_function_is_not_printed():
    with pytest.raises(InputError, match=r"^an array is no function"):
        judge(DOUBLE, np.zeros((50, 50)))


def test_small_differences_are_shown():
    """In four or six digits both would look the same."""
    _, text = said(lambda x, shift: double(x, shift) * (1 + 2e-6))
    assert "differs at 2 of 2 places, first at [0]: 2.000004; expected 2" in text
    exercise = replace(
        DOUBLE,
        solution=lambda x, shift: 37748737,
        cases=lambda rng: [(1.0, 0)],
        mistakes=(),
        tolerance=0,
    )
    _, text = said(lambda x, shift: 37748736, exercise)
    assert "the result is 37748736; expected 37748737" in text
    assert "Hint" not in text


def test_small_arguments_are_not_shown_as_0():
    exercise = replace(DOUBLE, cases=lambda rng: [(np.array([1.5e-6, 1 / 3, 1000.0]), 0)])
    assert "x = [1.5e-06, 0.3333, 1000.0], shift" in said(lambda x, shift: x, exercise)[1]


def test_types_of_arguments_are_shown():
    exercise = replace(DOUBLE, cases=lambda rng: [(np.array([200], dtype=np.uint8), 0)])
    assert "x = [200] in uint8" in said(lambda x, shift: x[::-1] + 3, exercise)[1]


def test_float32_in_between():
    """Right, but in too few digits: no factor, and no mistake of the formula."""
    exercise = replace(DOUBLE, cases=lambda rng: [(rng.standard_normal(9), 1)], tolerance=1e-8)
    _, text = said(lambda x, shift: double(x.astype(np.float32), shift), exercise)
    assert "Hint: It is right to about 7 digits, which is what float32 has." in text


def test_changing_a_list_is_refused():
    exercise = replace(
        DOUBLE, solution=lambda x, shift: sum(x), cases=lambda rng: [([1, 2], 0)], mistakes=()
    )

    def answer(x, shift):
        return x.pop() + x.pop()

    ok, text = said(answer, exercise)
    assert not ok
    assert "changes its argument x in place" in text


def test_several_changed_arguments():
    def answer(dy, x):
        dy *= 2
        x *= 2
        return dy

    _, text = said(answer, SQUARE)
    assert "changes its arguments dy and x in place, which belong to the caller" in text


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
def test_a_function_still_to_be_written_is_not_called_wrong(answer):
    _, text = said(answer)
    assert text.startswith(
        "… double is still to be written\n  Twice x, and shift.\n"
        "  Write your code in the function's body."
    )


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


def test_lists_will_do_in_the_gradient_check_too():
    ok, text = said(lambda dy, x: (2 * x * dy).tolist(), SQUARE)
    assert ok
    assert "Gradient check" in text


def test_an_error_in_the_gradient_check_is_told():
    """Its arguments may have shapes that no case has."""

    def answer(dy, x):
        return 2 * x.reshape(2) * dy

    ok, text = said(answer, SQUARE)
    assert not ok
    assert "In the gradient check: It ended in ValueError: cannot reshape" in text
    assert "in the line:  return 2 * x.reshape(2) * dy" in text


def test_nothing_returned_in_the_gradient_check():
    _, text = said(lambda dy, x: 2 * x * dy if len(x) == 2 else None, SQUARE)
    assert "In the gradient check: It returned nothing" in text


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


def test_only_what_is_printed_in_the_case_that_is_shown(capsys):
    def answer(x, shift):
        for i in range(20):
            print("line", i, "of", x.shape)
        return 2 * x

    _, text = said(answer)
    assert capsys.readouterr().out == ""
    assert "it printed\n      line 0 of (3, 4)\n" in text
    assert "line 11 of" in text and "line 12 of" not in text
    assert "... (8 more lines)" in text
    ok, text = said(lambda x, shift: print("seen") or 2 * x + shift)
    assert ok and "seen" not in text


def test_a_float_for_a_whole_number_is_remarked():
    exercise = Exercise(
        name="half",
        task="Half of n.",
        solution=lambda n: n // 2,
        cases=lambda rng: [(4,), (5,)],
        mistakes=(),
    )
    ok, text = said(lambda n: np.floor(n / 2), exercise)
    assert ok and "One remark: it is a float" in text
    for right in (lambda n: int(n / 2), lambda n: np.int64(n) // 2):
        ok, text = said(right, exercise)
        assert ok and "remark" not in text


def test_memory_that_is_not_zero_is_named():
    def answer(x, shift):
        y = np.random.default_rng().random(x.shape)  # as np.empty, but never 0 by chance
        return y + 2 * x + shift

    _, text = said(answer)
    assert "`empty`" in text


def test_a_function_that_gives_none_within_it():
    _, text = said(lambda x, shift: sketch(x, shift).shape)
    assert "'NoneType' object has no attribute 'shape'" in text
    assert "is a function that it calls still to be written?" in text


def test_small_arrays_with_many_axes_are_shown_flat():
    exercise = replace(DOUBLE, cases=lambda rng: [(np.ones((1, 1, 2, 2)), 0)])
    _, text = said(lambda x, shift: 0 * x, exercise)
    assert "x of shape (1, 1, 2, 2) = [[1.0, 1.0], [1.0, 1.0]]" in text


class TestOverflowBesides:
    """Two mistakes at once, of which one shows in a later case only, as numbers not finite."""

    EXERCISE = replace(
        DOUBLE,
        cases=lambda rng: [(np.array([1.0, 2.0]), 1), (np.array([1.0, 1000.0]), 1)],
    )

    @staticmethod
    def overflowing(x):
        return np.log(np.exp(x)) * 2

    def test_the_mistake_in_the_case_that_is_shown_gets_its_hint(self):
        verdict = judge(self.EXERCISE, lambda x, shift: self.overflowing(x))
        assert verdict.hints[0] == "The shift is forgotten."
        assert "in a later case there are numbers that are not finite" in verdict.hints[1]

    def test_where_nothing_else_is_wrong_it_is_the_overflow_alone(self):
        verdict = judge(self.EXERCISE, lambda x, shift: self.overflowing(x) + shift)
        (hint,) = verdict.hints
        assert hint.startswith("There are infinite numbers in it")

    def test_where_no_mistake_is_known_it_is_named_as_before(self):
        verdict = judge(self.EXERCISE, lambda x, shift: self.overflowing(x) ** 2 + 7 * shift)
        assert all("forgotten" not in hint for hint in verdict.hints)
