"""im2col and col2im: a convolution's windows laid out as rows of a matrix, and back.

Both are linear maps, and each is the other's transpose: <im2col(x), c> = <x, col2im(c)>.
That is why the gradient of im2col is col2im.
"""

from minialexnet.backend import empty, get_array_module, has_kernels, zeros
from minialexnet.errors import InputError
from minialexnet.ops import cuda
from minialexnet.ops.shapes import Padding, Pair, as_pair, as_windows, check_4d, output_extent


def im2col(
    x,
    kernel_size: int | Pair,
    stride: int | Pair = 1,
    padding: int | Pair | Padding = 0,
):
    """Copy the window under every position of the kernel into a row of its own.

    Example, one channel, 2x2 kernel:

        1 2 3        1 2 4 5
        4 5 6   ->   2 3 5 6      (four positions, so four rows; each pixel
        7 8 9        4 5 7 8       appears once for every window that holds it)
                     5 6 8 9

    Args:
        x: (N, C, H, W), any float dtype, any strides; not modified.
        kernel_size, stride: whole numbers, or pairs (height, width).
        padding: zeros around the picture: likewise, or ((top, bottom), (left, right)).
    Returns:
        (N, OH, OW, KH, KW, C), newly made and C-contiguous. As a matrix it has N*OH*OW rows and
        KH*KW*C columns. Channels come last because then a row of a window is one run of memory
        when x lies channels-last, which is how pictures are loaded and how `conv2d` writes.
    Raises:
        InputError: x is no batch of pictures, or the kernel is larger than the padded picture.
    """
    xp = get_array_module(x)
    check_4d(x)
    (kh, kw), (sh, sw), padding = as_windows(kernel_size, stride, padding)
    n, c, h, w = x.shape
    oh = output_extent(h, kh, sh, padding[0])
    ow = output_extent(w, kw, sw, padding[1])
    if has_kernels(x):
        return cuda.im2col(x, (kh, kw), (sh, sw), padding, (oh, ow))

    pictures = _pad(x, padding).transpose(0, 2, 3, 1)
    picture, row, pixel, channel = pictures.strides
    windows = xp.lib.stride_tricks.as_strided(
        pictures,
        shape=(n, oh, ow, kh, kw, c),
        strides=(picture, sh * row, sw * pixel, row, pixel, channel),
    )
    cols = empty(windows.shape, x.dtype, xp)
    cols[...] = windows
    return cols


def col2im(
    cols,
    image_size: int | Pair,
    stride: int | Pair = 1,
    padding: int | Pair | Padding = 0,
):
    """Add every window's values back to the pixels they came from: the transpose of `im2col`.

    Windows overlap, so a pixel receives a *sum* (`+=`, not `=`) over all windows that hold it.

    Args:
        cols: (N, OH, OW, KH, KW, C), any float dtype; not modified.
        image_size: (H, W) of the picture without padding.
        stride, padding: as `im2col` had them.
    Returns:
        (N, C, H, W), in memory channels-last.
    Raises:
        InputError: cols are not the windows of pictures of that size.
    """
    xp = get_array_module(cols)
    if cols.ndim != 6:
        raise InputError(
            f"cols has shape {tuple(cols.shape)}; expected six axes, as `im2col` returns them"
        )
    n, oh, ow, kh, kw, c = cols.shape
    h, w = as_pair(image_size, "image_size")
    _, (sh, sw), padding = as_windows((kh, kw), stride, padding)
    expected = output_extent(h, kh, sh, padding[0]), output_extent(w, kw, sw, padding[1])
    if (oh, ow) != expected:
        raise InputError(
            f"cols has {oh} x {ow} windows; a picture of {h} x {w} pixels with this stride and "
            f"padding has {expected[0]} x {expected[1]}"
        )
    if has_kernels(cols):
        return cuda.col2im(cols, (h, w), (sh, sw), padding)
    (top, bottom), (left, right) = padding
    padded = zeros((n, h + top + bottom, w + left + right, c), cols.dtype, xp)
    for i in range(kh):
        for j in range(kw):
            rows, columns = slice(i, i + sh * (oh - 1) + 1, sh), slice(j, j + sw * (ow - 1) + 1, sw)
            padded[:, rows, columns] += cols[:, :, :, i, j]
    return padded[:, top : top + h, left : left + w].transpose(0, 3, 1, 2)


def _pad(x, padding: Padding):
    """x with a border of zeros, in memory channels-last; x itself if there is no border."""
    (top, bottom), (left, right) = padding
    if not (top or bottom or left or right):
        return x
    n, c, h, w = x.shape
    padded = zeros((n, h + top + bottom, w + left + right, c), x.dtype, get_array_module(x))
    padded[:, top : top + h, left : left + w] = x.transpose(0, 2, 3, 1)
    return padded.transpose(0, 3, 1, 2)
