"""Operations by one kernel each, for a GPU; the array versions in `minialexnet.ops` define them.

The arguments are those of the array versions, which have checked them and call these; nothing is
checked here. Arrays are of one type, float32 or float64, and of any strides; none is modified.
Results are new arrays, which lie channels-last where they are pictures.
"""

from minialexnet.backend import Kernels, get_array_module
from minialexnet.ops.shapes import Padding, Pair

_activations = Kernels(__package__, "activations.cu")
_im2col = Kernels(__package__, "windows.cu", "im2col.cu")
_lrn = Kernels(__package__, "lrn.cu")
_pooling = Kernels(__package__, "windows.cu", "pooling.cu")


def im2col(x, kernel_size: Pair, stride: Pair, padding: Padding, output_size: Pair):
    """Windows of x: (N, OH, OW, KH, KW, C), as `minialexnet.ops.im2col`."""
    x = _channels_last(x)
    n, h, w, c = x.shape
    cols = get_array_module(x).empty((n, *output_size, *kernel_size, c), dtype=x.dtype)
    windows = _windows(h, w, c, output_size, kernel_size, stride, padding)
    _im2col("im2col", x, cols.size, x, cols, *windows)
    return cols


def col2im(cols, image_size: Pair, stride: Pair, padding: Padding):
    """Sums over the windows that hold each pixel: (N, C, H, W), as `minialexnet.ops.col2im`."""
    xp = get_array_module(cols)
    cols = xp.ascontiguousarray(cols)
    n, oh, ow, kh, kw, c = cols.shape
    x = xp.empty((n, *image_size, c), dtype=cols.dtype)
    windows = _windows(*image_size, c, (oh, ow), (kh, kw), stride, padding)
    _im2col("col2im", cols, x.size, cols, x, *windows)
    return x.transpose(0, 3, 1, 2)


def max_pool2d(x, kernel_size: Pair, stride: Pair, padding: Padding, output_size: Pair):
    """The maximum of each window: (N, C, OH, OW), as `minialexnet.ops.max_pool2d`."""
    x = _channels_last(x)
    n, h, w, c = x.shape
    y = get_array_module(x).empty((n, *output_size, c), dtype=x.dtype)
    windows = _windows(h, w, c, output_size, kernel_size, stride, padding)
    _pooling("max_pool2d", x, y.size, x, y, *windows)
    return y.transpose(0, 3, 1, 2)


def max_pool2d_backward(dy, x, y, kernel_size: Pair, stride: Pair, padding: Padding):
    """The gradient for x, as `minialexnet.ops.max_pool2d_backward`."""
    dy, x, y = map(_channels_last, (dy, x, y))
    dx = get_array_module(x).empty_like(x)
    windows = _windows(*x.shape[1:], y.shape[1:3], kernel_size, stride, padding)
    _pooling("max_pool2d_backward", x, x.size, dy, x, y, dx, *windows)
    return dx.transpose(0, 3, 1, 2)


def relu_backward(dy, y):
    """dx, as `minialexnet.ops.relu_backward`."""
    xp, is_batch = get_array_module(y), y.ndim == 4
    dy, y = map(_channels_last if is_batch else xp.ascontiguousarray, (dy, y))
    dx = xp.empty_like(y)
    _activations("relu_backward", y, y.size, dy, y, dx)
    return dx.transpose(0, 3, 1, 2) if is_batch else dx


def local_response_norm(x, size: int, alpha: float, beta: float, k: float, groups: int):
    """y, as `minialexnet.ops.local_response_norm`."""
    x = _channels_last(x)
    y = get_array_module(x).empty_like(x)
    constants = x.shape[3] // groups, size, float(alpha), float(beta), float(k)
    _lrn("local_response_norm", x, x.size, x, y, *constants)
    return y.transpose(0, 3, 1, 2)


def local_response_norm_backward(
    dy, x, size: int, alpha: float, beta: float, k: float, groups: int
):
    """The gradient for x, as `minialexnet.ops.local_response_norm_backward`."""
    dy, x = _channels_last(dy), _channels_last(x)
    dx = get_array_module(x).empty_like(x)
    constants = x.shape[3] // groups, size, float(alpha), float(beta), float(k)
    _lrn("local_response_norm_backward", x, x.size, dy, x, dx, *constants)
    return dx.transpose(0, 3, 1, 2)


def _channels_last(x):
    """(N, C, H, W) as (N, H, W, C), in C order: no copy if it lies so already."""
    return get_array_module(x).ascontiguousarray(x.transpose(0, 2, 3, 1))


def _windows(
    h: int, w: int, c: int, output: Pair, kernel: Pair, stride: Pair, padding: Padding
) -> tuple[int, ...]:
    """The numbers by which the kernels find the pixels of a window."""
    (top, _), (left, _) = padding
    return (h, w, c, *output, *kernel, *stride, top, left)
