"""Features are numbered channels outermost, whatever the order in memory."""

import numpy as np
import pytest

from minialexnet.layers import Flatten


@pytest.mark.parametrize("channels_last", [False, True])
def test_features_are_in_the_order_of_the_shape(backend, dtype, channels_last):
    pictures = np.arange(2.0 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    x = backend.put(pictures, dtype)
    if channels_last:
        last = np.ascontiguousarray(pictures.transpose(0, 2, 3, 1))
        x = backend.put(last, dtype).transpose(0, 3, 1, 2)
    layer = Flatten()
    y = layer.forward(x)
    backend.check(y, pictures.reshape(2, 60), dtype)
    backend.check(layer.backward(y), pictures, dtype)
