"""Notebook 14: small kernels one upon another, and shortcuts."""

import itertools
import math
import operator

import numpy as np

from minialexnet.backend import get_array_module
from minialexnet.gradcheck import check_function
from minialexnet.learn.exercise import Exercise, Mistake


def receptive_field(kernel_sizes, strides):
    field, jump = 1, 1
    for kernel_size, stride in zip(kernel_sizes, strides, strict=True):
        field += (kernel_size - 1) * jump
        jump *= stride
    return field


def residual_backward(dy, x, weight):
    inner = x @ weight
    dinner = dy * (inner > 0)
    return dy + dinner @ weight.T, x.T @ dinner


def _residual(x, weight):
    xp = get_array_module(x)
    return x + xp.maximum(x @ weight, 0)


def _residual_cases(rng):
    def case(n, features):
        return (
            rng.standard_normal((n, features)),
            rng.standard_normal((n, features)),
            rng.standard_normal((features, features)),
        )

    by_hand = [
        (
            np.array([[1.0, 10.0]]),
            np.array([[1.0, 2.0]]),
            np.array([[1.0, -1.0], [2.0, -3.0]]),
        ),
        (
            np.array([[1.0, 10.0], [100.0, 1000.0]]),
            np.array([[1.0, 2.0], [-1.0, 3.0]]),
            np.array([[1.0, -1.0], [2.0, 1.0]]),
        ),
    ]
    return [*by_hand, case(4, 3), case(3, 5), case(6, 4)]


def _check_residual(answer, xp):
    rng = np.random.default_rng(1)
    x, weight = xp.asarray(rng.standard_normal((4, 5))), xp.asarray(rng.standard_normal((5, 5)))
    return check_function(_residual, answer, [x, weight], ["x", "weight"])


def _gradients(dy, x, weight, mask=None, shortcut=1, dx_weight=None):
    """The solution, with something else in one place of it."""
    mask = x @ weight > 0 if mask is None else mask
    dx_weight = weight.T if dx_weight is None else dx_weight
    return shortcut * dy + (dy * mask) @ dx_weight, x.T @ (dy * mask)


def _fields(kernel_sizes, strides, first=1):
    """The field and the jump after each layer."""
    field, jump = first, 1
    for kernel_size, stride in zip(kernel_sizes, strides, strict=True):
        field += (kernel_size - 1) * jump
        jump *= stride
        yield field, jump


def _jump_too_early(kernel_sizes, strides):
    field, jump = 1, 1
    for kernel_size, stride in zip(kernel_sizes, strides, strict=True):
        jump *= stride
        field += (kernel_size - 1) * jump
    return field


def _only_the_last_stride(kernel_sizes, strides):
    field, last = 1, 1
    for kernel_size, stride in zip(kernel_sizes, strides, strict=True):
        field += (kernel_size - 1) * last
        last = stride
    return field


def _strides_added(kernel_sizes, strides):
    field, jump = 1, 1
    for kernel_size, stride in zip(kernel_sizes, strides, strict=True):
        field += (kernel_size - 1) * jump
        jump += stride
    return field


def _own_stride(kernel_sizes, strides):
    return 1 + sum((k - 1) * s for k, s in zip(kernel_sizes, strides, strict=True))


def _backwards(kernel_sizes, strides):
    return receptive_field(kernel_sizes[::-1], strides[::-1])


def _without_minus_one(kernel_sizes, strides):
    jumps = itertools.accumulate(strides[:-1], operator.mul, initial=1)
    return 1 + sum(k * jump for k, jump in zip(kernel_sizes, jumps, strict=True))


MASK_OF_X = (
    "The mask is that of x; ReLU got x @ weight, so the gradient passes where x @ weight > 0."
)

EXERCISES = (
    Exercise(
        name="receptive_field",
        task="How many pixels, from the first to the last along one side, a number at the end "
        "sees, after layers with these kernel sizes and strides (two lists, the first layer first; "
        "pooling counts as a layer).",
        solution=receptive_field,
        cases=lambda rng: [
            ([3], [1]),
            ([3, 3], [1, 1]),
            ([3, 3, 3], [1, 1, 1]),
            ([2, 2], [2, 1]),
            ([5], [2]),
            ([3, 3], [2, 1]),
            ([7, 3], [2, 2]),
            ([3, 2, 5], [2, 3, 1]),
            ([11, 3, 5, 3], [4, 2, 1, 2]),
            ([11, 3, 5, 3, 3, 3, 3, 3], [4, 2, 1, 2, 1, 1, 1, 2]),
        ],
        mistakes=(
            Mistake(
                "The strides are forgotten: after a layer of stride 2, neighbours are 2 pixels "
                "apart, so each further tap widens the field by 2.",
                lambda sizes, strides: receptive_field(sizes, [1] * len(sizes)),
            ),
            Mistake(
                "A layer's own stride does not widen what it sees: first add (kernel - 1) * jump, "
                "then multiply the jump by the stride.",
                _jump_too_early,
            ),
            Mistake(
                "A layer's own stride does not widen what it sees; those of all layers *before* "
                "it do, multiplied together.",
                _own_stride,
            ),
            Mistake(
                "The strides accumulate: the jump is the product of all strides so far, not only "
                "the last one.",
                _only_the_last_stride,
            ),
            Mistake(
                "The strides are added; a step of 2 in a map whose numbers are 2 pixels apart is "
                "4 pixels: multiply them.",
                _strides_added,
            ),
            Mistake(
                "Kernel sizes are multiplied; a further layer only widens the field at its two "
                "ends, by kernel - 1 steps.",
                lambda sizes, strides: math.prod(sizes),
            ),
            Mistake(
                "Kernel sizes are added; windows overlap, so each layer adds only kernel - 1.",
                lambda sizes, strides: sum(sizes),
            ),
            Mistake(
                "Each layer adds kernel * jump; the window's first tap was seen already: "
                "(kernel - 1) * jump.",
                _without_minus_one,
            ),
            Mistake(
                "It is 1 too small: before the first layer a number sees itself, so begin at 1.",
                lambda sizes, strides: receptive_field(sizes, strides) - 1,
            ),
            Mistake(
                "It is 1 too large: begin at 1, the pixel itself, and add nothing at the end.",
                lambda sizes, strides: receptive_field(sizes, strides) + 1,
            ),
            Mistake(
                "This is the jump, how far apart neighbours at the end are; the field is what one "
                "of them sees.",
                lambda sizes, strides: math.prod(strides),
            ),
            Mistake(
                "The layers are taken from the last to the first, with the rule for going forward: "
                "the strides that count for a layer are those before it.",
                _backwards,
            ),
            Mistake(
                "These are the fields after every layer; return the last.",
                lambda sizes, strides: [field for field, _ in _fields(sizes, strides)],
            ),
        ),
    ),
    Exercise(
        name="residual_backward",
        task="The gradients of y = x + max(x @ weight, 0), for x (N, F) and weight (F, F): from dy "
        "(N, F) to dx and dweight.",
        solution=residual_backward,
        cases=_residual_cases,
        results=("dx", "dweight"),
        gradient_check=_check_residual,
        mistakes=(
            Mistake(
                "The shortcut's gradient is missing: x reaches y along two ways, and dx is the sum "
                "of what comes back over both.",
                lambda dy, x, w: _gradients(dy, x, w, shortcut=0),
            ),
            Mistake(
                "dy is added twice: the shortcut gives it back once, and what comes through the "
                "branch is `(dy * mask) @ weight.T`, without another dy.",
                lambda dy, x, w: _gradients(dy, x, w, shortcut=2),
            ),
            Mistake(
                "Only the shortcut's gradient is there: the branch gives (dy * mask) @ weight.T "
                "besides.",
                lambda dy, x, w: (dy, residual_backward(dy, x, w)[1]),
            ),
            Mistake(
                "ReLU's mask is missing: where x @ weight is not positive, nothing comes back "
                "through the branch. dx and dweight both begin with dy * (x @ weight > 0).",
                lambda dy, x, w: _gradients(dy, x, w, mask=dy == dy),
            ),
            Mistake(MASK_OF_X, lambda dy, x, w: _gradients(dy, x, w, mask=x > 0)),
            Mistake(
                "The mask is that of y = x + max(...); ReLU got x @ weight, and its mask knows "
                "nothing of the shortcut.",
                lambda dy, x, w: _gradients(dy, x, w, mask=_residual(x, w) > 0),
            ),
            Mistake(
                "The mask is that of dy; ReLU passes a gradient of either sign where its *input* "
                "was positive.",
                lambda dy, x, w: _gradients(dy, x, w, mask=dy > 0),
            ),
            Mistake(
                "The mask is multiplied by the values: relu(x @ weight) where (x @ weight > 0) "
                "belongs, which is 0 or 1.",
                lambda dy, x, w: _gradients(dy, x, w, mask=_residual(x, w) - x),
            ),
            Mistake(
                "The mask lies on the shortcut too: it belongs to the branch alone.",
                lambda dy, x, w: _gradients(dy, x, w, shortcut=x @ w > 0),
            ),
            Mistake(
                "weight is not transposed: forward multiplies by weight, back by weight.T.",
                lambda dy, x, w: _gradients(dy, x, w, dx_weight=w),
            ),
            Mistake(
                "dweight is the transpose of what it should be: x.T @ (dy * mask), so that rows "
                "belong to the inputs as they do in weight.",
                lambda dy, x, w: (
                    residual_backward(dy, x, w)[0],
                    residual_backward(dy, x, w)[1].T,
                ),
            ),
            Mistake(
                "dweight is divided by the number of pictures, as the gradient of the loss has "
                "been already: here it is a sum.",
                lambda dy, x, w: (
                    residual_backward(dy, x, w)[0],
                    residual_backward(dy, x, w)[1] / len(x),
                ),
            ),
            Mistake(
                "The weights' gradient gets a shortcut's share as well; the shortcut has no "
                "weights: x.T @ (dy * mask) alone.",
                lambda dy, x, w: (
                    residual_backward(dy, x, w)[0],
                    residual_backward(dy, x, w)[1] + x.T @ dy,
                ),
            ),
        ),
    ),
)
