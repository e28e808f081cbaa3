"""The gradient check says ok to right gradients, WRONG to wrong ones, and knows its limits."""

import numpy as np
import pytest

from minialexnet.errors import InputError
from minialexnet.gradcheck import check_function, check_layer, check_loss
from minialexnet.layers import (
    Conv2d,
    Dropout,
    Linear,
    LocalResponseNorm,
    MaxPool2d,
    ReLU,
    Sequential,
    SoftmaxCrossEntropy,
    Tanh,
)

STEEP = {
    "tanh(20 x)": (lambda x: np.tanh(20 * x), lambda x: 20 * (1 - np.tanh(20 * x) ** 2)),
    "1 / (x^2 + 1e-4)": (
        lambda x: 1 / (x**2 + 1e-4),
        lambda x: -2 * x / (x**2 + 1e-4) ** 2,
    ),
    "sin(50 x)": (lambda x: np.sin(50 * x), lambda x: 50 * np.cos(50 * x)),
}
WITH_AN_EDGE = {
    "log": (np.log, lambda x: 1 / x, 5e-5),
    "sqrt": (np.sqrt, lambda x: 0.5 / np.sqrt(x), 3e-5),
    "arcsin": (np.arcsin, lambda x: 1 / np.sqrt(1 - x**2), 1 - 1e-5),
}
SEEDS = range(4)


def linear(x, w):
    return x @ w.T


def linear_backward(dy, x, w):
    return dy @ w, dy.T @ x


def linear_with_cache(x, w):
    return x @ w.T, (x, w)


def linear_backward_from_cache(dy, cache):
    x, w = cache
    return dy @ w, dy.T @ x


def relu(x):
    return np.maximum(x, 0)


def relu_backward(dy, x):
    return dy * (x > 0)


def result_of(report, target):
    return next(result for result in report.results if result.target == target)


@pytest.fixture
def xw(rng):
    return [rng.standard_normal((3, 5)), rng.standard_normal((4, 5))]


class TestRightGradients:
    @pytest.mark.parametrize("seed", SEEDS)
    def test_plain_pair(self, xw, seed):
        report = check_function(linear, linear_backward, xw, ["x", "w"], seed=seed)
        assert report.ok
        assert report.error < 1e-8
        assert (report.points, report.kinks) == (15 + 20, 0)
        assert [result.target for result in report.results] == ["x", "w"]

    @pytest.mark.parametrize("container", [tuple, list])
    def test_pair_with_a_cache(self, xw, container):
        def backward(dy, cache):
            return container(linear_backward_from_cache(dy, cache))

        report = check_function(linear_with_cache, backward, xw)
        assert report.ok
        assert [result.target for result in report.results] == ["input 0", "input 1"]

    def test_one_gradient_need_not_be_a_tuple(self, rng):
        x = rng.standard_normal((3, 4))
        assert check_function(np.sin, lambda dy, x: dy * np.cos(x), [x]).ok

    def test_a_gradient_of_none_is_not_checked(self, xw):
        report = check_function(linear, lambda dy, x, w: (dy @ w, None), xw, ["x", "w"])
        assert report.ok
        assert [result.target for result in report.results] == ["x"]

    def test_a_forward_pass_that_returns_its_input_itself(self, rng):
        x = rng.standard_normal((3, 4))
        assert check_function(lambda x: x, lambda dy, x: dy, [x]).ok
        assert check_function(lambda x: x.T, lambda dy, x: dy.T, [x]).ok

    @pytest.mark.parametrize("kind", [float, np.float64, np.asarray])
    def test_a_loss_that_is_one_number(self, rng, kind):
        def loss(x):
            return kind((x**2).mean())

        x = rng.standard_normal((3, 4))
        assert check_function(loss, lambda dy, x: dy * 2 * x / x.size, [x]).ok
        assert not check_function(loss, lambda dy, x: 2 * x / x.size, [x]).ok
        with_cache = check_function(lambda x: (loss(x), x), lambda dy, x: dy * x / 6, [x])
        assert with_cache.ok

    def test_one_array_given_twice_is_two_inputs(self, rng):
        x = rng.standard_normal((3, 4))
        assert check_function(
            lambda a, b: a * b**2, lambda dy, a, b: (dy * b**2, dy * 2 * a * b), [x, x]
        ).ok

    def test_arrays_that_may_not_be_written_to(self, rng):
        x = rng.standard_normal((3, 4))
        x.flags.writeable = False
        assert check_function(np.sin, lambda dy, x: dy * np.cos(x), [x]).ok

    def test_gradients_that_differ_by_many_orders(self, rng):
        """Small ones must not be called wrong for the rounding errors of large ones."""
        x = rng.standard_normal(12)
        scale = 10.0 ** -np.arange(12)
        report = check_function(
            lambda x: (scale * np.sin(x)).sum(), lambda dy, x: dy * scale * np.cos(x), [x]
        )
        assert report.ok
        assert report.points == 12

    def test_gradients_that_are_zero_everywhere(self, rng):
        x = rng.standard_normal((3, 4))
        report = check_function(lambda x: 0 * x, lambda dy, x: 0 * dy, [x], max_points=6)
        assert report.ok
        assert report.error == 0

    def test_arrays_of_any_backend(self, backend, xw):
        arrays = [backend.put(array) for array in xw]
        assert check_function(linear, linear_backward, arrays).ok
        assert not check_function(linear, lambda dy, x, w: (2 * dy @ w, dy.T @ x), arrays).ok

    @pytest.mark.parametrize("size", [1e-6, 1e3, 1e6, 1e9])
    def test_the_step_grows_with_the_number(self, rng, size):
        x = size * rng.uniform(1, 2, (3, 4)) * rng.choice([-1, 1], (3, 4))
        report = check_function(lambda x: x**2, lambda dy, x: dy * 2 * x, [x])
        assert report.ok, f"{report}"
        assert report.points == 12
        assert not check_function(lambda x: x**2, lambda dy, x: dy * 2.001 * x, [x]).ok

    @pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "bool"])
    def test_labels_need_no_gradient(self, rng, dtype):
        """The functions of the course CS231n return the loss and its gradient at once."""

        def softmax_loss(x, labels):
            shifted = np.exp(x - x.max(axis=1, keepdims=True))
            p, rows = shifted / shifted.sum(axis=1, keepdims=True), np.arange(len(x))
            dx = p.copy()
            dx[rows, labels.astype(int)] -= 1
            return -np.log(p[rows, labels.astype(int)]).mean(), dx / len(x)

        inputs = [rng.standard_normal((4, 5)), rng.integers(0, 2, 4).astype(dtype)]
        report = check_function(softmax_loss, lambda dy, dx: (dy * dx, None), inputs)
        assert report.ok
        assert [result.target for result in report.results] == ["input 0"]
        assert not check_function(softmax_loss, lambda dy, dx: (dy * dx * 4, None), inputs).ok


WRONG_BACKWARDS = {
    "twice as large": (lambda dy, x, w: (2 * dy @ w, dy.T @ x), "x"),
    "opposite sign": (lambda dy, x, w: (dy @ w, -dy.T @ x), "w"),
    "one hundred-thousandth too large": (lambda dy, x, w: (dy @ w * (1 + 1e-5), dy.T @ x), "x"),
    "zero": (lambda dy, x, w: (dy @ w, 0 * w), "w"),
    "mean instead of sum": (lambda dy, x, w: (dy @ w, dy.T @ x / len(x)), "w"),
    "sum over all but the last picture": (lambda dy, x, w: (dy @ w, dy[:-1].T @ x[:-1]), "w"),
    "upstream gradient of ones": (lambda dy, x, w: (np.ones_like(dy) @ w, dy.T @ x), "x"),
}


class TestWrongGradients:
    @pytest.mark.parametrize("name", WRONG_BACKWARDS)
    @pytest.mark.parametrize("seed", SEEDS)
    def test_are_wrong(self, xw, name, seed):
        backward, culprit = WRONG_BACKWARDS[name]
        report = check_function(linear, backward, xw, ["x", "w"], seed=seed)
        assert not report.ok
        verdicts = {result.target: result.verdict for result in report.results}
        assert verdicts == {"x": "ok", "w": "ok"} | {culprit: "WRONG"}

    def test_with_a_cache(self, xw):
        def backward(dy, cache):
            dx, dw = linear_backward_from_cache(dy, cache)
            return dx, 1.001 * dw

        report = check_function(linear_with_cache, backward, xw, ["x", "w"])
        assert [result.verdict for result in report.results] == ["ok", "WRONG"]

    def test_transposed_by_mistake(self, rng):
        square = [rng.standard_normal((4, 4)), rng.standard_normal((4, 4))]
        report = check_function(linear, lambda dy, x, w: (dy @ w.T, dy.T @ x), square, ["x", "w"])
        assert result_of(report, "x").verdict == "WRONG"
        assert result_of(report, "w").verdict == "ok"

    def test_a_factor_is_reported_as_the_relative_error_it_is(self, xw):
        report = check_function(linear, lambda dy, x, w: (2 * dy @ w, dy.T @ x), xw, ["x", "w"])
        assert result_of(report, "x").error == pytest.approx(0.5, rel=1e-6)

    @pytest.mark.parametrize("index", [(0, 0), (1, 3), (2, 4)])
    @pytest.mark.parametrize("wrong", [lambda v: v + 0.1, lambda v: 0.0, lambda v: v * (1 + 1e-5)])
    def test_a_mistake_in_one_place_is_found_there(self, xw, index, wrong):
        def backward(dy, x, w):
            dx, dw = linear_backward(dy, x, w)
            dx[index] = wrong(dx[index])
            return dx, dw

        result = result_of(check_function(linear, backward, xw, ["x", "w"]), "x")
        assert result.verdict == "WRONG"
        found, analytic, numeric = result.worst
        assert found == index
        assert analytic == pytest.approx(wrong(numeric), rel=1e-8)

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_what_is_no_number_is_wrong(self, xw, value):
        def backward(dy, x, w):
            dx, dw = linear_backward(dy, x, w)
            dx[1, 2] = value
            return dx, dw

        result = result_of(check_function(linear, backward, xw, ["x", "w"]), "x")
        assert result.verdict == "WRONG"
        assert result.worst[0] == (1, 2)

    @pytest.mark.parametrize("value", [1e12, -1e12, np.inf, np.nan])
    def test_an_entry_far_too_large_hides_no_others(self, rng, value):
        """It may not be among the points that are compared, and does not set their scale."""
        x = rng.uniform(0.5, 2, (50, 50))

        def backward(dy, x):
            dx = 5 * x * dy
            dx[0, 0] = value
            return dx

        for seed in SEEDS:
            report = check_function(lambda x: x * x, backward, [x], max_points=20, seed=seed)
            assert report.results[0].verdict == "WRONG"
            assert report.error >= 0.6 * (1 - 1e-6)

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_what_is_no_number_is_wrong_anywhere(self, rng, value):
        x = rng.uniform(0.5, 2, (50, 50))

        def backward(dy, x):
            dx = 2 * x * dy
            dx[31, 17] = value
            return dx

        (result,) = check_function(lambda x: x * x, backward, [x], max_points=20).results
        assert (result.verdict, result.error) == ("WRONG", np.inf)
        assert result.worst[0] == (31, 17)

    def test_what_is_no_number_is_wrong_even_at_a_kink(self, rng):
        x = rng.uniform(0.5, 2, (3, 5))
        x[1, 2] = 0

        def backward(dy, x):
            return relu_backward(dy, x) * np.where(x == 0, np.inf, 1)

        with np.errstate(invalid="ignore"):
            (result,) = check_function(relu, backward, [x]).results
        assert result.verdict == "WRONG"
        assert result.worst[0] == (1, 2)

    @pytest.mark.parametrize("factor", [1e3, 1e5, 1e12])
    def test_a_value_far_too_large_at_a_kink_hides_no_others(self, rng, factor):
        x = rng.uniform(0.5, 2, (3, 5))
        x[0, 0] = 0

        def backward(dy, x):
            return np.where(x == 0, factor, 1.01) * dy

        report = check_function(relu, backward, [x])
        assert report.results[0].verdict == "WRONG"

    def test_nothing_to_check_is_not_ok(self, xw):
        report = check_function(linear, lambda dy, x, w: (None, None), xw)
        assert not report.ok
        assert (report.points, report.error) == (0, np.inf)

    @pytest.mark.parametrize("seed", SEEDS)
    def test_the_upstream_gradient_is_not_the_input_itself(self, seed):
        """Readers draw theirs from the same seed; then a mix-up of the two went unnoticed."""
        x = np.random.default_rng(seed).standard_normal((3, 4))
        report = check_function(lambda x: x**2 / 2, lambda dy, x: dy * dy, [x], seed=seed)
        assert report.results[0].verdict == "WRONG"

    def test_a_hundredth_of_the_largest_is_still_compared_by_itself(self):
        x = np.array([1.0, 1.0])
        scale = np.array([1.0, 0.01])

        def backward(dy, x):
            return dy * scale * np.cos(x) * np.array([1, 1 + 1e-5])

        (result,) = check_function(lambda x: scale * np.sin(x), backward, [x]).results
        assert result.verdict == "WRONG"
        assert result.worst[0] == (1,)

    def test_a_forward_pass_that_gives_nan_is_not_ok(self, rng):
        x = -rng.random((2, 2)) - 1
        with np.errstate(invalid="ignore"):
            assert not check_function(np.log, lambda dy, x: dy / x, [x]).ok

    def test_the_text_says_where(self, xw):
        def backward(dy, x, w):
            dx, dw = linear_backward(dy, x, w)
            dx[1, 3] = 7
            return dx, dw

        lines = str(check_function(linear, backward, xw, ["x", "w"])).splitlines()
        assert "WRONG: at [1, 3] analytic 7, numeric " in lines[0]
        assert lines[1].endswith("ok")

    def test_the_tolerance_decides(self, xw):
        def backward(dy, x, w):
            return 1.001 * dy @ w, dy.T @ x

        assert not check_function(linear, backward, xw, tolerance=5e-4).ok
        assert check_function(linear, backward, xw, tolerance=2e-3).ok


class TestKinks:
    def test_at_zero_and_within_the_step_of_it_are_counted_not_compared(self, rng):
        x = rng.uniform(0.5, 2, (3, 5)) * rng.choice([-1, 1], (3, 5))
        x[0, 0], x[0, 1], x[1, 2], x[2, 4] = 0.0, 3e-5, -7e-5, 9.9e-5
        report = check_function(relu, relu_backward, [x])
        assert report.ok
        assert (report.kinks, report.points) == (4, 11)
        assert "4 at kinks" in str(report)

    @pytest.mark.parametrize(
        "offset", [0.0, 1e-6, 2.5e-5, 5e-5, -5e-5, 7.5e-5, -9.9e-5, 1e-4 / 3, -1e-4 / 3]
    )
    def test_wherever_within_the_step_they_lie(self, rng, offset):
        """At a third of the step the second differences of both widths agree by chance."""
        x = rng.uniform(0.5, 2, 6)
        x[3] = offset
        report = check_function(relu, relu_backward, [x])
        assert report.ok
        assert report.kinks == 1

    def test_a_kink_just_beyond_the_step_is_none(self, rng):
        x = rng.uniform(0.5, 2, 6)
        x[3], x[4] = 1.01e-4, -1.01e-4
        report = check_function(relu, relu_backward, [x])
        assert report.ok
        assert report.kinks == 0

    @pytest.mark.parametrize("seed", SEEDS)
    def test_what_is_wrong_elsewhere_is_still_found(self, seed):
        x = np.random.default_rng(seed).standard_normal((3, 5))
        x[0, :3] = 0
        x[2, 1] = 1.5

        def backward(dy, x):
            dx = relu_backward(dy, x)
            dx[2, 1] *= 1.01
            return dx

        (result,) = check_function(relu, backward, [x], seed=seed).results
        assert result.verdict == "WRONG"
        assert result.worst[0] == (2, 1)
        assert result.kinks == 3

    def test_a_wrong_slope_is_no_kink(self, rng):
        """ReLU's backward pass that lets everything through is wrong, not full of kinks."""
        (result,) = check_function(relu, lambda dy, x: dy, [rng.standard_normal((4, 5))]).results
        assert result.verdict == "WRONG"
        assert result.kinks == 0

    def test_kinks_alone_give_no_verdict_and_are_not_ok(self):
        report = check_function(relu, relu_backward, [np.zeros((2, 3))])
        assert report.results[0].verdict == "NO VERDICT"
        assert not report.ok
        assert (report.points, report.kinks) == (0, 6)
        assert "NO VERDICT" in str(report)

    def test_a_wrong_backward_behind_kinks_is_not_ok(self):
        x = np.zeros(100)
        x[40] = 1.0

        def backward(dy, x):
            return dy * np.where(x > 0, 1, 123.0)

        report = check_function(relu, backward, [x])
        assert (report.points, report.kinks) == (1, 99)
        assert report.results[0].verdict == "NO VERDICT"
        assert not report.ok

    @pytest.mark.parametrize(("kinks", "verdict"), [(5, "ok"), (6, "NO VERDICT"), (4, "ok")])
    def test_there_is_no_verdict_when_they_are_the_majority(self, rng, kinks, verdict):
        x = rng.uniform(0.5, 2, 10)
        x[:kinks] = 0
        assert check_function(relu, relu_backward, [x]).results[0].verdict == verdict

    def test_what_is_wrong_is_wrong_behind_any_number_of_kinks(self, rng):
        x = np.zeros(100)
        x[40] = 1.0
        report = check_function(relu, lambda dy, x: 2 * relu_backward(dy, x), [x])
        assert report.results[0].verdict == "WRONG"

    def test_one_array_without_a_verdict_spoils_the_report(self, rng):
        def forward(x, z):
            return relu(x) + relu(z)

        def backward(dy, x, z):
            return relu_backward(dy, x), relu_backward(dy, z)

        arrays = [rng.uniform(1, 2, (2, 3)), np.zeros((2, 3))]
        report = check_function(forward, backward, arrays)
        assert [result.verdict for result in report.results] == ["ok", "NO VERDICT"]
        assert not report.ok

    def test_equal_values_in_a_pooling_window(self, rng):
        x = rng.standard_normal((1, 1, 4, 4))
        x[0, 0, 0, 0] = x[0, 0, 1, 1] = 9.0
        x[0, 0, 2, 2], x[0, 0, 3, 3] = 7.0, 7.00003
        report = check_layer(MaxPool2d(2), x)
        assert report.ok
        assert report.kinks == 4

    def test_a_curved_function_has_no_kinks(self, rng):
        x = rng.standard_normal((4, 5)) * 2
        report = check_function(np.tanh, lambda dy, x: dy * (1 - np.tanh(x) ** 2), [x])
        assert report.ok
        assert report.kinks == 0

    @pytest.mark.parametrize("name", STEEP)
    @pytest.mark.parametrize("seed", SEEDS)
    def test_a_steep_function_has_none_either(self, name, seed):
        f, derivative = STEEP[name]
        x = np.random.default_rng(seed).standard_normal(40) * 0.1
        report = check_function(f, lambda dy, x: dy * derivative(x), [x], seed=seed)
        assert report.ok, f"{report}"
        assert (report.points, report.kinks) == (40, 0)
        for factor in (1 + 1e-5, 1.01):
            wrong = check_function(f, lambda dy, x, k=factor: dy * k * derivative(x), [x])
            assert wrong.results[0].verdict == "WRONG"

    @pytest.mark.parametrize("name", STEEP)
    def test_kinks_of_a_steep_function_are_still_seen(self, name):
        f, derivative = STEEP[name]
        x = np.array([0.02, 0.05, -0.03, 0.04, -0.02])
        jump = 0.3 * np.abs(derivative(x)).max()

        def forward(x):
            return f(x) + jump * relu(x - 0.005)

        def backward(dy, x):
            return dy * (derivative(x) + jump * (x > 0.005))

        for offset in np.linspace(-0.98e-4, 0.98e-4, 99):
            x[2] = 0.005 + offset
            report = check_function(forward, backward, [x])
            assert report.ok, f"{offset}: {report}"
            assert report.kinks == 1

    def test_the_third_step_is_spent_on_suspicion_only(self, rng):
        calls = 0

        def forward(x):
            nonlocal calls
            calls += 1
            return relu(x)

        x = rng.uniform(0.5, 2, 10)
        check_function(forward, relu_backward, [x])
        assert calls == 1 + 5 * 10
        x[3], calls = 0, 0
        check_function(forward, relu_backward, [x])
        assert calls == 1 + 5 * 10 + 7


class TestNotFiniteNearby:
    """A point there is neither right nor wrong, and is no kink."""

    @pytest.mark.parametrize("name", WITH_AN_EDGE)
    def test_it_is_counted(self, rng, name):
        f, derivative, edge = WITH_AN_EDGE[name]
        x = rng.uniform(0.2, 0.8, 6)
        x[2] = edge
        report = check_function(f, lambda dy, x: dy * derivative(x), [x])
        assert report.ok, f"{report}"
        assert (report.points, report.kinks, report.not_finite) == (5, 0, 1)
        assert "1 not finite nearby" in str(report)
        assert not check_function(f, lambda dy, x: dy * 1.01 * derivative(x), [x]).ok

    def test_such_points_alone_give_no_verdict(self):
        report = check_function(np.log, lambda dy, x: dy / x, [np.array([5e-5, 2e-5])])
        assert report.results[0].verdict == "NO VERDICT"
        assert (report.points, report.not_finite, report.ok) == (0, 2, False)


class TestWhatIsRefused:
    @pytest.mark.parametrize("dtype", ["float32", "float16", "int64"])
    def test_arrays_that_are_not_float64(self, xw, dtype):
        x, w = xw
        message = rf"w is {dtype}; expected float64, since in smaller types the difference of two"
        with pytest.raises(InputError, match=message):
            check_function(linear, linear_backward, [x, w.astype(dtype)], ["x", "w"])

    def test_labels_with_a_gradient(self, rng):
        inputs = [rng.standard_normal(4), np.arange(4)]
        message = "input 1 is int64; .* backward returns None"
        with pytest.raises(InputError, match=message):
            check_function(lambda x, n: x * n, lambda dy, x, n: (dy * n, dy * x), inputs)

    def test_a_gradient_of_the_wrong_shape(self, xw):
        def backward(dy, x, w):
            return dy @ w, x.T @ dy

        message = r"with respect to w has shape \(5, 4\); expected \(4, 5\), the shape of w itself"
        with pytest.raises(InputError, match=message):
            check_function(linear, backward, xw, ["x", "w"])

    def test_a_gradient_summed_too_far(self, xw):
        with pytest.raises(InputError, match=r"shape \(5,\); expected \(3, 5\)"):
            check_function(linear, lambda dy, x, w: ((dy @ w).sum(axis=0), dy.T @ x), xw)

    @pytest.mark.parametrize("count", [1, 3])
    def test_the_wrong_number_of_gradients(self, xw, count):
        def backward(dy, x, w):
            return (dy @ w, dy.T @ x, dy)[:count]

        with pytest.raises(InputError, match=rf"returned {count} gradients for 2 inputs"):
            check_function(linear, backward, xw)

    def test_a_dictionary_of_gradients(self, xw):
        def backward(dy, x, w):
            return {"x": dy @ w, "w": dy.T @ x}

        with pytest.raises(InputError, match=r"returned a dictionary; .* `return dx, dw`"):
            check_function(linear, backward, xw, ["x", "w"])

    @pytest.mark.parametrize("count", [1, 3])
    def test_a_cache_that_is_not_one(self, xw, count):
        def forward(x, w):
            return (x @ w.T, x, w)[:count]

        message = rf"forward returned {count} values; expected y alone, or y and a cache"
        with pytest.raises(InputError, match=message):
            check_function(forward, linear_backward, xw)

    @pytest.mark.parametrize("value", [0, -1e-6, float("nan"), None, "small"])
    @pytest.mark.parametrize("name", ["tolerance", "step"])
    def test_numbers_that_measure_nothing(self, xw, name, value):
        with pytest.raises(InputError, match=rf"^{name} is .*; expected a (finite )?number"):
            check_function(linear, linear_backward, xw, **{name: value})

    @pytest.mark.parametrize("value", [0, -1, 2.5, "all"])
    def test_points_that_cannot_be_counted(self, xw, value):
        with pytest.raises(InputError, match=r"max_points is .*; expected a whole number"):
            check_function(linear, linear_backward, xw, max_points=value)

    def test_a_layer_that_fills_no_gradient(self, rng):
        class Forgetful(Linear):
            def run_backward(self, dy, memory, input_gradient=True):
                dx, grads = super().run_backward(dy, memory, input_gradient)
                del grads["bias"]
                return dx, grads

        with pytest.raises(InputError, match="filled no gradient for bias"):
            check_layer(Forgetful(5, 4), rng.standard_normal((3, 5)))

    def test_a_layer_with_a_gradient_of_the_wrong_shape(self, rng):
        class Transposed(Linear):
            def run_backward(self, dy, memory, input_gradient=True):
                dx, grads = super().run_backward(dy, memory, input_gradient)
                return dx, grads | {"weight": grads["weight"].T}

        with pytest.raises(InputError, match=r"with respect to weight has shape \(5, 4\)"):
            check_layer(Transposed(5, 4), rng.standard_normal((3, 5)))


class TestWhatIsLeftAlone:
    def test_the_inputs(self, xw):
        before = [array.copy() for array in xw]
        check_function(linear, linear_backward, xw)
        for array, old in zip(xw, before, strict=True):
            np.testing.assert_array_equal(array, old)

    def test_the_inputs_when_the_check_fails(self, xw):
        before, calls = xw[0].copy(), 0

        def forward(x, w):
            nonlocal calls
            calls += 1
            if calls > 4:
                raise RuntimeError
            return linear(x, w)

        with pytest.raises(RuntimeError):
            check_function(forward, linear_backward, xw)
        np.testing.assert_array_equal(xw[0], before)

    def test_the_layer_and_its_input(self, backend, rng):
        xp = backend.xp
        layer = Sequential(
            {"conv": Conv2d(3, 4, 3), "tanh": Tanh(), "drop": Dropout(0.5, seed=7)}
        ).to(xp)
        x = backend.put(rng.standard_normal((2, 3, 5, 5)), "float32")
        layer.forward(x, training=True)
        dy = backend.put(rng.standard_normal((2, 4, 3, 3)), "float32")
        layer.backward(dy)
        params = {name: backend.get(value).copy() for name, value in layer.params.items()}
        grads = {name: backend.get(value).copy() for name, value in layer.grads.items()}
        strides = {name: value.strides for name, value in layer.params.items()}
        state, pixels = layer.state(), backend.get(x).copy()

        assert check_layer(layer, x, max_points=5).ok

        assert layer.state() == state
        np.testing.assert_array_equal(backend.get(x), pixels)
        for name, value in layer.params.items():
            backend.check(value, params[name], "float32", 1e-30)
            assert value.strides == strides[name]
            np.testing.assert_array_equal(backend.get(layer.grads[name]), grads[name])
        layer.backward(dy)  # it still remembers its own forward pass
        for name, value in layer.grads.items():
            np.testing.assert_array_equal(backend.get(value), grads[name])

    def test_the_logits(self, rng):
        logits, labels = rng.standard_normal((3, 4)), np.array([0, 3, 1])
        before = logits.copy()
        assert check_loss(SoftmaxCrossEntropy(), logits, labels).ok
        np.testing.assert_array_equal(logits, before)


class TestMaxPoints:
    def test_so_many_are_compared(self, rng):
        x = rng.standard_normal((10, 20))
        report = check_function(np.sin, lambda dy, x: dy * np.cos(x), [x], max_points=30)
        assert report.ok
        assert 15 <= report.points <= 30

    def test_small_arrays_are_compared_whole(self, xw):
        assert check_function(linear, linear_backward, xw, max_points=20).points == 15 + 20

    def test_half_of_them_lie_where_the_gradient_is_not_zero(self, rng):
        x = -rng.uniform(1, 2, 1000)
        x[::100] = 1.0

        def backward(dy, x):
            return 2 * relu_backward(dy, x)

        for seed in SEEDS:
            (result,) = check_function(relu, backward, [x], max_points=10, seed=seed).results
            assert result.verdict == "WRONG"
            assert result.worst[0][0] % 100 == 0

    def test_other_seeds_choose_other_points(self, rng):
        x = rng.standard_normal(1000)

        def worst(seed):
            report = check_function(np.sin, lambda dy, x: 0 * dy, [x], max_points=5, seed=seed)
            return report.results[0].worst[0]

        assert len({worst(seed) for seed in SEEDS}) > 1
        assert worst(0) == worst(0)


class TestLayers:
    @pytest.mark.parametrize("seed", SEEDS)
    def test_a_network_of_several_layers(self, rng, seed):
        network = Sequential(
            {"conv": Conv2d(2, 4, 3), "relu": ReLU(), "norm": LocalResponseNorm(3, alpha=1.0)}
        )
        report = check_layer(network, rng.standard_normal((2, 2, 4, 5)), seed=seed)
        assert report.ok
        targets = [result.target for result in report.results]
        assert targets == ["x", "conv.weight", "conv.bias"]

    def test_float32_input_and_layers_are_converted(self, rng):
        x = rng.standard_normal((3, 5)).astype("float32")
        report = check_layer(Linear(5, 4), x)
        assert report.ok
        assert report.error < 1e-8

    def test_dropout_is_checked_with_one_mask(self, rng):
        assert check_layer(Dropout(0.5), rng.standard_normal((4, 9))).ok

    @pytest.mark.parametrize("inverted", [True, False])
    def test_dropout_at_test_time_is_another_function(self, rng, inverted):
        x = rng.standard_normal((4, 9))
        assert check_layer(Dropout(0.3, inverted), x, training=False).ok

    def test_a_layer_that_is_wrong_in_one_parameter(self, rng):
        class Wrong(Linear):
            def run_backward(self, dy, memory, input_gradient=True):
                dx, grads = super().run_backward(dy, memory, input_gradient)
                grads["bias"][2] += 1e-3
                return dx, grads

        report = check_layer(Wrong(5, 4), rng.standard_normal((3, 5)))
        assert [result.verdict for result in report.results] == ["ok", "ok", "WRONG"]
        assert result_of(report, "bias").worst[0] == (2,)


def test_an_output_in_float32_is_refused():
    def forward(x):
        return x.astype(np.float32)

    with pytest.raises(InputError, match="the output of forward is float32; expected float64"):
        check_function(forward, lambda dy, x: dy, [np.ones(3)])


def in_place(dy, x, w):
    dy /= len(x)
    return dy @ w.T, x.T @ dy


def over_its_input(dy, x, w):
    gradients = dy @ w.T, x.T @ dy
    w *= 2
    return gradients


class TestWhatBelongsToTheCaller:
    """A gradient of numbers that were changed meanwhile would be compared with theirs."""

    @pytest.fixture
    def inputs(self, rng):
        return [rng.standard_normal((2, 3)), rng.standard_normal((3, 4))]

    @pytest.mark.parametrize(("backward", "name"), [(in_place, "dy"), (over_its_input, "w")])
    def test_a_backward_that_changes_its_arguments(self, inputs, backward, name):
        with pytest.raises(InputError, match=f"backward changes {name} in place, which belongs to"):
            check_function(lambda x, w: x @ w, backward, inputs, ["x", "w"])

    def test_a_forward_that_changes_its_argument(self, inputs):
        def forward(x, w):
            x *= 2
            return x @ w

        with pytest.raises(InputError, match="forward changes x in place"):
            check_function(forward, lambda dy, x, w: (dy @ w.T, x.T @ dy), inputs, ["x", "w"])

    def test_an_input_that_is_called_dy_as_well(self, inputs):
        def backward(dy, x, w):
            w *= 2
            return dy @ w.T, x.T @ dy

        with pytest.raises(InputError, match="backward changes dy in place"):
            check_function(lambda x, w: x @ w, backward, inputs, ["x", "dy"])

    def test_an_input_that_is_not_a_number_is_not_changed(self):
        report = check_function(
            np.tanh, lambda dy, x: dy * (1 - np.tanh(x) ** 2), [np.array([np.nan])]
        )
        assert report.results[0].verdict == "WRONG"  # but not one that changes its input

    @pytest.mark.parametrize("name", ["x", "dy"])
    def test_a_layer_that_changes_what_it_is_given(self, rng, name):
        class Halving(ReLU):
            def run(self, x, training=False):
                if name == "x":
                    x *= 0.5
                return super().run(x, training)

            def run_backward(self, dy, memory, input_gradient=True):
                if name == "dy":
                    dy *= 0.5
                return super().run_backward(dy, memory, input_gradient)

        function = {"x": "forward", "dy": "backward"}[name]
        with pytest.raises(InputError, match=f"{function} changes {name} in place"):
            check_layer(Halving(), rng.standard_normal((3, 4)))

    def test_the_criterion_goes_on_where_it_was(self, rng):
        criterion, labels = SoftmaxCrossEntropy(), np.array([0, 2])
        criterion.forward(rng.standard_normal((2, 3)), labels)
        before = criterion.backward()
        check_loss(criterion, rng.standard_normal((2, 3)), labels)
        np.testing.assert_array_equal(criterion.backward(), before)


class TestWhatCannotBeChecked:
    def test_an_array_in_place_of_a_list_of_arrays(self):
        with pytest.raises(InputError, match=r"inputs is ndarray; expected a list of arrays, such"):
            check_function(np.tanh, lambda dy, x: dy, np.ones((1, 3)))

    def test_names_for_other_inputs(self):
        with pytest.raises(InputError, match="got 2 names for 1 inputs; expected one each"):
            check_function(np.tanh, lambda dy, x: dy, [np.ones(3)], ["x", "w"])

    def test_a_backward_without_return(self):
        with pytest.raises(InputError, match="backward returned nothing"):
            check_function(np.tanh, lambda dy, x: None, [np.ones(3)])

    @pytest.mark.parametrize("result", [None, [1.0], 3])
    def test_a_forward_that_returns_no_array(self, result):
        with pytest.raises(InputError, match=r"the output of forward is .*; expected an array"):
            check_function(lambda x: result, lambda dy, x: dy, [np.ones(3)])

    def test_a_gradient_that_is_no_array(self):
        with pytest.raises(InputError, match="expected a NumPy or CuPy array, got float"):
            check_function(np.tanh, lambda dy, x: 1.0, [np.ones(3)])

    def test_a_class_in_place_of_a_layer(self):
        with pytest.raises(InputError, match="to check; expected a layer object, such as ReLU"):
            check_layer(ReLU, np.ones((2, 3)))

    def test_a_network_with_a_layer_that_returns_no_gradient(self, rng):
        class Forgetful(Linear):
            def run_backward(self, dy, memory, input_gradient=True):
                return super().run_backward(dy, memory, input_gradient)[0], {}

        with pytest.raises(InputError, match=r"no gradient for 0\.weight, 0\.bias; expected one"):
            check_layer(Sequential([Forgetful(3, 2)]), rng.standard_normal((4, 3)))
