"""How weights begin. All numbers are drawn on the host, so every backend starts from the same."""

import itertools
import math
from collections.abc import Callable

from minialexnet.backend import check_generator, host_generator
from minialexnet.errors import InputError

Initializer = Callable[..., object]
"""(generator, shape, fan_in, fan_out) -> float32 array of that shape."""

_TAG = 2012  # sets these generators apart from host_generator(seed) with an equal seed
_created = itertools.count()


def next_seed() -> int:
    """A seed for a layer made without one: how many there were before it in this process.

    So no two such layers are alike, and a program that makes the same layers in the same order
    gets the same numbers every time.
    """
    return next(_created)


def normal(std: float) -> Initializer:
    """N(0, std^2). The paper: 0.01 in every layer; the code of 2012: 0.03 in conv3 to conv5."""

    def initialize(generator, shape, fan_in, fan_out):
        weights = generator.standard_normal(shape, dtype="float32")
        weights *= std
        return weights

    return initialize


def he_normal(generator, shape, fan_in, fan_out):
    """N(0, 2 / fan_in): keeps the size of signals through layers with ReLU (He 2015, eq. 10)."""
    return normal(math.sqrt(2 / fan_in))(generator, shape, fan_in, fan_out)


def xavier_normal(generator, shape, fan_in, fan_out):
    """N(0, 2 / (fan_in + fan_out)): the same for tanh (Glorot and Bengio 2010, eq. 12)."""
    return normal(math.sqrt(2 / (fan_in + fan_out)))(generator, shape, fan_in, fan_out)


def draw(initializer: Initializer | None, generator, shape, fan_in: int, fan_out: int):
    """Weights from `initializer` (He's if None) and `generator` (from `next_seed` if None).

    Raises InputError for what is no initialiser, or no generator.
    """
    if initializer is not None and not callable(initializer):
        raise InputError(
            f"weight_init is {initializer!r}; expected a function such as he_normal or normal(0.01)"
        )
    initializer = he_normal if initializer is None else initializer
    generator = host_generator(_TAG, next_seed()) if generator is None else generator
    check_generator(generator)
    return initializer(generator, shape, fan_in, fan_out)
