"""What holds for every exercise of the course."""

import keyword

import numpy as np
import pytest

from minialexnet import learn
from minialexnet.errors import InputError
from minialexnet.learn import EXERCISES

ALL = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
MISTAKES = [
    pytest.param(exercise, mistake, id=f"{exercise.name}-{number}")
    for exercise in EXERCISES.values()
    for number, mistake in enumerate(exercise.mistakes)
]


@ALL
def test_accepts_its_own_solution(exercise, xp):
    verdict = learn.check(exercise.name, exercise.solution, xp)
    assert verdict.ok, verdict
    assert not verdict.hints
    assert not any("remark" in finding for finding in verdict.findings), verdict


@pytest.mark.parametrize(("exercise", "mistake"), MISTAKES)
def test_each_mistake_gets_its_own_hint_and_no_other(exercise, mistake, xp):
    verdict = learn.check(exercise.name, mistake.answer, xp)
    assert not verdict.ok
    assert verdict.hints == (mistake.hint,), verdict


@ALL
def test_knows_at_least_five_mistakes(exercise):
    assert len({mistake.hint for mistake in exercise.mistakes}) >= 5


@ALL
def test_is_described(exercise):
    assert exercise.name.isidentifier() and not keyword.iskeyword(exercise.name)
    assert exercise.task.endswith((".", "!"))
    assert exercise.signature.startswith(f"{exercise.name}(")


@ALL
def test_cases_are_always_the_same(exercise):
    first, second = (exercise.cases(np.random.default_rng(3)) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        for a, b in zip(one, other, strict=True):
            if isinstance(a, np.ndarray):
                np.testing.assert_array_equal(a, b)


@ALL
def test_solution_can_be_shown(exercise):
    text = str(learn.solution(exercise.name))
    assert text.startswith("# minialexnet/learn/exercises/")
    assert f"def {exercise.solution.__name__}(" in text


def test_a_count_is_exact():
    """One too many in a hundred million is less than the rounding that others are allowed."""

    def answer(*arguments):
        count = EXERCISES["multiply_adds"].solution(*arguments)
        return count + (count > 10**8)

    assert not learn.check("multiply_adds", answer).ok


def test_errors_where_only_the_second_is_0():
    """They count as 1, and not as the size of the first."""

    def answer(a, b):
        scale = np.maximum(abs(a), abs(b))
        return (abs(a - b) / np.where(b == 0, 1, scale)).max()

    assert not learn.check("relative_error", answer).ok


def test_windows_that_are_no_squares():
    """And a picture that is higher than it is wide."""

    def answer(cols, image_size, stride, padding):
        n, oh, ow, k, _, c = cols.shape
        h, w = image_size
        padded = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
        for i, j in np.ndindex(oh, ow):
            top, left = i * stride, j * stride
            window = padded[:, :, top : top + k, left : left + k]
            window += cols[:, i, j].transpose(0, 3, 1, 2)
        return padded[:, :, padding : padding + h, padding : padding + w]

    assert not learn.check("col2im", answer).ok


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match=r"no exercise 'conv2' \(did you mean 'conv2d'\?\)"):
        learn.check("conv2", len)
    with pytest.raises(InputError, match="no exercise 'zzz'; there are "):
        learn.solution("zzz")
    with pytest.raises(InputError, match="no exercise"):
        learn.check(["conv2d"], len)


def test_refuses_what_is_no_function():
    with pytest.raises(InputError, match="is no function; expected one like im2col\\(x, kernel"):
        learn.check("im2col", 3)


@pytest.mark.parametrize("arguments", [("im2col",), (learn.EXERCISES["im2col"].solution,)])
def test_check_says_what_it_takes(arguments):
    with pytest.raises(InputError, match=r'your function: learn.check\("im2col", im2col\)'):
        learn.check(*arguments)
