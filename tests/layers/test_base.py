"""What a layer does for itself once `run` and `run_backward` are written."""

import numpy as np
import pytest

from minialexnet.errors import InputError
from minialexnet.layers import Flatten, Linear, Sequential
from minialexnet.layers.base import Layer, describe


class Doubling(Layer):
    """The smallest layer: twice its input."""

    def run(self, x, training=False):
        return 2 * x, None

    def run_backward(self, dy, memory, input_gradient=True):
        return 2 * dy, {}


def test_a_layer_needs_only_run_and_run_backward():
    layer, x = Doubling(), np.arange(3.0)
    np.testing.assert_array_equal(layer.forward(x), 2 * x)
    np.testing.assert_array_equal(layer.backward(x), 2 * x)
    np.testing.assert_array_equal(layer.predict(x), 2 * x)
    assert layer.output_shape((4, 5)) == (4, 5)
    assert layer.multiply_adds((4, 5)) == 0
    assert layer.num_params == 0
    assert repr(layer) == "Doubling()"


def test_calling_a_layer_is_its_own_predict():
    class Tripling(Doubling):
        def predict(self, x):
            return 3 * x

    assert Tripling()(1.0) == 3.0


def test_without_run_nothing_runs():
    with pytest.raises(NotImplementedError):
        Layer().forward(np.zeros(1))
    with pytest.raises(NotImplementedError):
        Layer().run_backward(np.zeros(1), None)


@pytest.mark.parametrize("dtype", ["float64", "float16", "int64"])
@pytest.mark.parametrize("whole", [True, False])
def test_a_gradient_of_another_type_than_the_parameters_is_refused(whole, dtype):
    """Some gradients would be of the one type, and some of the other."""
    layer = Linear(3, 2)
    layer = Sequential([Flatten(), layer]) if whole else layer
    layer.forward(np.ones((2, 3), "float32"), training=True)
    with pytest.raises(InputError, match=rf"dy of {dtype}, but .*weight is float32; .*float32'"):
        layer.backward(np.ones((2, 2), dtype))
    layer.backward(np.ones((2, 2), "float32"))
    assert all(gradient.dtype == np.float32 for gradient in layer.grads.values())


def test_parameters_of_different_types_are_named():
    class Scale(Layer):
        def __init__(self):
            super().__init__()
            self.params["weight"] = np.ones(3)

        def run(self, x, training=False):
            return x * self.params["weight"], x

        def run_backward(self, dy, memory, input_gradient=True):
            return dy * self.params["weight"], {"weight": (dy * memory).sum(axis=0)}

    network = Sequential([Linear(4, 3), Scale()])
    x, dy = np.ones((2, 4), "float32"), np.ones((2, 3), "float32")
    network.forward(x, training=True)
    for each in (dy, dy.astype("float64")):
        with pytest.raises(InputError, match=r"0\.weight is float32 and 1\.weight is float64"):
            network.backward(each)
    network.astype("float32").forward(x, training=True)
    assert network.backward(dy).dtype == np.float32


def test_descriptions_show_what_is_not_the_default():
    assert describe(3, "a", stride=(2, 1), padding=(0, 0), bias=(False, True)) == (
        "3, a, stride=2, bias=False"
    )
