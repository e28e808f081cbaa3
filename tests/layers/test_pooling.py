"""The pooling layers hand their arguments on to the operations."""

import numpy as np
import pytest

from minialexnet import ops
from minialexnet.errors import InputError
from minialexnet.layers import AdaptiveAvgPool2d, AvgPool2d, MaxPool2d

# arguments of the layer, and of the operation
ARGUMENTS = [
    (dict(kernel_size=2), ((2, 2), (2, 2), ((0, 0), (0, 0)), False)),
    (dict(kernel_size=3, stride=2), ((3, 3), (2, 2), ((0, 0), (0, 0)), False)),
    (
        dict(kernel_size=(3, 2), stride=(2, 1), padding=((1, 0), (0, 1)), ceil_mode=True),
        ((3, 2), (2, 1), ((1, 0), (0, 1)), True),
    ),
]


def check(backend, layer, x, y, dy, dx):
    np.testing.assert_array_equal(backend.get(layer.forward(x)), backend.get(y))
    np.testing.assert_array_equal(backend.get(layer.backward(dy)), backend.get(dx))
    assert layer.output_shape(x.shape[1:]) == y.shape[1:]


@pytest.mark.parametrize(("arguments", "windows"), ARGUMENTS)
def test_max_pooling_is_the_operation(backend, dtype, rng, arguments, windows):
    x = backend.put(rng.standard_normal((2, 3, 6, 7)), dtype)
    y = ops.max_pool2d(x, *windows)
    dy = backend.put(rng.standard_normal(y.shape), dtype)
    dx = ops.max_pool2d_backward(dy, x, y, *windows)
    check(backend, MaxPool2d(**arguments), x, y, dy, dx)


@pytest.mark.parametrize("count_include_pad", [True, False])
@pytest.mark.parametrize(("arguments", "windows"), ARGUMENTS)
def test_average_pooling_is_the_operation(
    backend, dtype, rng, arguments, windows, count_include_pad
):
    x = backend.put(rng.standard_normal((2, 3, 6, 7)), dtype)
    y = ops.avg_pool2d(x, *windows, count_include_pad)
    dy = backend.put(rng.standard_normal(y.shape), dtype)
    dx = ops.avg_pool2d_backward(dy, x, *windows, count_include_pad)
    layer = AvgPool2d(**arguments, count_include_pad=count_include_pad)
    check(backend, layer, x, y, dy, dx)


@pytest.mark.parametrize(("output_size", "pair"), [(3, (3, 3)), ((2, 9), (2, 9))])
def test_adaptive_pooling_is_the_operation(backend, dtype, rng, output_size, pair):
    x = backend.put(rng.standard_normal((2, 3, 6, 7)), dtype)
    y = ops.adaptive_avg_pool2d(x, pair)
    dy = backend.put(rng.standard_normal(y.shape), dtype)
    dx = ops.adaptive_avg_pool2d_backward(dy, x, pair)
    check(backend, AdaptiveAvgPool2d(output_size), x, y, dy, dx)


@pytest.mark.parametrize("layer", [MaxPool2d, AvgPool2d])
def test_sizes_that_are_none_are_refused(layer):
    with pytest.raises(InputError, match="kernel_size is 0"):
        layer(0)
    with pytest.raises(InputError, match="stride is 0"):
        layer(3, 0)
    with pytest.raises(InputError, match="padding is -1"):
        layer(3, 2, -1)
    with pytest.raises(InputError, match="window of 3 pixels does not fit into a picture of 2"):
        layer(3, 2).output_shape((4, 2, 5))


def test_an_output_without_cells_is_refused():
    with pytest.raises(InputError, match="output_size is 0"):
        AdaptiveAvgPool2d(0)
