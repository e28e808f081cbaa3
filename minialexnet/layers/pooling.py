"""The pooling layers."""

from minialexnet.layers.base import Array, Layer, Shape, describe
from minialexnet.ops import pooling as ops
from minialexnet.ops.shapes import (
    Padding,
    Pair,
    as_padding,
    as_pair,
    check_picture_shape,
    output_extent,
)


class _Pool2d(Layer):
    """What max and average pooling share: windows, and how many of them fit."""

    def __init__(
        self,
        kernel_size: int | Pair,
        stride: int | Pair | None = None,
        padding: int | Pair | Padding = 0,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        stride = kernel_size if stride is None else stride
        self.kernel_size = as_pair(kernel_size, "kernel_size")
        self.stride = as_pair(stride, "stride")
        self.padding = as_padding(padding)
        self.ceil_mode = ceil_mode
        self._as_given = (kernel_size, stride, padding)

    @property
    def _windows(self):
        return self.kernel_size, self.stride, self.padding, self.ceil_mode

    def output_shape(self, input_shape: Shape) -> Shape:
        check_picture_shape(input_shape)
        extents = (
            output_extent(*axis, self.ceil_mode)
            for axis in zip(
                input_shape[1:], self.kernel_size, self.stride, self.padding, strict=True
            )
        )
        return (input_shape[0], *extents)

    def description(self) -> str:
        kernel_size, stride, padding = self._as_given
        return describe(
            kernel_size,
            stride=(stride, kernel_size),
            padding=(padding, 0),
            ceil_mode=(self.ceil_mode, False),
        )


class MaxPool2d(_Pool2d):
    """The maximum of each window: (N, C, H, W) -> (N, C, OH, OW).

    Overlapping (section 3.4 of the paper) where stride < kernel.

    Args:
        stride: the kernel's size by default.
        padding: counts as minus infinity.
        ceil_mode: a last window that hangs over the far edge counts too.
    """

    def run(self, x: Array, training: bool = False):
        y = ops.max_pool2d(x, *self._windows)
        return y, (x, y)

    def run_backward(self, dy: Array, memory, input_gradient: bool = True):
        x, y = memory
        return ops.max_pool2d_backward(dy, x, y, *self._windows), {}


class AvgPool2d(_Pool2d):
    """The mean of each window: (N, C, H, W) -> (N, C, OH, OW).

    Args:
        stride, ceil_mode: as for `MaxPool2d`.
        count_include_pad: zeros of the padding count as pixels.
    """

    def __init__(
        self,
        kernel_size: int | Pair,
        stride: int | Pair | None = None,
        padding: int | Pair | Padding = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode)
        self.count_include_pad = count_include_pad

    def run(self, x: Array, training: bool = False):
        return ops.avg_pool2d(x, *self._windows, self.count_include_pad), x

    def run_backward(self, dy: Array, memory, input_gradient: bool = True):
        return ops.avg_pool2d_backward(dy, memory, *self._windows, self.count_include_pad), {}


class AdaptiveAvgPool2d(Layer):
    """Means over a grid of cells, whatever the size of the picture: (N, C, H, W) -> (N, C, OH, OW).

    Args: output_size: OH and OW, a number for both or a pair.
    """

    def __init__(self, output_size: int | Pair) -> None:
        super().__init__()
        self.output_size = as_pair(output_size, "output_size")

    def run(self, x: Array, training: bool = False):
        return ops.adaptive_avg_pool2d(x, self.output_size), x

    def run_backward(self, dy: Array, memory, input_gradient: bool = True):
        return ops.adaptive_avg_pool2d_backward(dy, memory, self.output_size), {}

    def output_shape(self, input_shape: Shape) -> Shape:
        check_picture_shape(input_shape)
        return (input_shape[0], *self.output_size)

    def description(self) -> str:
        return describe(self.output_size)
