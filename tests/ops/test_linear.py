"""The fully connected layer is a sum over its inputs, and its gradients are those of that sum."""

import numpy as np
import pytest

from minialexnet.errors import InputError
from minialexnet.ops import linear, linear_backward


@pytest.mark.parametrize(("n", "inputs", "outputs"), [(3, 4, 5), (1, 1, 1), (2, 7, 1), (1, 2, 6)])
def test_values_and_gradients_are_those_of_the_definition(backend, dtype, rng, n, inputs, outputs):
    x, dy = rng.standard_normal((n, inputs)), rng.standard_normal((n, outputs))
    weight, bias = rng.standard_normal((outputs, inputs)), rng.standard_normal(outputs)
    y, dx, dweight = np.zeros_like(dy), np.zeros_like(x), np.zeros_like(weight)
    dbias = np.zeros(outputs)
    for k in range(n):
        for o in range(outputs):
            y[k, o] = bias[o] + sum(weight[o, i] * x[k, i] for i in range(inputs))
            dbias[o] += dy[k, o]
            for i in range(inputs):
                dx[k, i] += dy[k, o] * weight[o, i]
                dweight[o, i] += dy[k, o] * x[k, i]

    x, dy, weight, bias = (backend.put(a, dtype) for a in (x, dy, weight, bias))
    backend.check(linear(x, weight, bias), y, dtype)
    backend.check(linear(x, weight) + bias, y, dtype)
    for ours, theirs in zip(linear_backward(dy, x, weight), (dx, dweight, dbias), strict=True):
        backend.check(ours, theirs, dtype)
    without, *others = linear_backward(dy, x, weight, input_gradient=False)
    assert without is None
    for ours, theirs in zip(others, (dweight, dbias), strict=True):
        backend.check(ours, theirs, dtype)


@pytest.mark.parametrize("shape", [(4,), (2, 5), (2, 4, 1)])
def test_inputs_that_do_not_fit_are_refused(backend, shape):
    x, weight = (backend.put(np.zeros(s), "float32") for s in (shape, (3, 4)))
    with pytest.raises(InputError, match=r"and weight \(3, 4\); expected x of shape \(pictures, 4"):
        linear(x, weight)


def test_a_gradient_of_another_shape_is_refused(backend):
    x, weight, dy = (backend.put(np.zeros(s), "float32") for s in ((2, 4), (3, 4), (2, 4)))
    with pytest.raises(InputError, match=r"dy has shape \(2, 4\); expected \(2, 3\)"):
        linear_backward(dy, x, weight)


@pytest.mark.parametrize("shape", [(2, 5), (2, 4, 1)])
def test_the_gradients_too_refuse_inputs_that_do_not_fit(backend, shape):
    x, weight, dy = (backend.put(np.zeros(s), "float32") for s in (shape, (3, 4), (2, 3)))
    with pytest.raises(InputError, match=r"and weight \(3, 4\); expected x of shape \(pictures, 4"):
        linear_backward(dy, x, weight)


def test_the_widest_type_of_an_operation_is_that_of_its_result():
    """A gradient of another type neither overflows nor is cut down, nor refused."""
    x, weight = np.ones((2, 3), np.float32), np.ones((4, 3), np.float32)
    for dy in np.full((2, 4), 3e4, np.float16), np.full((2, 4), 30_000):
        dx, dweight, _ = linear_backward(dy, x, weight)
        assert (dx == 120_000).all()
        assert (dweight == 60_000).all()
    dx, dweight, _ = linear_backward(np.full((2, 4), 1 / 3), x, weight)
    assert dx.dtype == dweight.dtype == np.float64
