"""Exercises of notebook 3: right answers, however written, and wrong ones with their hints."""

import numpy as np
import pytest

from learn.exercises.answers import accepted, refused
from minialexnet import ops
from minialexnet.learn.exercises import relu as own


def test_solutions_equal_the_library():
    rng = np.random.default_rng(0)
    x, dy = rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((2, 3, 4, 5))
    np.testing.assert_array_equal(own.relu_backward(dy, x), ops.relu_backward(dy, ops.relu(x)))
    y = ops.tanh(x)
    np.testing.assert_allclose(own.tanh_backward(dy, y), ops.tanh_backward(dy, y), rtol=1e-12)


def relu_by_a_product(dy, x):
    return dy * (x > 0)


def relu_in_a_copy(dy, x):
    dx = dy.copy()
    dx[x <= 0] = 0
    return dx


def relu_by_loops(dy, x):
    dx = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        if x[index] > 0:
            dx[index] = dy[index]
    return dx


def relu_from_the_output(dy, x):
    y = np.maximum(x, 0)
    return np.sign(y) * dy


@pytest.mark.parametrize(
    "answer", [relu_by_a_product, relu_in_a_copy, relu_by_loops, relu_from_the_output]
)
def test_other_ways_to_write_relu_backward(answer):
    accepted("relu_backward", answer)


def tanh_multiplied_out(dy, y):
    return dy - dy * y * y


def tanh_by_factors(dy, y):
    return (1 - y) * (1 + y) * dy


def tanh_by_loops(dy, y):
    dx = np.empty_like(y)
    for index in np.ndindex(y.shape):
        dx[index] = (1.0 - y[index] ** 2) * dy[index]
    return dx


@pytest.mark.parametrize("answer", [tanh_multiplied_out, tanh_by_factors, tanh_by_loops])
def test_other_ways_to_write_tanh_backward(answer):
    accepted("tanh_backward", answer)


def relu_in_place(dy, x):
    dy[x <= 0] = 0
    return dy


def relu_in_place_of_x(dy, x):
    x[x <= 0] = 0
    x[x > 0] = 1
    return dy * x


def relu_everything_passes(dy, x):
    return dy


def relu_mask_of_dy(dy, x):
    return np.where(dy > 0, dy, 0)


def relu_both_masks(dy, x):
    return np.maximum(dy, 0) * (x > 0)


def relu_at_zero(dy, x):
    dx = dy.copy()
    dx[x < 0] = 0
    return dx


def relu_the_slope_alone(dy, x):
    return np.where(x > 0, 1.0, 0.0)


def relu_forward_again(dy, x):
    return np.maximum(x, 0)


def relu_times_the_output(dy, x):
    return dy * np.maximum(0, x)


def relu_where_turned_round(dy, x):
    return np.where(x > 0, 0, dy)


def relu_by_the_sign(dy, x):
    return dy * np.sign(x)


@pytest.mark.parametrize(
    "answer, word",
    [
        (relu_in_place, "copy of dy"),
        (relu_in_place_of_x, "copy of x"),
        (relu_everything_passes, "mask is missing"),
        (relu_mask_of_dy, "asks whether dy"),
        (relu_both_masks, "Negative gradients"),
        (relu_at_zero, "x > 0, not x >= 0"),
        (relu_the_slope_alone, "factor dy"),
        (relu_forward_again, "forward pass"),
        (relu_times_the_output, "however large"),
        (relu_where_turned_round, "wrong way round"),
        (relu_by_the_sign, "|x|"),
    ],
)
def test_wrong_relu_backward(answer, word):
    refused("relu_backward", answer, word)


def tanh_without_a_square(dy, y):
    return dy * (1 - y)


def tanh_of_the_sigmoid(dy, y):
    return dy * (y - y**2)


def tanh_of_the_input(dy, y):
    return dy / np.cosh(y) ** 2


def tanh_the_slope_alone(dy, y):
    return 1 - y * y


def tanh_without_brackets(dy, y):
    return dy * 1 - y * y


def tanh_square_outside(dy, y):
    t = 1 - y
    return dy * t * t


def tanh_plus(dy, y):
    return dy * (1 + y * y)


def tanh_turned_round(dy, y):
    return (y * y - 1) * dy


def tanh_exchanged(y, dy):
    return dy * (1 - y * y)


@pytest.mark.parametrize(
    "answer, word",
    [
        (tanh_without_a_square, "square is missing"),
        (tanh_of_the_sigmoid, "sigmoid"),
        (tanh_of_the_input, "one too many"),
        (tanh_the_slope_alone, "factor dy"),
        (tanh_without_brackets, "Brackets"),
        (tanh_square_outside, "outside the brackets"),
        (tanh_plus, "*minus*"),
        (tanh_turned_round, "turned round"),
        (tanh_exchanged, "exchanged"),
    ],
)
def test_wrong_tanh_backward(answer, word):
    refused("tanh_backward", answer, word)
