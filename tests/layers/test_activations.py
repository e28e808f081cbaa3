"""The layers of the non-linearities are their operations."""

import numpy as np
import pytest

from minialexnet import ops
from minialexnet.layers import ReLU, Sigmoid, Tanh


@pytest.mark.parametrize(
    ("layer", "forward", "backward"),
    [
        (ReLU, ops.relu, ops.relu_backward),
        (Tanh, ops.tanh, ops.tanh_backward),
        (Sigmoid, ops.sigmoid, ops.sigmoid_backward),
    ],
)
def test_the_layer_is_the_operation(backend, dtype, rng, layer, forward, backward):
    layer = layer()
    x, dy = (backend.put(rng.standard_normal((2, 3, 4, 5)), dtype) for _ in range(2))
    y = forward(x)
    np.testing.assert_array_equal(backend.get(layer.forward(x)), backend.get(y))
    np.testing.assert_array_equal(backend.get(layer.backward(dy)), backend.get(backward(dy, y)))
