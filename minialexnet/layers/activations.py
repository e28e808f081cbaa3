"""The layers of the non-linearities, which remember their output."""

from minialexnet.layers.base import Array, Layer
from minialexnet.ops import activations as ops


class ReLU(Layer):
    """max(x, 0), for x of any shape."""

    def run(self, x: Array, training: bool = False):
        y = ops.relu(x)
        return y, y

    def run_backward(self, dy: Array, memory, input_gradient: bool = True):
        return ops.relu_backward(dy, memory), {}


class Tanh(Layer):
    """tanh(x), for x of any shape: what convnets used before ReLU."""

    def run(self, x: Array, training: bool = False):
        y = ops.tanh(x)
        return y, y

    def run_backward(self, dy: Array, memory, input_gradient: bool = True):
        return ops.tanh_backward(dy, memory), {}


class Sigmoid(Layer):
    """1 / (1 + e^-x), for x of any shape."""

    def run(self, x: Array, training: bool = False):
        y = ops.sigmoid(x)
        return y, y

    def run_backward(self, dy: Array, memory, input_gradient: bool = True):
        return ops.sigmoid_backward(dy, memory), {}
