"""The fully connected layer."""

from minialexnet.backend import get_array_module
from minialexnet.layers.arguments import finite_number, whole_number
from minialexnet.layers.base import Array, Layer, Shape, describe
from minialexnet.layers.initializers import Initializer, draw
from minialexnet.ops.linear import linear, linear_backward


class Linear(Layer):
    """y = x W^T + b, from (N, in_features) to (N, out_features).

    Args:
        in_features, out_features: whole numbers from 1.
        weight_init, bias_init, generator: as for `Conv2d`.

    Parameters: weight (out_features, in_features), bias (out_features,).
    """

    whole_batch = True

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        weight_init: Initializer | None = None,
        bias_init: float = 0.0,
        generator=None,
    ) -> None:
        super().__init__()
        self.in_features = in_features = whole_number(in_features, "in_features")
        self.out_features = out_features = whole_number(out_features, "out_features")
        weight = draw(
            weight_init, generator, (out_features, in_features), in_features, out_features
        )
        self.params["weight"] = weight
        if bias:
            xp = get_array_module(weight)
            self.params["bias"] = xp.full(
                out_features, finite_number(bias_init, "bias_init"), dtype=weight.dtype
            )

    def run(self, x: Array, training: bool = False):
        return linear(x, self.params["weight"], self.params.get("bias")), x

    def run_backward(self, dy: Array, memory, input_gradient: bool = True):
        x = memory
        dx, dweight, dbias = linear_backward(dy, x, self.params["weight"], input_gradient)
        grads = {"weight": dweight, "bias": dbias}
        return dx, {name: grads[name] for name in self.params}

    def output_shape(self, input_shape: Shape) -> Shape:
        return (self.out_features,)

    def multiply_adds(self, input_shape: Shape) -> int:
        return self.in_features * self.out_features

    def description(self) -> str:
        return describe(self.in_features, self.out_features, bias=("bias" in self.params, True))
