"""The layer of response normalisation knows both readings of alpha."""

import numpy as np
import pytest

from minialexnet.errors import InputError
from minialexnet.layers import LocalResponseNorm
from minialexnet.ops import local_response_norm, local_response_norm_backward


@pytest.mark.parametrize(("alpha_mode", "alpha"), [("sum", 2.0), ("mean", 0.5)])
def test_the_layer_is_the_operation_with_its_constants(backend, dtype, rng, alpha_mode, alpha):
    layer = LocalResponseNorm(4, 2.0, 0.6, 1.5, alpha_mode, groups=2)
    assert layer.effective_alpha == alpha
    x, dy = (backend.put(rng.standard_normal((2, 6, 3, 3)), dtype) for _ in range(2))
    y = local_response_norm(x, 4, alpha, 0.6, 1.5, groups=2)
    dx = local_response_norm_backward(dy, x, 4, alpha, 0.6, 1.5, groups=2)
    np.testing.assert_array_equal(backend.get(layer.forward(x)), backend.get(y))
    np.testing.assert_array_equal(backend.get(layer.backward(dy)), backend.get(dx))


def test_the_defaults_are_the_papers_constants():
    layer = LocalResponseNorm()
    assert (layer.size, layer.effective_alpha, layer.beta, layer.k) == (5, 1e-4, 0.75, 2.0)
    assert LocalResponseNorm(alpha_mode="mean").effective_alpha == pytest.approx(2e-5)


def test_a_third_reading_of_alpha_is_refused():
    with pytest.raises(InputError, match="alpha_mode is 'max'; expected 'sum' or 'mean'"):
        LocalResponseNorm(alpha_mode="max")
