"""Initial weights have the standard deviation of their formula and come from their generator."""

import itertools
import math

import numpy as np
import pytest

from minialexnet.errors import InputError
from minialexnet.layers import Conv2d, Dropout, Linear, initializers
from minialexnet.layers.initializers import draw, he_normal, normal, xavier_normal

SHAPE, FAN_IN, FAN_OUT = (100, 500), 500, 100


@pytest.mark.parametrize(
    ("initializer", "std"),
    [
        (normal(0.01), 0.01),
        (he_normal, math.sqrt(2 / 500)),
        (xavier_normal, math.sqrt(2 / 600)),
        (None, math.sqrt(2 / 500)),
    ],
)
def test_weights_are_normal_with_the_standard_deviation_of_the_formula(initializer, std):
    weights = draw(initializer, np.random.default_rng(0), SHAPE, FAN_IN, FAN_OUT)
    assert weights.shape == SHAPE
    assert weights.dtype == np.float32
    assert weights.std() == pytest.approx(std, rel=0.02)
    assert abs(weights.mean()) < 5 * std / math.sqrt(weights.size)
    # A normal distribution has 68.3 % within one standard deviation, and a kurtosis of 3.
    assert (abs(weights) < std).mean() == pytest.approx(0.683, abs=0.01)
    assert ((weights / std) ** 4).mean() == pytest.approx(3, rel=0.05)


def test_one_generator_gives_every_layer_other_weights():
    generator = np.random.default_rng(0)
    first, second = (draw(None, generator, SHAPE, FAN_IN, FAN_OUT) for _ in range(2))
    assert not np.array_equal(first, second)


def layers_made_without_seeds():
    """The numbers of two linear layers and two dropout layers, from a fresh counter."""
    linear = [Linear(3, 5).params["weight"] for _ in range(2)]
    masks = [Dropout().forward(np.ones((5, 7)), training=True) for _ in range(2)]
    return [*linear, *masks]


def test_without_a_generator_every_layer_begins_differently():
    first, second, mask, other_mask = layers_made_without_seeds()
    assert not np.array_equal(first, second)
    assert not np.array_equal(mask, other_mask)


def test_without_a_generator_the_order_of_creation_decides(monkeypatch):
    """So that a program gets the same numbers every time it runs."""
    runs = []
    for _ in range(2):
        monkeypatch.setattr(initializers, "_created", itertools.count())
        runs.append(layers_made_without_seeds())
    for one, other in zip(*runs, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("make", [lambda **o: Linear(3, 2, **o), lambda **o: Conv2d(3, 2, 1, **o)])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(weight_init=0.01), r"weight_init is 0.01; expected a function such as he_normal"),
        (dict(weight_init="he"), "weight_init is 'he'; expected a function"),
        (dict(generator=0), "generator is 0; expected one of NumPy's: numpy.random.default_rng"),
        (dict(generator=np.random.RandomState(0)), "generator is RandomState.*; expected one of"),
        (dict(bias_init=None), "bias_init is None; expected a finite number"),
        (dict(bias_init=float("nan")), "bias_init is nan; expected a finite number"),
    ],
)
def test_what_weights_cannot_begin_with_is_refused(make, options, message):
    with pytest.raises(InputError, match=message):
        make(**options)
