"""Convolution in two dimensions by im2col, with groups (Krizhevsky 2012, sections 3.2 and 3.5).

    y[n, o, i, j] = b[o] + sum over c, u, v of  w[o, c, u, v] * x[n, c, i*stride + u, j*stride + v]

(deep learning's "convolution" does not flip the kernel). With the windows laid out as the rows
of a matrix `cols`, this is one matrix product, and so are both of its gradients:

    y  = cols W^T + b         cols: positions x taps,  W: outputs x taps
    dW = dy^T cols            the chain rule for a product, W seen as variable
    db = sum of dy over all positions
    dx = col2im(dy W)         the chain rule for cols, then the transpose of im2col

With `groups` = 2, the first half of the outputs sees only the first half of the inputs: the two
towers of 2012, one to a GPU. That is the same computation on each half by itself.

The windows of a whole batch would take gigabytes, so on a CPU this takes a few pictures at a time.
`winograd.py` has the same function with fewer multiplications.
"""

from minialexnet.backend import cached_blocks, empty, get_array_module, zeros
from minialexnet.errors import InputError
from minialexnet.ops.im2col import col2im, im2col
from minialexnet.ops.shapes import (
    Padding,
    Pair,
    as_padding,
    as_pair,
    check_4d,
    check_same_dtype,
    check_same_shape,
    output_extent,
)


def conv2d(
    x,
    weight,
    bias=None,
    stride: int | Pair = 1,
    padding: int | Pair | Padding = 0,
    groups: int = 1,
):
    """Convolve a batch of pictures with a bank of filters.

    Args:
        x: (N, C, H, W), any float dtype; not modified.
        weight: (O, C/groups, KH, KW), of x's dtype.
        bias: (O,) or None.
        stride: pixels from one window to the next: a whole number, or a pair (height, width).
        padding: zeros around the picture: likewise, or ((top, bottom), (left, right)).
        groups: channels are cut into so many groups that do not see each other.
    Returns:
        y: (N, O, OH, OW), in memory channels-last.
    Raises:
        InputError: channels or types do not match, or the kernel is larger than the padded picture.
    """
    xp = get_array_module(x, weight)
    stride, padding = as_pair(stride, "stride"), as_padding(padding)
    n, (oh, ow) = x.shape[0], conv2d_output_size(x, weight, stride, padding, groups)
    if bias is not None:
        check_same_shape(bias, (weight.shape[0],), "bias")
    y = empty((n, oh, ow, weight.shape[0]), x.dtype, xp)
    for inputs, outputs in groups_of_channels(x.shape[1], weight.shape[0], groups):
        matrix = _as_matrix(weight[outputs])
        for block in cached_blocks(x, oh * ow * matrix.shape[1]):
            cols = im2col(x[block, inputs], weight.shape[2:], stride, padding)
            rows = y[block].reshape(-1, weight.shape[0])[:, outputs]
            xp.matmul(cols.reshape(len(rows), -1), matrix.T, out=rows)
            if bias is not None:
                rows += bias[outputs]
    return y.transpose(0, 3, 1, 2)


def conv2d_backward(
    dy,
    x,
    weight,
    stride: int | Pair = 1,
    padding: int | Pair | Padding = 0,
    groups: int = 1,
    input_gradient: bool = True,
):
    """Gradients of `conv2d` with respect to x, weight and bias.

    The windows of x are laid out anew rather than kept from the forward pass: for a batch of 128
    they would take 2.3 GB.

    Args:
        dy: (N, O, OH, OW), gradient of the loss with respect to the output; not modified.
        x, weight, stride, padding, groups: as in the forward pass.
        input_gradient: False leaves out dx, which nobody needs at the first layer.
    Returns:
        dx: like x (None without `input_gradient`);  dweight: like weight;  dbias: (O,).
    Raises:
        InputError: as `conv2d`, or dy has not the shape of the output.
    """
    xp = get_array_module(dy, x, weight)
    stride, padding = as_pair(stride, "stride"), as_padding(padding)
    n, (oh, ow) = x.shape[0], conv2d_output_size(x, weight, stride, padding, groups)
    o, c, kh, kw = weight.shape
    check_same_shape(dy, (n, o, oh, ow), "dy")
    dy = dy.transpose(0, 2, 3, 1)
    dweight = zeros((o, kh * kw * c), x.dtype, xp)
    dx = empty((n, *x.shape[2:], x.shape[1]), x.dtype, xp) if input_gradient else None
    for inputs, outputs in groups_of_channels(x.shape[1], o, groups):
        matrix = _as_matrix(weight[outputs])
        of_block = empty(matrix.shape, x.dtype, xp)
        for block in cached_blocks(x, oh * ow * matrix.shape[1]):
            cols = im2col(x[block, inputs], (kh, kw), stride, padding)
            rows = dy[block].reshape(-1, o)[:, outputs]
            dweight[outputs] += xp.matmul(rows.T, cols.reshape(len(rows), -1), out=of_block)
            if input_gradient:
                dcols = cols  # the windows are done with; their gradient takes their place
                xp.matmul(rows, matrix, out=dcols.reshape(len(rows), -1))
                pixels = col2im(dcols, x.shape[2:], stride, padding)
                dx[block, :, :, inputs] = pixels.transpose(0, 2, 3, 1)
    return (
        dx.transpose(0, 3, 1, 2) if input_gradient else None,
        dweight.reshape(o, kh, kw, c).transpose(0, 3, 1, 2),
        # In two steps: a GPU gives a sum few blocks of threads when few numbers are to come out.
        dy.sum(axis=(1, 2)).sum(axis=0),
    )


def conv2d_output_size(x, weight, stride: Pair, padding: Padding, groups: int) -> Pair:
    """(OH, OW) of a convolution. Raises InputError when picture and filters do not match."""
    check_4d(x)
    check_4d(weight, "weight")
    check_same_dtype(x, weight)
    outputs, channels = weight.shape[:2]
    if x.shape[1] != channels * groups or outputs % groups:
        raise InputError(
            f"x has {x.shape[1]} channels and weight has shape {tuple(weight.shape)}; with "
            f"groups={groups} expected {channels * groups} channels, and filters in "
            f"{groups} equal parts"
        )
    return (
        output_extent(x.shape[2], weight.shape[2], stride[0], padding[0]),
        output_extent(x.shape[3], weight.shape[3], stride[1], padding[1]),
    )


def groups_of_channels(inputs: int, outputs: int, groups: int) -> list[tuple[slice, slice]]:
    """The input and output channels of each group."""
    c, o = inputs // groups, outputs // groups
    return [(slice(g * c, (g + 1) * c), slice(g * o, (g + 1) * o)) for g in range(groups)]


def _as_matrix(weight):
    """Filters (O, C, KH, KW) as rows in im2col's order of taps: (O, KH*KW*C).

    A view, not a copy, where the filters lie channels-last in memory as `Conv2d` keeps them.
    """
    return weight.transpose(0, 2, 3, 1).reshape(weight.shape[0], -1)
