"""Pooling: the largest or the mean value of each window (Krizhevsky 2012, section 3.4).

AlexNet's windows are 3 wide and 2 apart, so they overlap. The paper found this to lower the
error by 0.4% (top-1) against tiled windows.

The first four functions walk over the positions *inside* the window, and treat the same position of
all windows at once: x[:, :, i::stride, j::stride].
"""

from minialexnet.backend import (
    cached_blocks,
    copy,
    empty,
    empty_like,
    get_array_module,
    has_kernels,
    zeros_like,
)
from minialexnet.errors import InputError
from minialexnet.ops import cuda
from minialexnet.ops.shapes import (
    Padding,
    Pair,
    as_pair,
    as_windows,
    check_4d,
    check_same_shape,
    output_extent,
    overhang,
)


def max_pool2d(
    x,
    kernel_size: int | Pair,
    stride: int | Pair,
    padding: int | Pair | Padding = 0,
    ceil_mode: bool = False,
):
    """The maximum of each window: y[n, c, i, j] = max over u, v of x[n, c, i*s + u, j*s + v].

    Padding counts as minus infinity: a border of zeros would win against negative values.

    Args:
        x: (N, C, H, W), any float dtype; not modified.
        kernel_size, stride: whole numbers, or pairs (height, width).
        padding: likewise, or ((top, bottom), (left, right)); at most half a window.
        ceil_mode: a last window that hangs over the far edge counts too.
    Returns:
        y: (N, C, OH, OW), laid out in memory like x, or with padding channels-last.
    Raises:
        InputError: the window is larger than the padded picture, or lies in the padding alone.
    """
    xp = get_array_module(x)
    kernel_size, stride, padding = as_windows(kernel_size, stride, padding)
    oh, ow = pool2d_output_size(x, kernel_size, stride, padding, ceil_mode)
    if has_kernels(x):
        return cuda.max_pool2d(x, kernel_size, stride, padding, (oh, ow))
    padded = _pad(x, (oh, ow), kernel_size, stride, padding, -xp.inf)
    first, *others = _window_positions(kernel_size, stride, (oh, ow))
    y = copy(padded[first])
    for position in others:
        xp.maximum(y, padded[position], out=y)
    return y


def max_pool2d_backward(
    dy,
    x,
    y,
    kernel_size: int | Pair,
    stride: int | Pair,
    padding: int | Pair | Padding = 0,
    ceil_mode: bool = False,
):
    """Gradient of `max_pool2d` with respect to x: each dy goes to the pixel that was the maximum.

    When several pixels of a window are equally large, the first one (row by row) gets all of it,
    as in Caffe and PyTorch. (The code of 2012 gave it to each of them. After a ReLU the common
    tie is among zeros, where the ReLU stops the gradient anyway.) Numbers are to be finite: an
    infinite dy may become NaN in all of its window, and a window with NaN in x gets no gradient.

    Args:
        dy: (N, C, OH, OW); x, y: input and output of the forward pass; none is modified.
        The rest: as in the forward pass.
    Returns:
        dx: like x.
    Raises:
        InputError: as `max_pool2d`, or dy or y has not the shape of the output.
    """
    xp = get_array_module(dy, x, y)
    kernel_size, stride, padding = as_windows(kernel_size, stride, padding)
    oh, ow = pool2d_output_size(x, kernel_size, stride, padding, ceil_mode)
    check_same_shape(dy, (*x.shape[:2], oh, ow), "dy")
    check_same_shape(y, dy.shape, "y")
    if has_kernels(dy, x, y):
        return cuda.max_pool2d_backward(dy, x, y, kernel_size, stride, padding)
    padded = _pad(x, (oh, ow), kernel_size, stride, padding, -xp.inf)
    dpadded = zeros_like(padded)
    positions = _window_positions(kernel_size, stride, (oh, ow))
    for block in cached_blocks(y):  # and not of x: each pass is over as many numbers as y has
        pixels, dpixels, maxima = padded[block], dpadded[block], y[block]
        remaining = empty_like(maxima)  # what has not found its pixel yet
        remaining[...] = dy[block]
        routed = empty_like(remaining)
        for position in positions:
            xp.equal(pixels[position], maxima, out=routed)  # as 1 and 0
            routed *= remaining
            dpixels[position] += routed
            remaining -= routed
    return _crop(dpadded, x, padding)


def avg_pool2d(
    x,
    kernel_size: int | Pair,
    stride: int | Pair,
    padding: int | Pair | Padding = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
):
    """The mean of each window.

    The sum of a window is divided by the number of its pixels. With `count_include_pad` zeros
    of the padding are counted as pixels; what hangs over beyond the padding (`ceil_mode`) is not.

    Args:
        x, kernel_size, stride, padding, ceil_mode: as for `max_pool2d`.
        count_include_pad: zeros of the padding count as pixels.
    Returns:
        y: (N, C, OH, OW), laid out in memory like x, or with padding channels-last.
    Raises:
        InputError: as `max_pool2d`.
    """
    kernel_size, stride, padding = as_windows(kernel_size, stride, padding)
    size = pool2d_output_size(x, kernel_size, stride, padding, ceil_mode)
    padded = _pad(x, size, kernel_size, stride, padding, 0)
    first, *others = _window_positions(kernel_size, stride, size)
    y = copy(padded[first])
    for position in others:
        y += padded[position]
    y /= _window_counts(x, size, kernel_size, stride, padding, count_include_pad)
    return y


def avg_pool2d_backward(
    dy,
    x,
    kernel_size: int | Pair,
    stride: int | Pair,
    padding: int | Pair | Padding = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
):
    """Gradient of `avg_pool2d` with respect to x: every pixel of a window gets its equal share.

    Args:
        dy: (N, C, OH, OW); x: the input of the forward pass, for its shape; none is modified.
        The rest: as in the forward pass.
    Returns:
        dx: like x.
    Raises:
        InputError: as `max_pool2d`, or dy has not the shape of the output.
    """
    get_array_module(dy, x)  # refuses arrays of two backends
    kernel_size, stride, padding = as_windows(kernel_size, stride, padding)
    size = pool2d_output_size(x, kernel_size, stride, padding, ceil_mode)
    check_same_shape(dy, (*x.shape[:2], *size), "dy")
    share = dy / _window_counts(x, size, kernel_size, stride, padding, count_include_pad)
    dpadded = zeros_like(_pad(x, size, kernel_size, stride, padding, 0))
    for position in _window_positions(kernel_size, stride, size):
        dpadded[position] += share
    return _crop(dpadded, x, padding)


def adaptive_avg_pool2d(x, output_size: int | Pair):
    """Means over a grid of `output_size` cells, whatever the size of the picture.

    Cell i of n covers the pixels from floor(i*H/n) up to ceil((i+1)*H/n): cells overlap where
    H is no multiple of n, and repeat pixels where H is smaller.

    Args:
        x: (N, C, H, W), any float dtype; not modified.
        output_size: a whole number, or a pair (rows, columns).
    Returns:
        (N, C, *output_size).
    Raises:
        InputError: x is no batch of pictures, or output_size is no size.
    """
    xp = get_array_module(x)
    check_4d(x)
    output_size = as_pair(output_size, "output_size")
    y = empty((*x.shape[:2], *output_size), x.dtype, xp)
    if output_size == x.shape[2:]:  # AlexNet's case: cells of one pixel
        y[...] = x
        return y
    for i, rows in enumerate(_cells(x.shape[2], output_size[0])):
        for j, columns in enumerate(_cells(x.shape[3], output_size[1])):
            y[:, :, i, j] = x[:, :, rows, columns].mean(axis=(2, 3))
    return y


def adaptive_avg_pool2d_backward(dy, x, output_size: int | Pair):
    """Gradient of `adaptive_avg_pool2d`: every pixel of a cell gets its equal share.

    Args:
        dy: (N, C, *output_size); x: the input of the forward pass, for its shape; none is modified.
        output_size: as in the forward pass.
    Returns:
        dx: like x.
    Raises:
        InputError: as `adaptive_avg_pool2d`, or dy has not the shape of the output.
    """
    get_array_module(dy, x)  # refuses arrays of two backends
    check_4d(x)
    output_size = as_pair(output_size, "output_size")
    check_same_shape(dy, (*x.shape[:2], *output_size), "dy")
    if output_size == x.shape[2:]:
        dx = empty_like(x)
        dx[...] = dy
        return dx
    dx = zeros_like(x)
    for i, rows in enumerate(_cells(x.shape[2], output_size[0])):
        for j, columns in enumerate(_cells(x.shape[3], output_size[1])):
            pixels = (rows.stop - rows.start) * (columns.stop - columns.start)
            dx[:, :, rows, columns] += dy[:, :, i : i + 1, j : j + 1] / pixels
    return dx


def pool2d_output_size(
    x, kernel_size: Pair, stride: Pair, padding: Padding, ceil_mode: bool
) -> Pair:
    """(OH, OW) of a pooling. Raises InputError for windows that do not fit."""
    check_4d(x)
    for kernel, sides in zip(kernel_size, padding, strict=True):
        if max(sides) > kernel // 2:
            raise InputError(
                f"pooling padding is {padding} for windows of {kernel_size}; expected at most half "
                "a window, so that every window holds a pixel"
            )
    return (
        output_extent(x.shape[2], kernel_size[0], stride[0], padding[0], ceil_mode),
        output_extent(x.shape[3], kernel_size[1], stride[1], padding[1], ceil_mode),
    )


def _window_positions(kernel_size: Pair, stride: Pair, output_size: Pair) -> list[tuple]:
    """For each position inside the window, row by row, the index that selects it in all windows."""
    (kh, kw), (sh, sw), (oh, ow) = kernel_size, stride, output_size
    return [
        (..., slice(i, i + (oh - 1) * sh + 1, sh), slice(j, j + (ow - 1) * sw + 1, sw))
        for i in range(kh)
        for j in range(kw)
    ]


def _pad(x, output_size: Pair, kernel_size: Pair, stride: Pair, padding: Padding, value):
    """x with a border of `value` that reaches as far as the windows do; x itself if none does."""
    xp = get_array_module(x)
    n, c, h, w = x.shape
    (top, _), (left, _) = padding
    bottom = overhang(h, output_size[0], kernel_size[0], stride[0], padding[0])
    right = overhang(w, output_size[1], kernel_size[1], stride[1], padding[1])
    if not (top or bottom or left or right):
        return x
    padded = empty((n, top + h + bottom, left + w + right, c), x.dtype, xp)
    padded.fill(value)
    padded = padded.transpose(0, 3, 1, 2)
    padded[:, :, top : top + h, left : left + w] = x
    return padded


def _crop(padded, x, padding: Padding):
    """The part of `padded` where x lies."""
    (top, _), (left, _) = padding
    return padded[:, :, top : top + x.shape[2], left : left + x.shape[3]]


def _window_counts(
    x, output_size: Pair, kernel_size: Pair, stride: Pair, padding: Padding, include_pad: bool
):
    """The number of pixels that each window's sum is divided by: (OH, OW)."""
    xp = get_array_module(x)
    rows, columns = (
        xp.asarray(_pixels_per_window(*axis, include_pad), dtype=x.dtype)
        for axis in zip(x.shape[2:], output_size, kernel_size, stride, padding, strict=True)
    )
    return rows[:, None] * columns


def _pixels_per_window(
    extent: int, count: int, kernel: int, stride: int, padding: Pair, include_pad: bool
) -> list[int]:
    """For each window along one axis, how many of its pixels lie in the picture (and padding)."""
    before, after = padding if include_pad else (0, 0)
    starts = [i * stride - padding[0] for i in range(count)]
    return [min(start + kernel, extent + after) - max(start, -before) for start in starts]


def _cells(extent: int, count: int) -> list[slice]:
    """The pixels that each of `count` cells covers along one axis."""
    return [slice(i * extent // count, -(-(i + 1) * extent // count)) for i in range(count)]
