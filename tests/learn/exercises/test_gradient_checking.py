"""Notebook 8's exercises: what is right is accepted, and what is wrong gets the fitting hint."""

import numpy as np
import pytest

from learn.exercises.answers import refused
from minialexnet import learn, ops
from minialexnet.gradcheck import check_function
from minialexnet.learn.exercises import gradient_checking


class TestSolutions:
    def test_the_gradient_is_that_of_the_library(self):
        rng = np.random.default_rng(0)
        x, w, dy = (rng.standard_normal(shape) for shape in ((3, 4), (2, 4), (3, 2)))

        def total(x):
            return (ops.linear(x, w) * dy).sum()

        numeric = gradient_checking.numeric_gradient(total, x, 1e-5)
        analytic = ops.linear_backward(dy, x, w)[0]
        assert gradient_checking.relative_error(analytic, numeric) < 1e-8
        report = check_function(
            ops.linear, lambda dy, x, w: (*ops.linear_backward(dy, x, w)[:1], None), [x, w]
        )
        assert report.ok


def test_a_case_says_what_its_function_is():
    verdict = learn.check("numeric_gradient", lambda f, x, h: 0 * x)
    assert "for f = lambda x: (x**3).sum(), x = [3.0], h = 1.0" in str(verdict)


def by_unit_arrays(f, x, h):
    x = np.asarray(x, dtype=float)
    columns = np.eye(x.size).reshape(-1, *x.shape)
    slopes = [(f(x + h * unit) - f(x - h * unit)) / (2 * h) for unit in columns]
    return np.array(slopes).reshape(x.shape)


def by_nditer(f, x, h):
    x = x.astype(np.float64)
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=["multi_index"])
    while not it.finished:
        i = it.multi_index
        old = x[i]
        x[i] = old + h
        up = f(x)
        x[i] = old - h
        grad[i] = (up - f(x)) / (2 * h)
        x[i] = old
        it.iternext()
    return grad


def flat_copies(f, x, h):
    x = x.astype("float64")
    out = []
    for k in range(x.size):
        a, b = x.copy(), x.copy()
        a.flat[k] += h
        b.flat[k] -= h
        out.append((f(a) - f(b)) / 2 / h)
    return np.reshape(out, x.shape)


def error_by_loops(a, b):
    worst = 0.0
    for p, q in zip(a.ravel(), b.ravel(), strict=True):
        if p != q:
            worst = max(worst, abs(p - q) / max(abs(p), abs(q)))
    return worst


def error_with_a_floor(a, b):
    return np.max(np.abs(a - b) / np.maximum(1e-8, np.maximum(np.abs(a), np.abs(b))))


def error_without_nan(a, b):
    return np.nanmax(np.abs(a - b) / np.max([np.abs(a), np.abs(b)], axis=0))


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("numeric_gradient", by_unit_arrays),
        ("numeric_gradient", by_nditer),
        ("numeric_gradient", flat_copies),
        ("relative_error", error_by_loops),
        ("relative_error", error_with_a_floor),
        ("relative_error", error_without_nan),
    ],
)
def test_other_ways_to_write_it_are_right(name, answer):
    verdict = learn.check(name, answer)
    assert verdict.ok, verdict
    assert "remark" not in str(verdict)


def one_sided(f, x, h):
    x = x.astype(float)
    here, grad = f(x), np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        x[i] += h
        grad[i] = (f(x) - here) / h
        x[i] -= h
    return grad


def slopes(combine):
    """Otherwise right."""

    def gradient(f, x, h):
        x = x.astype(float)
        grad = np.zeros(x.shape)
        for i in np.ndindex(x.shape):
            old = x[i]
            x[i] = old + h
            up = f(x)
            x[i] = old - h
            down = f(x)
            x[i] = old
            grad[i] = combine(up, down, h)
        return grad

    return gradient


def never_back(f, x, h):
    x, grad = x.astype(float), np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        x[i] = x[i] + h
        up = f(x)
        x[i] = x[i] - 2 * h
        grad[i] = (up - f(x)) / (2 * h)
    return grad


def back_by_sums(f, x, h):
    grad = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        x[i] += h
        up = f(x)
        x[i] -= 2 * h
        down = f(x)
        x[i] += h
        grad[i] = (up - down) / (2 * h)
    return grad


def down_to_x_only(f, x, h):
    x, grad = x.astype(float), np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        x[i] += h
        up = f(x)
        x[i] -= h
        grad[i] = (up - f(x)) / (2 * h)
    return grad


def rows_only(f, x, h):
    x, grad = x.astype(float), np.zeros(x.shape)
    for i in range(x.shape[0]):
        up, down = x.copy(), x.copy()
        up[i] += h
        down[i] -= h
        grad[i] = (f(up) - f(down)) / (2 * h)
    return grad


def as_it_comes(f, x, h):
    grad = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        old = x[i]
        x[i] = old + h
        up = f(x)
        x[i] = old - h
        grad[i] = (up - f(x)) / (2 * h)
        x[i] = old
    return grad


def single(f, x, h):
    return as_it_comes(f, x.astype(np.float32), h)


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (one_sided, "one-sided"),
        (slopes(lambda up, down, h: (up - down) / h), "two steps"),
        (slopes(lambda up, down, h: (up - down) / 2 * h), "Brackets"),
        (slopes(lambda up, down, h: (down - up) / (2 * h)), "sign"),
        (never_back, "not put back"),
        (back_by_sums, "each sum is rounded"),
        (down_to_x_only, "at x itself"),
        (rows_only, "first axis"),
        (lambda f, x, h: (f(x + h) - f(x - h)) / (2 * h), "at once"),
        (as_it_comes, "Whole numbers stay whole"),
        (single, "float32"),
    ],
)
def test_wrong_numeric_gradient(answer, word):
    refused("numeric_gradient", answer, word)


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (lambda a, b: np.max(np.abs(a - b)), "absolute error"),
        (lambda a, b: np.mean(np.abs(a - b) / np.maximum(np.abs(a), np.abs(b))), None),
        (lambda a, b: np.max(np.abs(a - b) / np.abs(b)), "|b| only"),
        (lambda a, b: np.max(np.abs(a - b) / np.abs(a)), "|a| only"),
        (lambda a, b: np.max(np.abs(a - b) / (np.abs(a) + np.abs(b) + 1e-12)), "|a| + |b|"),
        (lambda a, b: np.max(np.abs(a - b) / np.maximum(np.abs(a), np.abs(b))), "0 / 0"),
        (
            lambda a, b: np.max((a - b) / np.maximum(1e-9, np.maximum(np.abs(a), np.abs(b)))),
            "absolute value of the difference",
        ),
        (lambda a, b: np.abs(a - b).max() / max(np.abs(a).max(), np.abs(b).max()), "one scale"),
        (
            lambda a, b: np.linalg.norm(a - b) / (np.linalg.norm(a) + np.linalg.norm(b)),
            "Norms of whole arrays",
        ),
        (
            lambda a, b: np.abs(a - b) / np.maximum(1e-9, np.maximum(np.abs(a), np.abs(b))),
            "one error for each number",
        ),
        (
            lambda a, b: np.mean(np.abs(a - b) / np.maximum(1e-9, np.maximum(abs(a), abs(b)))),
            "mean over the numbers",
        ),
    ],
)
def test_wrong_relative_error(answer, word):
    verdict = learn.check("relative_error", answer)
    assert not verdict.ok
    if word is not None:
        assert any(word in hint for hint in verdict.hints), verdict


def test_a_change_of_the_argument_comes_first_unless_it_is_the_mistake_itself():
    def cleared(f, x, h):
        result = one_sided(f, x, h)
        x[...] = 0
        return result

    verdict = learn.check("numeric_gradient", cleared)
    assert "changes its argument x in place" in str(verdict)
    (hint,) = verdict.hints
    assert "Work on a copy of x" in hint
