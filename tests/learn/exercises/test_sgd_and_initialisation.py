"""The exercises of notebook 9."""

import numpy as np
import pytest

from learn.exercises.answers import accepted, refused
from minialexnet import SGD
from minialexnet.layers import Conv2d, Linear
from minialexnet.layers.initializers import he_normal
from minialexnet.learn.exercises.sgd_and_initialisation import he_std, sgd_step


class Weights:
    """What SGD asks of a network."""

    def __init__(self, w):
        self.params, self.grads = {"weight": w}, {}


def test_sgd_step_is_what_the_library_does():
    rng = np.random.default_rng(0)
    w = rng.standard_normal((3, 4))
    network, velocity = Weights(w.copy()), np.zeros_like(w)
    optimizer = SGD(network, lr=0.1, momentum=0.9, weight_decay=0.01)
    for lr in (0.1, 0.1, 0.01):
        optimizer.lr = lr
        network.grads["weight"] = rng.standard_normal(w.shape)
        optimizer.step()
        w, velocity = sgd_step(w, velocity, network.grads["weight"], lr, 0.9, 0.01)
        np.testing.assert_allclose(network.params["weight"], w, rtol=1e-12)
        np.testing.assert_allclose(optimizer.velocity["weight"], velocity, rtol=1e-12)


@pytest.mark.parametrize(
    "layer",
    [
        lambda **start: Conv2d(40, 60, 5, groups=2, **start),
        lambda **start: Linear(400, 300, **start),
    ],
    ids=["conv", "linear"],
)
def test_he_std_is_the_spread_of_the_librarys_weights(layer):
    weight = layer(weight_init=he_normal, generator=np.random.default_rng(0)).params["weight"]
    assert float(weight.std()) == pytest.approx(he_std(weight.shape), rel=0.02)


def by_definition(w, velocity, grad, lr, momentum, weight_decay):
    new_w, new_velocity = w.copy(), velocity.copy()
    for place in np.ndindex(w.shape):
        pull = grad[place] + weight_decay * w[place]
        new_velocity[place] = momentum * velocity[place] - lr * pull
        new_w[place] += new_velocity[place]
    return new_w, new_velocity


def with_the_rate_outside(w, velocity, grad, lr, momentum, weight_decay):
    """PyTorch's buffer, made from the velocity and back."""
    buffer = velocity / -lr
    buffer = momentum * buffer + (grad + weight_decay * w)
    new = w - lr * buffer
    return [new, -lr * buffer]


def on_copies(w, velocity, grad, lr, momentum, weight_decay):
    w, velocity = w.copy(), velocity.copy()
    velocity *= momentum
    velocity -= weight_decay * lr * w
    velocity -= lr * grad
    w += velocity
    return w, velocity


@pytest.mark.parametrize("answer", [by_definition, with_the_rate_outside, on_copies])
def test_other_ways_to_write_sgd_step_are_right(answer):
    accepted("sgd_step", answer)


def plain_descent(w, velocity, grad, lr, momentum, weight_decay):
    velocity = -lr * (grad + weight_decay * w)
    w = w + velocity
    return w, velocity


def decay_without_rate(w, velocity, grad, lr, momentum, weight_decay):
    velocity = momentum * velocity - weight_decay * w - lr * grad
    return w + velocity, velocity


def uphill(w, velocity, grad, lr, momentum, weight_decay):
    v = velocity * momentum - lr * weight_decay * w + lr * grad
    return v + w, v


def like_pytorch(w, velocity, grad, lr, momentum, weight_decay):
    d = grad + weight_decay * w
    buffer = momentum * velocity + d
    return w - lr * buffer, buffer


def nesterov(w, velocity, grad, lr, momentum, weight_decay):
    before = velocity
    after = momentum * velocity - lr * (grad + weight_decay * w)
    return w - momentum * before + (1 + momentum) * after, after


def weights_first(w, velocity, grad, lr, momentum, weight_decay):
    new_w = w + velocity
    return new_w, momentum * velocity - lr * weight_decay * w - lr * grad


def decoupled(w, velocity, grad, lr, momentum, weight_decay):
    v = momentum * velocity - lr * grad
    return (1 - lr * weight_decay) * w + v, v


def average(w, velocity, grad, lr, momentum, weight_decay):
    v = momentum * velocity - lr * (1 - momentum) * (grad + weight_decay * w)
    return w + v, v


def in_place(w, velocity, grad, lr, momentum, weight_decay):
    velocity *= momentum
    velocity -= lr * (grad + weight_decay * w)
    w += velocity
    return w, velocity


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (plain_descent, "velocity is not used"),
        (decay_without_rate, "not multiplied by the learning rate"),
        (uphill, "points uphill"),
        (like_pytorch, "PyTorch"),
        (nesterov, "Nesterov"),
        (weights_first, "old velocity"),
        (decoupled, "applied to w directly"),
        (average, "1 - momentum"),
        (in_place, "copy of w and velocity"),
    ],
)
def test_wrong_ways_to_write_sgd_step_are_named(answer, words):
    refused("sgd_step", answer, words)


def counted(shape):
    inputs = 1
    for axis in range(1, len(shape)):
        inputs *= shape[axis]
    return (2 / inputs) ** 0.5


def by_cases(shape):
    if len(shape) == 4:
        _, channels, height, width = shape
        return np.sqrt(2.0 / (channels * height * width))
    return np.sqrt(2.0) / np.sqrt(shape[1])


def of_an_empty_array(shape):
    return np.sqrt(2 / np.empty(shape)[0].size)


@pytest.mark.parametrize("answer", [counted, by_cases, of_an_empty_array])
def test_other_ways_to_write_he_std_are_right(answer):
    accepted("he_std", answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda shape: 2 / np.prod(shape[1:]), "variance"),
        (lambda shape: np.sqrt(2 / (np.prod(shape) / shape[1])), "fan-out"),
        (lambda shape: np.sqrt(2 / shape[1]), "area of the kernel"),
        (lambda shape: np.prod(shape[1:]) ** -0.5, "1 / fan_in"),
        (lambda shape: np.sqrt(2 / np.prod(shape)), "All weights"),
        (lambda shape: np.sqrt(2 / shape[0]), "first axis"),
        (lambda shape: 2 * np.prod(shape[1:]) ** -0.5, "outside the root"),
    ],
)
def test_wrong_ways_to_write_he_std_are_named(answer, words):
    refused("he_std", answer, words)
