"""Notebook 3: ReLU, tanh and sigmoid."""

import numpy as np

from minialexnet import ops
from minialexnet.backend import get_array_module
from minialexnet.gradcheck import check_function
from minialexnet.learn.exercise import Exercise, Mistake


def relu_backward(dy, x):
    xp = get_array_module(x)
    return xp.where(x > 0, dy, 0)


def tanh_backward(dy, y):
    return dy * (1 - y**2)


def _relu_cases(rng):
    return [
        (np.array([1.0, 2.0, 3.0, 4.0]), np.array([-2.0, 5.0, -1.0, 3.0])),
        (np.array([1.0, -2.0, -3.0, 4.0]), np.array([-2.0, 5.0, -1.0, 3.0])),
        (np.array([5.0, 6.0, 7.0]), np.array([-1.0, 0.0, 1.0])),
        (rng.standard_normal((3, 4)), rng.standard_normal((3, 4))),
        (rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((2, 3, 4, 5))),
    ]


def _tanh_cases(rng):
    return [
        (np.array([4.0, 4.0, 4.0, 4.0]), np.array([0.0, 0.5, -0.5, 1.0])),
        (np.array([8.0, -4.0, 1.0, -2.0]), np.array([0.5, 0.5, -0.5, 0.0])),
        (rng.standard_normal((3, 4)), np.tanh(rng.standard_normal((3, 4)))),
        (rng.standard_normal((2, 3, 4, 5)), np.tanh(rng.standard_normal((2, 3, 4, 5)))),
    ]


def _check_relu(answer, xp):
    x = xp.asarray(np.random.default_rng(1).standard_normal((4, 5)))
    return check_function(ops.relu, answer, [x], ["x"])


def _check_tanh(answer, xp):
    def forward(x):
        y = ops.tanh(x)
        return y, y

    x = xp.asarray(np.random.default_rng(1).standard_normal((4, 5)))
    return check_function(forward, answer, [x], ["x"])


def _tanh(x):
    return get_array_module(x).tanh(x)


MASK_TURNED_ROUND = (
    "The mask is the wrong way round: the gradient passes where x is *positive*, and stops where "
    "the output was cut off to 0."
)

EXERCISES = (
    Exercise(
        name="relu_backward",
        task="The gradient of max(x, 0) with respect to x, given the gradient dy with respect to "
        "the output; x is the input of the forward pass. At x = 0 take the derivative as 0.",
        solution=relu_backward,
        cases=_relu_cases,
        results=("dx",),
        gradient_check=_check_relu,
        mistakes=(
            Mistake(
                "The mask is missing: dy comes back as it is, also where x was negative. There the "
                "output was 0 whatever x was, so the gradient is 0.",
                lambda dy, x: dy.copy(),
            ),
            Mistake(
                "The mask asks whether dy is positive; it is x that decides what passes. A "
                "gradient may have either sign.",
                lambda dy, x: dy * (dy > 0),
            ),
            Mistake(
                "Negative gradients are stopped too: the mask is of x alone, and dy passes with "
                "whatever sign it has.",
                lambda dy, x: dy * (x > 0) * (dy > 0),
            ),
            Mistake(
                "At x = 0 the gradient passes. There is no derivative at this point, and by "
                "convention 0 is taken: x > 0, not x >= 0.",
                lambda dy, x: dy * (x >= 0),
            ),
            Mistake(
                "The factor dy is missing: this is the derivative of ReLU itself, and the chain "
                "rule multiplies it by dy.",
                lambda dy, x: (x > 0) * 1.0,
            ),
            Mistake(
                "This is the forward pass, max(x, 0); backward, dy passes where x > 0.",
                lambda dy, x: x * (x > 0),
            ),
            Mistake(
                "dy is multiplied by max(x, 0), the output. The slope of ReLU is 1 where x > 0, "
                "however large x is.",
                lambda dy, x: dy * x * (x > 0),
            ),
            Mistake(
                "dy is multiplied by x. That is the derivative of x²/2; ReLU's slope is 1 or 0.",
                lambda dy, x: dy * x,
            ),
            Mistake(
                "Where x is negative, -dy comes back: that is the derivative of |x|. ReLU is flat "
                "there, and its slope 0.",
                lambda dy, x: dy * ((x > 0) * 1.0 - (x < 0)),
            ),
            Mistake(MASK_TURNED_ROUND, lambda dy, x: dy * (x < 0)),
            Mistake(MASK_TURNED_ROUND, lambda dy, x: dy * (x <= 0)),
        ),
    ),
    Exercise(
        name="tanh_backward",
        task="The gradient of tanh with respect to its input, given the gradient dy with respect "
        "to the output, and the *output* y = tanh(x) itself.",
        solution=tanh_backward,
        cases=_tanh_cases,
        results=("dx",),
        gradient_check=_check_tanh,
        mistakes=(
            Mistake(
                "The square is missing: the derivative is 1 - y², not 1 - y.",
                lambda dy, y: dy * (1 - y),
            ),
            Mistake(
                "y (1 - y) is the derivative of the sigmoid; that of tanh is 1 - y².",
                lambda dy, y: dy * y * (1 - y),
            ),
            Mistake(
                "y is taken for the input: it is tanh(x) already, so another tanh (or cosh) of it "
                "is one too many.",
                lambda dy, y: dy * (1 - _tanh(y) ** 2),
            ),
            Mistake(
                "The factor dy is missing: this is the derivative of tanh itself, and the chain "
                "rule multiplies it by dy.",
                lambda dy, y: 1 - y**2,
            ),
            Mistake(
                "Brackets are missing: dy multiplies all of (1 - y²).",
                lambda dy, y: dy - y**2,
            ),
            Mistake(
                "The square stands outside the brackets: 1 - y², not (1 - y)².",
                lambda dy, y: dy * (1 - y) ** 2,
            ),
            Mistake(
                "A sign is wrong: the slope is 1 *minus* y², for the curve flattens where y comes "
                "near 1 or -1.",
                lambda dy, y: dy * (1 + y**2),
            ),
            Mistake(
                "The sign is turned round: tanh rises everywhere, so its slope 1 - y² is positive.",
                lambda dy, y: dy * (y**2 - 1),
            ),
            Mistake(
                "dy and y are exchanged: the slope is worked out from the output y, and dy is what "
                "it multiplies.",
                lambda dy, y: y * (1 - dy**2),
            ),
            Mistake(
                "The 1 is missing: the slope is 1 - y², which is 1 where y = 0.",
                lambda dy, y: -dy * y**2,
            ),
            Mistake(
                "dy is multiplied by the output itself; the slope of tanh at this point is 1 - y².",
                lambda dy, y: dy * y,
            ),
        ),
    ),
)
