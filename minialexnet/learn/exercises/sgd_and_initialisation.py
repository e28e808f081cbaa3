"""Notebook 9: SGD with momentum and weight decay; how large the first weights are."""

import math

import numpy as np

from minialexnet.learn.exercise import Exercise, Mistake


def sgd_step(w, velocity, grad, lr, momentum, weight_decay):
    velocity = momentum * velocity - weight_decay * lr * w - lr * grad
    return w + velocity, velocity


def he_std(shape):
    fan_in = math.prod(shape[1:])
    return math.sqrt(2 / fan_in)


def _sgd_cases(rng):
    def arrays(*shape):
        return tuple(rng.standard_normal(shape) for _ in range(3))

    return [
        (np.array([1.0]), np.array([0.0]), np.array([2.0]), 0.1, 0.0, 0.0),
        (np.array([1.0]), np.array([1.0]), np.array([2.0]), 0.1, 0.5, 0.0),
        (np.array([10.0, -10.0]), np.array([0.0, 0.0]), np.array([0.0, 0.0]), 0.5, 0.0, 0.2),
        (np.array([4.0]), np.array([2.0]), np.array([1.0]), 0.5, 0.5, 0.25),
        (*arrays(3), 0.01, 0.9, 0.0005),
        (*arrays(2, 3), 0.3, 0.8, 0.1),
        (*arrays(2, 3, 2, 2), 0.05, 0.95, 0.2),
    ]


def _outside(w, velocity, grad, lr, momentum, weight_decay):
    velocity = momentum * velocity - weight_decay * w - grad
    return w + lr * velocity, velocity


def _outside_and_positive(w, velocity, grad, lr, momentum, weight_decay):
    velocity = momentum * velocity + weight_decay * w + grad
    return w - lr * velocity, velocity


def _dampened(w, velocity, grad, lr, momentum, weight_decay):
    velocity = momentum * velocity - (1 - momentum) * lr * (grad + weight_decay * w)
    return w + velocity, velocity


def _nesterov(w, velocity, grad, lr, momentum, weight_decay):
    new = sgd_step(w, velocity, grad, lr, momentum, weight_decay)[1]
    return w + momentum * new - lr * (grad + weight_decay * w), new


def _decay_of_the_new(w, velocity, grad, lr, momentum, weight_decay):
    new, velocity = sgd_step(w, velocity, grad, lr, momentum, 0.0)
    return new - weight_decay * lr * w, velocity


def _old_velocity(w, velocity, grad, lr, momentum, weight_decay):
    return w + velocity, sgd_step(w, velocity, grad, lr, momentum, weight_decay)[1]


def _subtracted(w, velocity, grad, lr, momentum, weight_decay):
    velocity = sgd_step(w, velocity, grad, lr, momentum, weight_decay)[1]
    return w - velocity, velocity


def _with_velocity(new):
    """An answer which only gets v wrong, and adds it to w."""

    def answer(w, velocity, grad, lr, momentum, weight_decay):
        velocity = new(w, velocity, grad, lr, momentum, weight_decay)
        return w + velocity, velocity

    return answer


SGD_MISTAKES = (
    Mistake(
        "The velocity is not used: v keeps `momentum` times what it was before, and the new step "
        "is added to that.",
        _with_velocity(lambda w, v, g, lr, m, wd: -wd * lr * w - lr * g),
    ),
    Mistake(
        "The decay is not multiplied by the learning rate: the term is weight_decay * lr * w, so "
        "that it becomes weaker as the rate falls.",
        _with_velocity(lambda w, v, g, lr, m, wd: m * v - wd * w - lr * g),
    ),
    Mistake(
        "The sign of the gradient: the gradient points uphill, and the step goes downhill, so "
        "lr * grad is subtracted.",
        _with_velocity(lambda w, v, g, lr, m, wd: m * v - wd * lr * w + lr * g),
    ),
    Mistake(
        "The sign of the decay: it pulls w towards 0, so weight_decay * lr * w is subtracted. "
        "Added, it makes large weights larger.",
        _with_velocity(lambda w, v, g, lr, m, wd: m * v + wd * lr * w - lr * g),
    ),
    Mistake(
        "Both signs are the wrong way round: with `w + v`, v holds the steps downhill, so decay "
        "and gradient are subtracted from it.",
        _with_velocity(lambda w, v, g, lr, m, wd: m * v + wd * lr * w + lr * g),
    ),
    Mistake(
        "The weight decay is missing: the weights themselves, times weight_decay * lr, are "
        "subtracted too.",
        _with_velocity(lambda w, v, g, lr, m, wd: m * v - lr * g),
    ),
    Mistake(
        "The velocity decays in place of the weights: the term is weight_decay * lr * w.",
        _with_velocity(lambda w, v, g, lr, m, wd: m * v - wd * lr * v - lr * g),
    ),
    Mistake(
        "The momentum multiplies the gradient as well; it belongs to the old velocity only.",
        _with_velocity(lambda w, v, g, lr, m, wd: m * (v - lr * g) - wd * lr * w),
    ),
    Mistake(
        "The momentum multiplies everything, decay and gradient too; it belongs to the old "
        "velocity only.",
        _with_velocity(lambda w, v, g, lr, m, wd: m * (v - lr * g - wd * lr * w)),
    ),
    Mistake(
        "The new gradient is multiplied by 1 - momentum, which makes v an average (and the steps "
        "smaller); the paper's v is a sum.",
        _dampened,
    ),
    Mistake(
        "The learning rate stands outside the velocity, as in PyTorch: w gets lr * v. The paper "
        "has it inside, where it multiplies the gradient and the decay.",
        _outside,
    ),
    Mistake(
        "That is PyTorch's rule: v gathers gradients, and w gets minus lr * v. The paper has the "
        "learning rate inside v, and v holds the steps themselves: w + v.",
        _outside_and_positive,
    ),
    Mistake(
        "w was moved by the old velocity: first make the new velocity, then add it to w.",
        _old_velocity,
    ),
    Mistake(
        "w gets the momentum once more on top (that is Nesterov's rule); here it is just w + v.",
        _nesterov,
    ),
    Mistake(
        "The decay was applied to w directly; in the paper it is a part of the velocity, and so is "
        "carried on in the following steps.",
        _decay_of_the_new,
    ),
    Mistake(
        "v is subtracted from w, but it already points downhill: w + v.",
        _subtracted,
    ),
)


def _he(fan):
    return lambda shape: math.sqrt(2 / fan(shape))


HE_MISTAKES = (
    Mistake(
        "That is the variance: the standard deviation is its square root.",
        lambda shape: 2 / math.prod(shape[1:]),
    ),
    Mistake(
        "That is the fan-out, the number of outputs; it is the inputs that are summed, so all "
        "axes but the first count.",
        _he(lambda shape: shape[0] * math.prod(shape[2:])),
    ),
    Mistake(
        "The first axis counts the filters, each of which makes an output of its own; the inputs "
        "of one of them are all the other axes.",
        _he(lambda shape: shape[0]),
    ),
    Mistake(
        "The area of the kernel is forgotten: an output sums over channels *and* over the pixels "
        "of the window.",
        _he(lambda shape: shape[1]),
    ),
    Mistake(
        "Only one side of the kernel is counted: its area is K * K.",
        _he(lambda shape: math.prod(shape[1:3])),
    ),
    Mistake(
        "Only the kernel's area is counted: each filter sees all input channels as well.",
        _he(lambda shape: math.prod(shape[2:])),
    ),
    Mistake(
        "1 / fan_in would keep the signal's size without a ReLU; a ReLU drops half of its mean "
        "square, so He has 2 / fan_in.",
        lambda shape: math.sqrt(1 / math.prod(shape[1:])),
    ),
    Mistake(
        "That is Xavier's, with the fan-out in the sum; He has 2 / fan_in.",
        lambda shape: math.sqrt(2 / (math.prod(shape[1:]) + shape[0] * math.prod(shape[2:]))),
    ),
    Mistake(
        "All weights of the layer are counted; those of one filter are what an output sums over.",
        _he(math.prod),
    ),
    Mistake(
        "The 2 stands below the line: a ReLU halves the mean square, so the weights have to be "
        "larger, not smaller.",
        lambda shape: math.sqrt(1 / (2 * math.prod(shape[1:]))),
    ),
    Mistake(
        "The 2 stands outside the root, which doubles the variance twice: sqrt(2 / fan_in).",
        lambda shape: 2 / math.sqrt(math.prod(shape[1:])),
    ),
)

EXERCISES = (
    Exercise(
        name="sgd_step",
        task="One step of the paper's SGD: returns the new w and the new velocity, and leaves the "
        "arrays it was given as they are.",
        solution=sgd_step,
        cases=_sgd_cases,
        results=("w", "velocity"),
        mistakes=SGD_MISTAKES,
    ),
    Exercise(
        name="he_std",
        task="He's standard deviation for weights of this shape: (O, C, K, K) of a convolution or "
        "(outputs, inputs) of a fully connected layer.",
        solution=he_std,
        cases=lambda rng: [
            ((5, 2),),
            ((3, 8),),
            ((7, 2, 1, 1),),
            ((3, 2, 2, 2),),
            ((96, 3, 11, 11),),
            ((256, 48, 5, 5),),
            ((384, 256, 3, 3),),
            ((4096, 9216),),
        ],
        mistakes=HE_MISTAKES,
    ),
)
