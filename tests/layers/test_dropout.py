"""The dropout layer draws a new mask for every training pass, and can take up where it stopped."""

import numpy as np
import pytest

from minialexnet.errors import InputError
from minialexnet.layers import Dropout
from minialexnet.ops import dropout_mask


@pytest.mark.parametrize(("inverted", "scale"), [(True, 1 / 0.6), (False, 1.0)])
def test_forward_and_backward_use_the_same_mask_and_scale(backend, dtype, rng, inverted, scale):
    layer = Dropout(0.4, inverted, seed=5)
    x, dy = rng.standard_normal((30, 40)), rng.standard_normal((30, 40))
    x_, dy_ = backend.put(x, dtype), backend.put(dy, dtype)
    for step in range(3):
        mask = dropout_mask((30, 40), 0.4, (5, step), np)
        backend.check(layer.forward(x_, training=True), scale * x * mask, dtype)
        backend.check(layer.backward(dy_), scale * dy * mask, dtype)


def test_every_pass_and_every_seed_drops_other_units(backend):
    ones = backend.put(np.ones((10, 10)))
    layers = Dropout(seed=1), Dropout(seed=2)
    passes = [backend.get(layer.forward(ones, training=True)) for layer in layers for _ in "12"]
    for i, one in enumerate(passes):
        for other in passes[:i]:
            assert not np.array_equal(one, other)


@pytest.mark.parametrize(("inverted", "scale"), [(True, 1.0), (False, 0.6)])
def test_at_test_time_every_unit_speaks_and_no_mask_is_spent(backend, dtype, rng, inverted, scale):
    layer, x = Dropout(0.4, inverted), rng.standard_normal((5, 6))
    x_ = backend.put(x, dtype)
    backend.check(layer.forward(x_, training=False), scale * x, dtype)
    backend.check(layer.backward(x_), scale * x, dtype)
    backend.check(layer.predict(x_), scale * x, dtype)
    assert layer.passes == 0


def test_a_layer_with_the_state_of_another_goes_on_as_it_would(backend):
    ones = backend.put(np.ones((10, 10)))
    layer = Dropout(seed=3)
    for _ in range(2):
        layer.forward(ones, training=True)
    state = layer.state()
    assert state == {"seed": 3, "passes": 2}
    expected = backend.get(layer.forward(ones, training=True))
    resumed = Dropout(seed=0)
    resumed.load_state(state)
    np.testing.assert_array_equal(backend.get(resumed.forward(ones, training=True)), expected)


@pytest.mark.parametrize("p", [-0.1, 1, 1.5, float("nan")])
def test_what_is_no_probability_is_refused(p):
    with pytest.raises(InputError, match=f"dropout probability p is {p}; expected 0 <= p < 1"):
        Dropout(p)


@pytest.mark.parametrize("seed", ["a", 1.0, -1])
def test_what_is_no_seed_is_refused(seed):
    with pytest.raises(InputError, match=f"seed is {seed!r}; expected a whole number of at"):
        Dropout(seed=seed)


def test_a_seed_of_numpys_whole_numbers_drops_the_same():
    x = np.ones((4, 50), "float32")
    first, second = (Dropout(seed=seed).forward(x, True) for seed in (3, np.int64(3)))
    np.testing.assert_array_equal(first, second)
