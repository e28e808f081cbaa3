"""Notebook 2: convolution."""

import numpy as np

from minialexnet import ops
from minialexnet.backend import get_array_module
from minialexnet.gradcheck import check_function
from minialexnet.learn.exercise import Exercise, Mistake


def output_size(size, kernel_size, stride, padding):
    padded = size + 2 * padding
    return (padded - kernel_size) // stride + 1


def im2col(x, kernel_size, stride, padding):
    xp = get_array_module(x)
    n, c, h, w = x.shape
    x = xp.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    oh = (h + 2 * padding - kernel_size) // stride + 1
    ow = (w + 2 * padding - kernel_size) // stride + 1
    cols = xp.zeros((n, oh, ow, kernel_size, kernel_size, c), dtype=x.dtype)
    for i in range(oh):
        for j in range(ow):
            top, left = i * stride, j * stride
            window = x[:, :, top : top + kernel_size, left : left + kernel_size]
            cols[:, i, j] = window.transpose(0, 2, 3, 1)
    return cols


def conv2d(x, weight, bias, stride, padding):
    cols = im2col(x, weight.shape[2], stride, padding)
    n, oh, ow = cols.shape[:3]
    matrix = weight.transpose(0, 2, 3, 1).reshape(len(weight), -1)
    y = cols.reshape(n * oh * ow, -1) @ matrix.T + bias
    return y.reshape(n, oh, ow, -1).transpose(0, 3, 1, 2)


def col2im(cols, image_size, stride, padding):
    xp = get_array_module(cols)
    n, oh, ow, kh, kw, c = cols.shape
    h, w = image_size
    padded = xp.zeros((n, c, h + 2 * padding, w + 2 * padding), dtype=cols.dtype)
    for i in range(oh):
        for j in range(ow):
            top, left = i * stride, j * stride
            window = cols[:, i, j].transpose(0, 3, 1, 2)
            padded[:, :, top : top + kh, left : left + kw] += window
    return padded[:, :, padding : padding + h, padding : padding + w]


def conv2d_backward(dy, x, weight, stride, padding):
    o, c, k, _ = weight.shape
    cols = im2col(x, k, stride, padding)
    rows = dy.transpose(0, 2, 3, 1).reshape(-1, o)
    matrix = weight.transpose(0, 2, 3, 1).reshape(o, -1)
    dweight = (rows.T @ cols.reshape(len(rows), -1)).reshape(o, k, k, c).transpose(0, 3, 1, 2)
    dbias = rows.sum(axis=0)
    dcols = (rows @ matrix).reshape(cols.shape)
    return col2im(dcols, x.shape[2:], stride, padding), dweight, dbias


def _pictures(rng, *shape):
    return rng.standard_normal(shape)


def _counted(*shape):
    """1, 2, 3, ... so that a reader can follow where each number went."""
    return np.arange(1.0, 1 + np.prod(shape)).reshape(shape)


def _im2col_cases(rng):
    return [
        (_counted(1, 1, 3, 3), 2, 1, 0),
        (_counted(1, 2, 2, 2), 2, 1, 0),
        (_counted(1, 1, 4, 4), 2, 2, 0),
        (_counted(1, 1, 2, 2), 2, 1, 1),
        (_pictures(rng, 3, 2, 5, 7), 3, 2, 1),
        (_pictures(rng, 2, 3, 8, 6), 4, 3, 2),
    ]


def _conv2d_cases(rng):
    def case(n, c, o, h, w, k, stride, padding):
        return (_pictures(rng, n, c, h, w), _pictures(rng, o, c, k, k), _pictures(rng, o)), (
            stride,
            padding,
        )

    rest = [
        case(1, 2, 1, 4, 5, 3, 1, 0),
        case(2, 3, 4, 5, 4, 3, 1, 0),
        case(1, 2, 3, 7, 5, 3, 2, 0),
        case(2, 1, 2, 4, 4, 3, 1, 1),
        case(2, 3, 4, 7, 9, 3, 2, 1),
        case(1, 3, 2, 9, 11, 5, 4, 2),
    ]
    by_hand = (_counted(1, 1, 3, 3), np.array([[[[1.0, 2.0], [0.0, -1.0]]]]), np.array([10.0]))
    return [(*by_hand, 1, 0), *((*arrays, *options) for arrays, options in rest)]


def _col2im_cases(rng):
    return [
        (np.ones((1, 2, 2, 2, 2, 1)), (3, 3), 1, 0),
        (_counted(1, 2, 2, 2, 2, 1), (3, 3), 1, 0),
        (_counted(1, 2, 2, 2, 2, 1), (4, 4), 2, 0),
        (_counted(1, 1, 1, 2, 2, 2), (2, 2), 1, 0),
        (_pictures(rng, 1, 3, 3, 2, 2, 1), (2, 2), 1, 1),
        (_pictures(rng, 3, 3, 4, 3, 3, 2), (5, 7), 2, 1),
        (_pictures(rng, 2, 2, 2, 3, 3, 2), (6, 7), 3, 0),
        (_pictures(rng, 2, 4, 2, 2, 3, 2), (7, 4), 2, 1),
    ]


def _backward_cases(rng):
    cases = []
    for x, weight, _, stride, padding in _conv2d_cases(rng):
        size = [output_size(x.shape[axis], weight.shape[2], stride, padding) for axis in (2, 3)]
        dy = _pictures(rng, len(x), len(weight), *size)
        cases.append((dy, x, weight, stride, padding))
    cases[0] = (np.array([[[[1.0, 0.0], [0.0, 2.0]]]]), *cases[0][1:])
    return cases


def _check_conv2d(answer, xp):
    """The forward pass, whose derivative the library's own backward pass is."""
    rng = np.random.default_rng(1)
    x, weight, bias = (
        xp.asarray(_pictures(rng, *shape)) for shape in ((2, 2, 5, 4), (3, 2, 3, 3), (3,))
    )
    return check_function(
        lambda x, weight, bias: answer(x, weight, bias, 2, 1),
        lambda dy, x, weight, bias: ops.conv2d_backward(dy, x, weight, 2, 1),
        [x, weight, bias],
        ["x", "weight", "bias"],
    )


def _check_conv2d_backward(answer, xp):
    rng = np.random.default_rng(1)
    x, weight, bias = (
        xp.asarray(_pictures(rng, *shape)) for shape in ((2, 2, 5, 4), (3, 2, 3, 3), (3,))
    )
    return check_function(
        lambda x, weight, bias: ops.conv2d(x, weight, bias, 2, 1),
        lambda dy, x, weight, bias: answer(dy, x, weight, 2, 1),
        [x, weight, bias],
        ["x", "weight", "bias"],
    )


def _cut(y, like):
    return y[:, :, : like.shape[2], : like.shape[3]]


def _at_the_end(x, padding):
    """All of the padding at the right and the bottom."""
    xp = get_array_module(x)
    return xp.pad(x, ((0, 0), (0, 0), (0, 2 * padding), (0, 2 * padding)))


def _last_window_wins(cols, image_size, stride, padding):
    xp = get_array_module(cols)
    n, oh, ow, kh, kw, c = cols.shape
    h, w = image_size
    padded = xp.zeros((n, c, h + 2 * padding, w + 2 * padding), dtype=cols.dtype)
    for i in range(oh):
        for j in range(ow):
            window = cols[:, i, j].transpose(0, 3, 1, 2)
            top, left = i * stride, j * stride
            padded[:, :, top : top + kh, left : left + kw] = window
    return padded[:, :, padding : padding + h, padding : padding + w]


def _mean_of_windows(cols, image_size, stride, padding):
    xp = get_array_module(cols)
    total = col2im(cols, image_size, stride, padding)
    return total / xp.maximum(col2im(xp.ones_like(cols), image_size, stride, padding), 1)


def _one_apart(cols, image_size, stride, padding):
    xp = get_array_module(cols)
    n, oh, ow, kh, kw, c = cols.shape
    h, w = image_size
    near = col2im(cols, (oh + kh - 1, ow + kw - 1), 1, 0)
    padded = xp.zeros((n, c, h + 2 * padding, w + 2 * padding), dtype=cols.dtype)
    padded[:, :, : near.shape[2], : near.shape[3]] = near
    return padded[:, :, padding : padding + h, padding : padding + w]


def _cut_at_the_end(cols, image_size, stride, padding):
    h, w = image_size
    return _whole_padded(cols, image_size, stride, padding)[:, :, :h, :w]


def _without_padding(cols, image_size, stride, padding):
    """Windows at the far edges then hang over it, and do not fit."""
    n, oh, ow, kh, kw, c = cols.shape
    x = get_array_module(cols).zeros((n, c, *image_size), dtype=cols.dtype)
    for i in range(oh):
        for j in range(ow):
            top, left = i * stride, j * stride
            x[:, :, top : top + kh, left : left + kw] += cols[:, i, j].transpose(0, 3, 1, 2)
    return x


def _whole_padded(cols, image_size, stride, padding):
    h, w = image_size
    return col2im(cols, (h + 2 * padding, w + 2 * padding), stride, 0)


def _with_dbias(dy, x, weight, stride, padding, dbias):
    return *conv2d_backward(dy, x, weight, stride, padding)[:2], dbias


def _with_dx(dy, x, weight, stride, padding, col2im):
    o, _, k, _ = weight.shape
    rows = dy.transpose(0, 2, 3, 1).reshape(-1, o)
    matrix = weight.transpose(0, 2, 3, 1).reshape(o, -1)
    dcols = (rows @ matrix).reshape(im2col(x, k, stride, padding).shape)
    dx = col2im(dcols, x.shape[2:], stride, padding)
    return dx, *conv2d_backward(dy, x, weight, stride, padding)[1:]


def _with_dweight(dy, x, weight, stride, padding, change):
    dx, dweight, dbias = conv2d_backward(dy, x, weight, stride, padding)
    return dx, change(dweight), dbias


def _last_tap(weight):
    """All weights 0 but those of the last pixel in the last channel."""
    last = get_array_module(weight).zeros_like(weight)
    last[:, -1, -1, -1] = weight[:, -1, -1, -1]
    return last


def _last_position(dy):
    last = get_array_module(dy).zeros_like(dy)
    last[:, :, -1, -1] = dy[:, :, -1, -1]
    return last


def _rows_by_reshape(dy):
    n, o, oh, ow = dy.shape
    return dy.reshape(n, oh, ow, o).transpose(0, 3, 1, 2)


def _channels_first_rows(weight):
    o, c, k, _ = weight.shape
    return weight.reshape(o, k, k, c).transpose(0, 3, 1, 2)


def _reshaped_windows(cols):
    """Windows (KH, KW, C) read as (C, KH, KW), and put so that `col2im` does that."""
    n, oh, ow, kh, kw, c = cols.shape
    return cols.reshape(n, oh, ow, c, kh, kw).transpose(0, 1, 2, 4, 5, 3)


def _edged(x, padding):
    xp = get_array_module(x)
    return xp.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)), mode="edge")


PADDING_FORGOTTEN = (
    "The padding is forgotten: it adds `padding` rows and columns of zeros on all four sides "
    "before any window is cut, and so 2 * padding to the height and to the width."
)
PADDING_AT_THE_END = (
    "The padding lies at the right and the bottom only; half of it belongs to the left and the top."
)
STRIDE_IN_WINDOWS = (
    "The output has the right size, but the windows are still 1 apart: window (i, j) begins at "
    "row i * stride and column j * stride."
)
FLIPPED = (
    "The kernel is flipped (that is convolution as mathematicians define it). Networks use it as "
    "it lies: tap (u, v) meets pixel (i * stride + u, j * stride + v)."
)
KERNEL_TRANSPOSED = (
    "Rows and columns of the kernel are exchanged: u counts rows in the window as in the kernel."
)

EXERCISES = (
    Exercise(
        name="output_size",
        task="How many positions a kernel has along one side: of `size` pixels with `padding` "
        "zeros at either end, the kernel `kernel_size` wide, moving by `stride`.",
        solution=output_size,
        cases=lambda rng: [
            (5, 3, 1, 0),
            (5, 3, 2, 0),
            (5, 3, 1, 1),
            (6, 3, 2, 0),
            (227, 11, 4, 0),
            (224, 11, 4, 2),
            (27, 5, 1, 2),
            (13, 3, 1, 1),
            (3, 3, 1, 0),
        ],
        mistakes=(
            Mistake(
                "The + 1 is missing: a kernel as large as the picture has one position, not none.",
                lambda size, kernel, stride, padding: (size + 2 * padding - kernel) // stride,
            ),
            Mistake(
                "The padding counts at both ends: 2 * padding.",
                lambda size, kernel, stride, padding: (size + padding - kernel) // stride + 1,
            ),
            Mistake(PADDING_FORGOTTEN, lambda size, k, stride, padding: (size - k) // stride + 1),
            Mistake(
                "The kernel does not move by 1: divide by the stride.",
                lambda size, kernel, stride, padding: size + 2 * padding - kernel + 1,
            ),
            Mistake(
                "It is not a whole number: a window that does not fit any more is left out, so "
                "divide with //.",
                lambda size, kernel, stride, padding: (size + 2 * padding - kernel) / stride + 1,
            ),
            Mistake(
                "A window that hangs over the edge is counted: round down, not up.",
                lambda size, kernel, stride, padding: (
                    -((kernel - size - 2 * padding) // stride) + 1
                ),
            ),
            Mistake(
                "The + 1 stands inside the division: it counts the first position, which needs no "
                "step.",
                lambda size, kernel, stride, padding: (size + 2 * padding - kernel + 1) // stride,
            ),
            Mistake(
                "It is rounded to the nearest whole number: a window that does not fit is left "
                "out, however little is missing, so round down (//).",
                lambda size, kernel, stride, padding: (
                    round((size + 2 * padding - kernel) / stride) + 1
                ),
            ),
            Mistake(
                "Neither stride nor padding is used.",
                lambda size, kernel, stride, padding: size - kernel + 1,
            ),
            Mistake(
                "Only the kernel is divided by the stride: brackets around the whole difference.",
                lambda size, kernel, stride, padding: int(size + 2 * padding - kernel / stride) + 1,
            ),
        ),
    ),
    Exercise(
        name="im2col",
        task="Copies the window under each position of the kernel: from x (N, C, H, W) to (N, OH, "
        "OW, K, K, C), channels last, K being kernel_size. Padding is of zeros, on all four sides.",
        solution=im2col,
        cases=_im2col_cases,
        mistakes=(
            Mistake(PADDING_FORGOTTEN, lambda x, k, stride, padding: im2col(x, k, stride, 0)),
            Mistake(
                PADDING_AT_THE_END,
                lambda x, k, stride, padding: im2col(_at_the_end(x, padding), k, stride, 0),
            ),
            Mistake(
                STRIDE_IN_WINDOWS,
                lambda x, k, stride, padding: im2col(x, k, 1, padding)[
                    :,
                    : output_size(x.shape[2], k, stride, padding),
                    : output_size(x.shape[3], k, stride, padding),
                ],
            ),
            Mistake(
                "The stride is ignored: the next window begins `stride` pixels on, and so there "
                "are fewer of them.",
                lambda x, k, stride, padding: im2col(x, k, 1, padding),
            ),
            Mistake(
                "The channels come before the window's rows and columns; here they come last: "
                "(N, OH, OW, K, K, C). A transpose(0, 2, 3, 1) of the window puts them there.",
                lambda x, k, stride, padding: im2col(x, k, stride, padding).transpose(
                    0, 1, 2, 5, 3, 4
                ),
            ),
            Mistake(
                "Rows and columns of the window are exchanged: the row comes first.",
                lambda x, k, stride, padding: im2col(x, k, stride, padding).swapaxes(3, 4),
            ),
            Mistake(
                "Windows of different pictures are mixed: stacked position by position, the "
                "pictures are the second axis, which a transpose has to bring to the front.",
                lambda x, k, stride, padding: (
                    lambda cols: cols.transpose(1, 2, 0, 3, 4, 5).reshape(cols.shape)
                )(im2col(x, k, stride, padding)),
            ),
            Mistake(
                "The border repeats the picture's edge; padding is of zeros.",
                lambda x, k, stride, padding: im2col(_edged(x, padding), k, stride, 0),
            ),
            Mistake(
                "Channels were squeezed into the place of window pixels by `reshape`, which never "
                "moves numbers: use transpose to exchange axes.",
                lambda x, k, stride, padding: (
                    lambda cols: cols.transpose(0, 1, 2, 5, 3, 4).reshape(cols.shape)
                )(im2col(x, k, stride, padding)),
            ),
        ),
    ),
    Exercise(
        name="conv2d",
        task="Convolves x (N, C, H, W) with weight (O, C, K, K) and adds bias (O,): the result is "
        "(N, O, OH, OW). Padding is of zeros, on all four sides.",
        solution=conv2d,
        cases=_conv2d_cases,
        gradient_check=_check_conv2d,
        mistakes=(
            Mistake(PADDING_FORGOTTEN, lambda x, w, b, s, p: conv2d(x, w, b, s, 0)),
            Mistake(
                PADDING_AT_THE_END, lambda x, w, b, s, p: conv2d(_at_the_end(x, p), w, b, s, 0)
            ),
            Mistake(
                STRIDE_IN_WINDOWS,
                lambda x, w, b, s, p: _cut(conv2d(x, w, b, 1, p), conv2d(x, w, b, s, p)),
            ),
            Mistake(
                "The stride is ignored: the next window begins `stride` pixels on, and so there "
                "are fewer of them.",
                lambda x, w, b, s, p: conv2d(x, w, b, 1, p),
            ),
            Mistake(FLIPPED, lambda x, w, b, s, p: conv2d(x, w[:, :, ::-1, ::-1], b, s, p)),
            Mistake(KERNEL_TRANSPOSED, lambda x, w, b, s, p: conv2d(x, w.swapaxes(2, 3), b, s, p)),
            Mistake(
                "Neither stride nor padding is used.",
                lambda x, w, b, s, p: conv2d(x, w, b, 1, 0),
            ),
            Mistake(
                "Only the last pixel of the last channel is left of the sum: is there a `=` where "
                "`+=` belongs?",
                lambda x, w, b, s, p: conv2d(x, _last_tap(w), b, s, p),
            ),
            Mistake(
                "The results are cut to whole numbers: the array they are written into is one of "
                "integers.",
                lambda x, w, b, s, p: get_array_module(x).trunc(conv2d(x, w, b, s, p)),
            ),
            Mistake(
                "The bias is missing: b[o] is added to the whole map of output o.",
                lambda x, w, b, s, p: conv2d(x, w, 0 * b, s, p),
            ),
            Mistake(
                "The sum over the input channels is missing: only the last one is in the result. "
                "Is there a `=` where `+=` belongs?",
                lambda x, w, b, s, p: conv2d(x[:, -1:], w[:, -1:], b, s, p),
            ),
            Mistake(
                "Only the first input channel is used: each filter has a slice for every channel, "
                "and their products are summed.",
                lambda x, w, b, s, p: conv2d(x[:, :1], w[:, :1], b, s, p),
            ),
            Mistake(
                "The bias is added once for each input channel; it belongs outside that sum.",
                lambda x, w, b, s, p: conv2d(x, w, x.shape[1] * b, s, p),
            ),
            Mistake(
                "The bias is added once for each pixel of the window; it belongs outside that sum.",
                lambda x, w, b, s, p: conv2d(x, w, w[0].size * b, s, p),
            ),
            Mistake(
                "The filters, made into rows of a matrix, have their numbers in another order than "
                "the windows: with channels last in the windows, transpose(0, 2, 3, 1) the filters "
                "before you reshape them.",
                lambda x, w, b, s, p: conv2d(
                    x, w.reshape(len(w), *w.shape[2:], -1).transpose(0, 3, 1, 2), b, s, p
                ),
            ),
            Mistake(
                "The outputs come last in the product of the matrices; reshape alone does not move "
                "them to the front. Reshape to (N, OH, OW, O), then transpose(0, 3, 1, 2).",
                lambda x, w, b, s, p: (lambda y: y.transpose(0, 2, 3, 1).reshape(y.shape))(
                    conv2d(x, w, b, s, p)
                ),
            ),
        ),
    ),
    Exercise(
        name="col2im",
        task="The transpose of im2col: adds each window of cols (N, OH, OW, KH, KW, C) to the "
        "pixels it came from: (N, C, H, W), without the padding. image_size is (H, W).",
        solution=col2im,
        cases=_col2im_cases,
        mistakes=(
            Mistake(
                "Windows overlap, and a pixel gets the *sum* of what all of them have for it; here "
                "the last one overwrites the others: `+=`, not `=`.",
                _last_window_wins,
            ),
            Mistake(
                "A pixel gets the sum of what its windows have for it, not their mean: col2im is "
                "the transpose of im2col, not its inverse.",
                _mean_of_windows,
            ),
            Mistake(
                "The array that the windows are added to has no padding, and windows begin in it: "
                "make it 2 * padding higher and wider, and cut that off at the end.",
                _without_padding,
            ),
            Mistake(
                "The padding is still there: cut `padding` rows and columns off all four sides.",
                _whole_padded,
            ),
            Mistake(
                "The padding is cut off at the wrong end: the picture begins `padding` rows and "
                "columns from the top and left, not at the very corner.",
                _cut_at_the_end,
            ),
            Mistake(
                "With a padding of 0 nothing is left: x[0:-0] is empty. Count from the front: "
                "padding : padding + h.",
                lambda cols, size, s, p: _whole_padded(cols, size, s, p)[:, :, p:-p, p:-p],
            ),
            Mistake(
                "Channels were put into the place of window pixels by `reshape`, which never moves "
                "numbers: transpose(0, 3, 1, 2) each window.",
                lambda cols, size, s, p: col2im(_reshaped_windows(cols), size, s, p),
            ),
            Mistake(
                "Rows and columns of the windows are exchanged: axis 3 counts rows.",
                lambda cols, size, s, p: col2im(cols.swapaxes(3, 4), size, s, p),
            ),
            Mistake(
                "The windows are put 1 apart, though they were cut `stride` apart.",
                _one_apart,
            ),
        ),
    ),
    Exercise(
        name="conv2d_backward",
        task="The gradients of conv2d: from dy (N, O, OH, OW) to dx like x, dweight like weight, "
        "and dbias (O,), in this order.",
        solution=conv2d_backward,
        cases=_backward_cases,
        results=("dx", "dweight", "dbias"),
        gradient_check=_check_conv2d_backward,
        mistakes=(
            Mistake(
                "It is divided by the size of the batch, as the gradient of the loss has been "
                "already: here it is a sum over the pictures.",
                lambda dy, x, w, s, p: tuple(
                    gradient / len(x) for gradient in conv2d_backward(dy, x, w, s, p)
                ),
            ),
            Mistake(
                "dbias is the mean over the positions; b[o] is added at every one of them, so its "
                "gradient is the sum.",
                lambda dy, x, w, s, p: _with_dbias(dy, x, w, s, p, dy.mean(axis=(0, 2, 3))),
            ),
            Mistake(
                "dbias is summed over the batch but not over the positions: b[o] is added at every "
                "position of every picture.",
                lambda dy, x, w, s, p: _with_dbias(dy, x, w, s, p, dy.sum(axis=0)),
            ),
            Mistake(
                "dbias is summed over the positions but not over the batch: all pictures share one "
                "b[o].",
                lambda dy, x, w, s, p: _with_dbias(dy, x, w, s, p, dy.sum(axis=(2, 3))),
            ),
            Mistake(
                "dx takes the last window that holds a pixel; a pixel that is in several windows "
                "gets the sum of their gradients (`+=` in col2im).",
                lambda dy, x, w, s, p: _with_dx(dy, x, w, s, p, _last_window_wins),
            ),
            Mistake(
                "In dx the kernel is used flipped where it should be as it lies: the gradient of "
                "pixel (i*stride + u, j*stride + v) gets w[u, v] times dy[i, j].",
                lambda dy, x, w, s, p: conv2d_backward(dy, x, w[:, :, ::-1, ::-1], s, p),
            ),
            Mistake(
                "The gradient of x stops at the padding's edge in the wrong place: the padding is "
                "cut off at the right and the bottom only.",
                lambda dy, x, w, s, p: _with_dx(dy, x, w, s, p, _cut_at_the_end),
            ),
            Mistake(
                "dbias is the sum over all outputs too; each output has a bias of its own, so the "
                "axis of outputs stays.",
                lambda dy, x, w, s, p: _with_dbias(dy, x, w, s, p, dy.sum()),
            ),
            Mistake(
                "dy was made into rows by `reshape` alone, which never moves numbers: its outputs "
                "are its second axis, so transpose(0, 2, 3, 1) first.",
                lambda dy, x, w, s, p: conv2d_backward(_rows_by_reshape(dy), x, w, s, p),
            ),
            Mistake(
                "In dx the weights, made into rows of a matrix, have their numbers in another "
                "order than the windows: with channels last in the windows, transpose(0, 2, 3, 1) "
                "the weights before you reshape them.",
                lambda dy, x, w, s, p: (
                    conv2d_backward(dy, x, _channels_first_rows(w), s, p)[0],
                    *conv2d_backward(dy, x, w, s, p)[1:],
                ),
            ),
            Mistake(
                "dweight comes out of the product with its channels last, as the windows have "
                "them: reshape it to (O, K, K, C), then transpose(0, 3, 1, 2).",
                lambda dy, x, w, s, p: _with_dweight(
                    dy, x, w, s, p, lambda g: g.transpose(0, 2, 3, 1).reshape(g.shape)
                ),
            ),
            Mistake(
                "dweight is still a matrix: reshape it to (O, K, K, C), then transpose "
                "(0, 3, 1, 2).",
                lambda dy, x, w, s, p: _with_dweight(
                    dy, x, w, s, p, lambda g: g.transpose(0, 2, 3, 1).reshape(len(g), -1)
                ),
            ),
            Mistake(
                "dweight holds the last picture alone: the pictures share the weights, so their "
                "gradients add up (`+=`).",
                lambda dy, x, w, s, p: _with_dweight(
                    dy, x, w, s, p, lambda _: conv2d_backward(dy[-1:], x[-1:], w, s, p)[1]
                ),
            ),
            Mistake(
                "dweight holds the last position alone: a weight is used at all of them, so their "
                "gradients add up (`+=`).",
                lambda dy, x, w, s, p: _with_dweight(
                    dy, x, w, s, p, lambda _: conv2d_backward(_last_position(dy), x, w, s, p)[1]
                ),
            ),
            Mistake(
                "In dx the windows are put 1 apart, though they were cut `stride` apart.",
                lambda dy, x, w, s, p: _with_dx(dy, x, w, s, p, _one_apart),
            ),
            Mistake(
                "dx still has the padding: cut it off, for the caller's x has none.",
                lambda dy, x, w, s, p: _with_dx(dy, x, w, s, p, _whole_padded),
            ),
        ),
    ),
)
