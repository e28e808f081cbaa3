"""The non-linearities and their derivatives, also where the exponential overflows."""

import math
import warnings

import numpy as np
import pytest

from minialexnet.ops import relu, relu_backward, sigmoid, sigmoid_backward, tanh, tanh_backward

# forward, backward, f(x), f'(x)
FUNCTIONS = {
    "relu": (relu, relu_backward, lambda x: x if x > 0 else 0.0, lambda x: float(x > 0)),
    "tanh": (tanh, tanh_backward, math.tanh, lambda x: 1 / math.cosh(x) ** 2),
    "sigmoid": (
        sigmoid,
        sigmoid_backward,
        lambda x: 1 / (1 + math.exp(-x)),
        lambda x: math.exp(-x) / (1 + math.exp(-x)) ** 2,
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_gradients_are_those_of_the_definition(backend, dtype, rng, name):
    forward, backward, value, derivative = FUNCTIONS[name]
    x = np.append(3 * rng.standard_normal(50), [0.0, -0.0, 1e-3, -1e-3])
    dy = rng.standard_normal(x.shape)
    y = forward(backend.put(x, dtype))
    backend.check(y, [value(number) for number in x], dtype)
    expected = [number * derivative(at) for number, at in zip(dy, x, strict=True)]
    backend.check(backward(backend.put(dy, dtype), y), expected, dtype)


@pytest.mark.parametrize(
    ("name", "y"), [("relu", [0, 1000]), ("tanh", [-1, 1]), ("sigmoid", [0, 1])]
)
def test_a_thousand_is_no_trouble_on_either_side(backend, dtype, name, y):
    forward, backward, *_ = FUNCTIONS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = forward(backend.put(np.array([-1000.0, 1000.0]), dtype))
        back = backward(backend.put(np.ones(2), dtype), ours)
    backend.check(ours, y, dtype)
    backend.check(back, [0, 1] if name == "relu" else [0, 0], dtype)


def test_the_gradient_of_relu_at_zero_is_zero(backend, dtype):
    zero = backend.put(np.zeros(3), dtype)
    backend.check(relu_backward(backend.put(np.ones(3), dtype), relu(zero)), np.zeros(3), dtype)
