"""The fully connected layer hands its arguments on to the operation."""

import numpy as np
import pytest

from minialexnet.layers import Linear
from minialexnet.layers.initializers import normal
from minialexnet.ops import linear, linear_backward


@pytest.mark.parametrize("bias", [True, False])
def test_the_layer_is_the_operation_with_its_parameters(backend, dtype, rng, bias):
    layer = Linear(7, 5, bias, bias_init=0.5).to(backend.xp).astype(dtype)
    weight = layer.params["weight"]
    x, dy = (backend.put(rng.standard_normal(shape), dtype) for shape in ((3, 7), (3, 5)))
    y = linear(x, weight, layer.params.get("bias"))
    np.testing.assert_array_equal(backend.get(layer.forward(x)), backend.get(y))
    dx, *gradients = linear_backward(dy, x, weight)
    np.testing.assert_array_equal(backend.get(layer.backward(dy)), backend.get(dx))
    for name, gradient in zip(("weight", "bias"), gradients, strict=True):
        if name in layer.params:
            np.testing.assert_array_equal(backend.get(layer.grads[name]), backend.get(gradient))
    assert list(layer.grads) == ["weight", "bias"] if bias else ["weight"]
    assert layer.backward(dy, input_gradient=False) is None


def test_parameters_have_pytorchs_shapes_and_begin_as_asked():
    layer = Linear(
        300, 200, weight_init=normal(0.02), bias_init=0.3, generator=np.random.default_rng(1)
    )
    assert layer.params["weight"].shape == (200, 300)
    assert layer.params["weight"].std() == pytest.approx(0.02, rel=0.02)
    np.testing.assert_array_equal(layer.params["bias"], np.full(200, 0.3, np.float32))
    assert Linear(300, 200).params["weight"].std() == pytest.approx(np.sqrt(2 / 300), rel=0.02)
    assert (layer.num_params, layer.multiply_adds((300,))) == (60_200, 60_000)
