"""From feature maps to a row of features."""

import math

from minialexnet.backend import get_array_module
from minialexnet.layers.base import Array, Layer, Shape
from minialexnet.ops.shapes import check_same_shape


class Flatten(Layer):
    """(N, C, H, W) -> (N, C*H*W), channels outermost, as PyTorch and Caffe number the features."""

    def run(self, x: Array, training: bool = False):
        get_array_module(x)  # refuses what is no array
        return x.reshape(x.shape[0], math.prod(x.shape[1:])), x.shape

    def run_backward(self, dy: Array, memory, input_gradient: bool = True):
        n, *features = memory
        check_same_shape(dy, (n, math.prod(features)), "dy")
        return dy.reshape(memory), {}

    def output_shape(self, input_shape: Shape) -> Shape:
        return (math.prod(input_shape),)
