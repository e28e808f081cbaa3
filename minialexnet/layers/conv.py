"""The convolutional layer."""

import functools

from minialexnet.backend import get_array_module
from minialexnet.errors import InputError
from minialexnet.layers.arguments import finite_number, whole_number
from minialexnet.layers.base import Array, Layer, Shape, describe
from minialexnet.layers.initializers import Initializer, draw
from minialexnet.ops.conv import conv2d, conv2d_backward
from minialexnet.ops.shapes import (
    Padding,
    Pair,
    as_padding,
    as_pair,
    check_4d,
    check_picture_shape,
    output_extent,
)
from minialexnet.ops.winograd import (
    winograd_conv2d,
    winograd_conv2d_backward,
    winograd_filters,
    winograd_pays,
)


class Conv2d(Layer):
    """Convolution of (N, in_channels, H, W) to (N, out_channels, OH, OW).

    Args:
        kernel_size, stride: a whole number, or a pair for height and width.
        padding: likewise, or ((top, bottom), (left, right)): the network of 2012 pads
            ((0, 3), (0, 3)).
        groups: channels are cut into so many groups that do not see each other.
        weight_init, bias_init, generator: how the parameters begin; He's initialisation and 0
            by default. Without a generator the weights depend on how many layers were made so
            before: other weights in each layer, the same in each run of a program.

    Parameters: weight (out_channels, in_channels/groups, KH, KW), bias (out_channels,).

    On the host, batches of 16 pictures and more are convolved with fewer multiplications where that
    pays (`winograd_pays`: stride 1, 16 channels a group or more, kernels 3 to 5 pixels wide), which
    differs in the last digits and lets an infinite pixel spoil outputs beside it, also of the next
    picture.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        stride: int | Pair = 1,
        padding: int | Pair | Padding = 0,
        groups: int = 1,
        bias: bool = True,
        *,
        weight_init: Initializer | None = None,
        bias_init: float = 0.0,
        generator=None,
    ) -> None:
        super().__init__()
        in_channels = whole_number(in_channels, "in_channels")
        out_channels = whole_number(out_channels, "out_channels")
        groups = whole_number(groups, "groups")
        if in_channels % groups or out_channels % groups:
            raise InputError(
                f"Conv2d with {in_channels} input and {out_channels} output channels cannot have "
                f"groups={groups}; both must be divisible by it"
            )
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = as_pair(kernel_size, "kernel_size")
        self.stride = as_pair(stride, "stride")
        self.padding = as_padding(padding)
        self._as_given = (kernel_size, stride, padding)

        taps = self.kernel_size[0] * self.kernel_size[1]
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        fans = shape[1] * taps, out_channels // groups * taps
        weight = draw(weight_init, generator, shape, *fans)
        xp = get_array_module(weight)
        # The filters keep their shape but lie channels-last in memory, in im2col's order of taps:
        # so they are a matrix without being copied.
        self.params["weight"] = xp.array(weight.transpose(0, 2, 3, 1), order="C").transpose(
            0, 3, 1, 2
        )
        if bias:
            self.params["bias"] = xp.full(
                out_channels, finite_number(bias_init, "bias_init"), dtype=weight.dtype
            )

    # `filters` are the transformed ones, if `slice_runner` has them at hand for all slices.

    def run(self, x: Array, training: bool = False, filters: Array | None = None):
        weight, bias = self.params["weight"], self.params.get("bias")
        check_4d(x)
        filters = self._winograd_filters(len(x)) if filters is None else filters
        if filters is None:
            return conv2d(x, weight, bias, self.stride, self.padding, self.groups), x
        return winograd_conv2d(x, weight, bias, self.padding, self.groups, filters), x

    def run_backward(
        self, dy: Array, memory, input_gradient: bool = True, filters: Array | None = None
    ):
        x, weight = memory, self.params["weight"]
        filters = self._winograd_filters(len(x)) if filters is None else filters
        if filters is None:
            gradients = conv2d_backward(
                dy, x, weight, self.stride, self.padding, self.groups, input_gradient
            )
        else:
            gradients = winograd_conv2d_backward(
                dy, x, weight, self.padding, self.groups, input_gradient, filters
            )
        dx, dweight, dbias = gradients
        grads = {"weight": dweight, "bias": dbias}
        return dx, {name: grads[name] for name in self.params}

    def slice_runner(self, pictures: int, training: bool = False):
        filters = self._winograd_filters(pictures)
        if filters is None or type(self).run is not Conv2d.run:  # a subclass may know no filters
            return super().slice_runner(pictures, training)
        return functools.partial(self.run, training=training, filters=filters)

    def slice_backward_runner(self, pictures: int):
        filters = self._winograd_filters(pictures)
        if filters is None or type(self).run_backward is not Conv2d.run_backward:
            return super().slice_backward_runner(pictures)
        return functools.partial(self.run_backward, filters=filters)

    def _winograd_filters(self, pictures: int) -> Array | None:
        """The filters for `winograd_conv2d`, where that is the faster way."""
        weight = self.params["weight"]
        return winograd_filters(weight) if winograd_pays(weight, self.stride, pictures) else None

    def output_shape(self, input_shape: Shape) -> Shape:
        check_picture_shape(input_shape)
        extents = (
            output_extent(*axis)
            for axis in zip(
                input_shape[1:], self.kernel_size, self.stride, self.padding, strict=True
            )
        )
        return (self.out_channels, *extents)

    def multiply_adds(self, input_shape: Shape) -> int:
        _, oh, ow = self.output_shape(input_shape)
        return oh * ow * self.params["weight"].size

    def description(self) -> str:
        kernel_size, stride, padding = self._as_given
        return describe(
            self.in_channels,
            self.out_channels,
            kernel_size,
            stride=(stride, 1),
            padding=(padding, 0),
            groups=(self.groups, 1),
            bias=("bias" in self.params, True),
        )
