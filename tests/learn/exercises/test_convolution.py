"""Notebook 2's checkers: what readers may write, right and wrong."""

import numpy as np
import pytest

from learn.exercises.answers import accepted, refused
from minialexnet import learn, ops


def padded(x, padding):
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


def sizes(x, k, stride, padding):
    return [(side + 2 * padding - k) // stride + 1 for side in x.shape[2:]]


# output_size


def counted(size, kernel_size, stride, padding):
    places, begin = 0, -padding
    while begin + kernel_size <= size + padding:
        places += 1
        begin += stride
    return places


def by_range(size, kernel_size, stride, padding):
    return len(range(0, size + 2 * padding - kernel_size + 1, stride))


@pytest.mark.parametrize(
    "answer", [counted, by_range, lambda h, k, s, p: int((h + 2 * p - k) / s + 1)]
)
def test_output_size_accepts(answer):
    accepted("output_size", answer)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda h, k, s, p: (h - k + 2 * p) // s, "+ 1 is missing"),
        (lambda h, k, s, p: (h - k + p) // s + 1, "both ends"),
        (lambda h, k, s, p: (h - k) // s + 1, "padding is forgotten"),
        (lambda h, k, s, p: (h - k + 2 * p) + 1, "divide by the stride"),
        (lambda h, k, s, p: (h - k + 2 * p) / s + 1, "not a whole number"),
        (lambda h, k, s, p: int(np.ceil((h - k + 2 * p) / s)) + 1, "round down"),
        (lambda h, k, s, p: (h - k + 2 * p + 1) // s, "inside the division"),
        (lambda h, k, s, p: round((h + 2 * p - k) / s) + 1, "round down"),
        (lambda h, k, s, p: h - k + 1, "Neither stride nor padding"),
        (lambda h, k, s, p: int(h + 2 * p - k / s) + 1, "brackets"),
    ],
)
def test_output_size_explains(answer, hint):
    refused("output_size", answer, hint)


# im2col


def by_taps(x, kernel_size, stride, padding):
    oh, ow = sizes(x, kernel_size, stride, padding)
    x = padded(x, padding)
    cols = np.empty((len(x), oh, ow, kernel_size, kernel_size, x.shape[1]), x.dtype)
    for u in range(kernel_size):
        for v in range(kernel_size):
            taps = x[:, :, u : u + stride * oh : stride, v : v + stride * ow : stride]
            cols[:, :, :, u, v] = taps[:, :, :oh, :ow].transpose(0, 2, 3, 1)
    return cols


def by_view(x, kernel_size, stride, padding):
    windows = np.lib.stride_tricks.sliding_window_view(
        padded(x, padding), (kernel_size, kernel_size), (2, 3)
    )
    return windows[:, :, ::stride, ::stride].transpose(0, 2, 3, 4, 5, 1)


def gathered(x, k, stride, padding, window, apart=None):
    """By loops over windows, as `window` cuts them."""
    apart = stride if apart is None else apart
    oh, ow = sizes(x, k, stride, padding)
    x = padded(x, padding)
    rows = [[window(x, i * apart, j * apart, k) for j in range(ow)] for i in range(oh)]
    return np.array(rows).transpose(2, 0, 1, 3, 4, 5)


def cut(x, top, left, k):
    return x[:, :, top : top + k, left : left + k].transpose(0, 2, 3, 1)


@pytest.mark.parametrize("answer", [by_taps, by_view, ops.im2col])
def test_im2col_accepts(answer):
    accepted("im2col", answer)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda x, k, s, p: gathered(x, k, s, 0, cut), "padding is forgotten"),
        (lambda x, k, s, p: gathered(x, k, s, p, cut, apart=1), "still 1 apart"),
        (lambda x, k, s, p: gathered(x, k, 1, p, cut), "stride is ignored"),
        (
            lambda x, k, s, p: gathered(
                x, k, s, p, lambda x, i, j, k: x[:, :, i : i + k, j : j + k]
            ),
            "come before",
        ),
        (
            lambda x, k, s, p: gathered(
                x, k, s, p, lambda x, i, j, k: cut(x, i, j, k).transpose(0, 2, 1, 3)
            ),
            "Rows and columns of the window",
        ),
        (
            lambda x, k, s, p: gathered(
                np.pad(x, ((0, 0), (0, 0), (0, 2 * p), (0, 2 * p))), k, s, 0, cut
            ),
            "right and the bottom only",
        ),
        (
            lambda x, k, s, p: gathered(
                x,
                k,
                s,
                p,
                lambda x, i, j, k: x[:, :, i : i + k, j : j + k].reshape(len(x), k, k, -1),
            ),
            "reshape",
        ),
    ],
)
def test_im2col_explains(answer, hint):
    refused("im2col", answer, hint)


def stacked_by_position(x, k, stride, padding):
    oh, ow = sizes(x, k, stride, padding)
    x = padded(x, padding)
    rows = [cut(x, i * stride, j * stride, k) for i in range(oh) for j in range(ow)]
    return np.array(rows).reshape(len(x), oh, ow, k, k, x.shape[1])


def with_an_edge(x, k, stride, padding):
    wide = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)), mode="edge")
    return gathered(wide, k, stride, 0, cut)


@pytest.mark.parametrize(
    ("answer", "hint"), [(stacked_by_position, "are mixed"), (with_an_edge, "of zeros")]
)
def test_im2col_explains_more(answer, hint):
    refused("im2col", answer, hint)


# conv2d


def by_einsum(x, weight, bias, stride, padding):
    cols = by_view(x, weight.shape[2], stride, padding)
    return np.einsum("nijuvc,ocuv->noij", cols, weight) + bias[:, None, None]


def by_loops(x, weight, bias, stride, padding):
    n, o, k = len(x), len(weight), weight.shape[2]
    oh, ow = sizes(x, k, stride, padding)
    x = padded(x, padding)
    y = np.zeros((n, o, oh, ow), x.dtype)
    for i in range(oh):
        for j in range(ow):
            window = x[:, None, :, i * stride : i * stride + k, j * stride : j * stride + k]
            y[:, :, i, j] = (window * weight).sum(axis=(2, 3, 4)) + bias
    return y


def looped(x, weight, bias, stride, padding, tap):
    """The definition, pixel by pixel; `tap` adds to y[o, i, j]."""
    oh, ow = sizes(x, weight.shape[2], stride, padding)
    x = padded(x, padding)
    y = np.zeros((len(x), len(weight), oh, ow))
    for o, i, j in np.ndindex(len(weight), oh, ow):
        y[:, o, i, j] = tap(x, weight[o], bias[o], i, j, stride)
    return y


def window(x, w, i, j, s):
    k = w.shape[1]
    return x[:, :, i * s : i * s + k, j * s : j * s + k]


@pytest.mark.parametrize(
    "answer", [by_einsum, by_loops, lambda x, w, b, s, p: ops.conv2d(x, w, b, s, p)]
)
def test_conv2d_accepts(answer):
    verdict = accepted("conv2d", answer)
    assert "Gradient check" in str(verdict)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda x, w, b, s, p: by_einsum(x, w, b, s, 0), "padding is forgotten"),
        (
            lambda x, w, b, s, p: looped(
                x,
                w,
                b,
                s,
                p,
                lambda x, w, b, i, j, s: (window(x, w, i, j, 1) * w).sum((1, 2, 3)) + b,
            ),
            "still 1 apart",
        ),
        (lambda x, w, b, s, p: by_einsum(x, np.flip(w, (2, 3)), b, s, p), "flipped"),
        (lambda x, w, b, s, p: by_einsum(x, w, 0 * b, s, p), "bias is missing"),
        (
            lambda x, w, b, s, p: looped(
                x,
                w,
                b,
                s,
                p,
                lambda x, w, b, i, j, s: (window(x, w, i, j, s)[:, -1] * w[-1]).sum((1, 2)) + b,
            ),
            "only the last one",
        ),
        (
            lambda x, w, b, s, p: (
                (by_view(x, w.shape[2], s, p).reshape(-1, w[0].size) @ w.reshape(len(w), -1).T + b)
                .reshape(len(x), *sizes(x, w.shape[2], s, p), len(w))
                .transpose(0, 3, 1, 2)
            ),
            "another order",
        ),
        (
            lambda x, w, b, s, p: (
                np.einsum("nijuvc,ocuv->nijo", by_view(x, w.shape[2], s, p), w).reshape(
                    len(x), len(w), *sizes(x, w.shape[2], s, p)
                )
                + np.broadcast_to(b, (len(x), *sizes(x, w.shape[2], s, p), len(b))).reshape(
                    len(x), len(w), *sizes(x, w.shape[2], s, p)
                )
            ),
            "come last in the product",
        ),
        (
            lambda x, w, b, s, p: sum(
                by_einsum(x[:, c : c + 1], w[:, c : c + 1], b, s, p) for c in range(x.shape[1])
            ),
            "once for each input channel",
        ),
    ],
)
def test_conv2d_explains(answer, hint):
    refused("conv2d", answer, hint)


def assigned(x, weight, bias, stride, padding):
    oh, ow = sizes(x, weight.shape[2], stride, padding)
    x = padded(x, padding)
    y = np.zeros((len(x), len(weight), oh, ow))
    for n, o, i, j in np.ndindex(y.shape):
        for c, u, v in np.ndindex(weight.shape[1:]):
            y[n, o, i, j] = weight[o, c, u, v] * x[n, c, i * stride + u, j * stride + v]
        y[n, o, i, j] += bias[o]
    return y


def in_integers(x, weight, bias, stride, padding):
    y = by_einsum(x, weight, bias, stride, padding)
    cut = np.zeros(y.shape, dtype=int)
    cut[...] = y
    return cut


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (assigned, "a `=` where"),
        (in_integers, "cut to whole numbers"),
        (lambda x, w, b, s, p: by_einsum(x, w, b, 1, 0), "Neither stride nor padding"),
    ],
)
def test_conv2d_explains_more(answer, hint):
    refused("conv2d", answer, hint)


def test_conv2d_transposed_result_is_named():
    refused("conv2d", lambda *args: by_einsum(*args).transpose(0, 2, 3, 1), "axes")


def test_conv2d_in_place_is_named():
    def conv2d(x, weight, bias, stride, padding):
        bias -= 1
        return by_einsum(x, weight, bias + 1, stride, padding)

    refused("conv2d", conv2d, "bias")


# col2im


def scattered(cols, image_size, stride, padding):
    n, oh, ow, kh, kw, c = cols.shape
    h, w = image_size
    x = np.zeros((n, h + 2 * padding, w + 2 * padding, c), cols.dtype)
    rows = np.arange(oh)[:, None] * stride + np.arange(kh)
    columns = np.arange(ow)[:, None] * stride + np.arange(kw)
    for a in range(n):
        np.add.at(
            x[a],
            (rows[:, None, :, None], columns[None, :, None, :]),
            cols[a],
        )
    return x[:, padding : padding + h, padding : padding + w].transpose(0, 3, 1, 2)


def windows_put(cols, image_size, stride, padding, put, apart=None):
    n, oh, ow, kh, kw, c = cols.shape
    h, w = image_size
    apart = stride if apart is None else apart
    x = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    for i, j in np.ndindex(oh, ow):
        piece = x[:, :, i * apart : i * apart + kh, j * apart : j * apart + kw]
        put(piece, cols[:, i, j].transpose(0, 3, 1, 2))
    return x


def inside(x, image_size, padding):
    h, w = image_size
    return x[:, :, padding : padding + h, padding : padding + w]


def add(piece, values):
    piece += values


def assign(piece, values):
    piece[...] = values


@pytest.mark.parametrize("answer", [ops.col2im, scattered])
def test_col2im_accepts(answer):
    accepted("col2im", answer)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (
            lambda c, size, s, p: inside(windows_put(c, size, s, p, assign), size, p),
            "`+=`, not `=`",
        ),
        (lambda c, size, s, p: windows_put(c, size, s, p, add), "still there"),
        (
            lambda c, size, s, p: windows_put(c, size, s, p, add)[:, :, : size[0], : size[1]],
            "wrong end",
        ),
        (
            lambda c, size, s, p: inside(
                windows_put(c.transpose(0, 1, 2, 4, 3, 5), size, s, p, add), size, p
            ),
            "Rows and columns",
        ),
        (
            lambda c, size, s, p: inside(windows_put(c, size, s, p, add, apart=1), size, p),
            "1 apart",
        ),
        (
            lambda c, size, s, p: inside(
                windows_put(c, size, s, p, add)
                / np.maximum(windows_put(np.ones_like(c), size, s, p, add), 1),
                size,
                p,
            ),
            "not their mean",
        ),
    ],
)
def test_col2im_explains(answer, hint):
    refused("col2im", answer, hint)


def cut_from_the_end(cols, image_size, stride, padding):
    return windows_put(cols, image_size, stride, padding, add)[
        :, :, padding:-padding, padding:-padding
    ]


def windows_by_reshape(cols, image_size, stride, padding):
    n, oh, ow, kh, kw, c = cols.shape
    h, w = image_size
    x = np.zeros((n, c, h + 2 * padding, w + 2 * padding))
    for i, j in np.ndindex(oh, ow):
        piece = cols[:, i, j].reshape(n, c, kh, kw)
        x[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw] += piece
    return inside(x, image_size, padding)


@pytest.mark.parametrize(
    ("answer", "hint"), [(cut_from_the_end, "x[0:-0] is empty"), (windows_by_reshape, "`reshape`")]
)
def test_col2im_explains_more(answer, hint):
    refused("col2im", answer, hint)


# conv2d_backward


def backward_by_einsum(dy, x, weight, stride, padding):
    k = weight.shape[2]
    cols = by_view(x, k, stride, padding)
    dcols = np.einsum("noij,ocuv->nijuvc", dy, weight)
    return (
        scattered(dcols, x.shape[2:], stride, padding),
        np.einsum("noij,nijuvc->ocuv", dy, cols),
        dy.sum(axis=(0, 2, 3)),
    )


def backward_by_library(dy, x, weight, stride, padding):
    return ops.conv2d_backward(dy, x, weight, stride, padding)


def wrong_dbias(sum_over):
    def answer(dy, x, w, s, p):
        return *backward_by_einsum(dy, x, w, s, p)[:2], sum_over(dy)

    return answer


def wrong_dx(col2im):
    def answer(dy, x, w, s, p):
        dcols = np.einsum("noij,ocuv->nijuvc", dy, w)
        return col2im(dcols, x.shape[2:], s, p), *backward_by_einsum(dy, x, w, s, p)[1:]

    return answer


@pytest.mark.parametrize("answer", [backward_by_einsum, backward_by_library])
def test_conv2d_backward_accepts(answer):
    verdict = accepted("conv2d_backward", answer)
    assert "Gradient check" in str(verdict)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (wrong_dbias(lambda dy: dy.mean(axis=(0, 2, 3))), "mean over the positions"),
        (wrong_dbias(lambda dy: dy.sum(axis=0)), "not over the positions"),
        (wrong_dbias(lambda dy: dy.sum(axis=(2, 3))), "not over the batch"),
        (
            wrong_dx(lambda c, size, s, p: inside(windows_put(c, size, s, p, assign), size, p)),
            "last window",
        ),
        (wrong_dx(lambda c, size, s, p: windows_put(c, size, s, p, add)), "still has the padding"),
        (
            lambda dy, x, w, s, p: tuple(
                g / x.shape[0] for g in backward_by_einsum(dy, x, w, s, p)
            ),
            "size of the batch",
        ),
        (
            lambda dy, x, w, s, p: (
                backward_by_einsum(dy, x, w[:, :, ::-1, ::-1], s, p)[0],
                *backward_by_einsum(dy, x, w, s, p)[1:],
            ),
            "flipped",
        ),
    ],
)
def test_conv2d_backward_explains(answer, hint):
    refused("conv2d_backward", answer, hint)


def by_matrices(
    dy, x, weight, stride, padding, *, rows=None, matrix=None, weights=None, apart=None
):
    """As the notebook derives it, with room for a mistake at each step."""
    o, c, k, _ = weight.shape
    cols = by_view(x, k, stride, padding)
    rows = (lambda dy: dy.transpose(0, 2, 3, 1).reshape(-1, o))(dy) if rows is None else rows(dy)
    flat = weight.transpose(0, 2, 3, 1).reshape(o, -1) if matrix is None else matrix(weight)
    dweight = rows.T @ cols.reshape(len(rows), -1)
    if weights is None:
        dweight = dweight.reshape(o, k, k, c).transpose(0, 3, 1, 2)
    else:
        dweight = weights(dweight, weight)
    dcols = (rows @ flat).reshape(cols.shape)
    x = windows_put(dcols, x.shape[2:], stride, padding, add, apart=apart)
    return inside(x, dy_size(x, padding), padding), dweight, rows.sum(axis=0)


def dy_size(x, padding):
    return [side - 2 * padding for side in x.shape[2:]]


def overwritten_by_pictures(dy, x, w, s, p):
    dx, dweight, dbias = backward_by_einsum(dy, x, w, s, p)
    for n in range(len(x)):
        dweight = backward_by_einsum(dy[n : n + 1], x[n : n + 1], w, s, p)[1]
    return dx, dweight, dbias


def overwritten_by_positions(dy, x, w, s, p):
    dx, dweight, dbias = backward_by_einsum(dy, x, w, s, p)
    cols = by_view(x, w.shape[2], s, p)
    for i, j in np.ndindex(dy.shape[2:]):
        dweight = np.einsum("no,nuvc->ocuv", dy[:, :, i, j], cols[:, i, j])
    return dx, dweight, dbias


def test_conv2d_backward_accepts_the_way_of_the_notebook():
    accepted("conv2d_backward", by_matrices)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (wrong_dbias(lambda dy: dy.sum()), "a bias of its own"),
        (overwritten_by_pictures, "the last picture alone"),
        (overwritten_by_positions, "the last position alone"),
        (
            lambda *a: by_matrices(*a, rows=lambda dy: dy.reshape(-1, dy.shape[1])),
            "by `reshape` alone",
        ),
        (
            lambda *a: by_matrices(*a, matrix=lambda w: w.reshape(len(w), -1)),
            "In dx the weights",
        ),
        (
            lambda *a: by_matrices(*a, weights=lambda g, w: g.reshape(w.shape)),
            "channels last",
        ),
        (lambda *a: by_matrices(*a, weights=lambda g, w: g), "still a matrix"),
        (lambda *a: by_matrices(*a, apart=1), "put 1 apart"),
        (
            lambda *a: (lambda dx, dw, db: (dw, db, dx))(*backward_by_einsum(*a)),
            "in another order",
        ),
    ],
)
def test_conv2d_backward_explains_more(answer, hint):
    refused("conv2d_backward", answer, hint)


def test_two_mistakes_get_two_hints():
    def answer(dy, x, w, s, p):
        dx = inside(
            windows_put(np.einsum("noij,ocuv->nijuvc", dy, w), x.shape[2:], s, p, assign),
            x.shape[2:],
            p,
        )
        return dx, backward_by_einsum(dy, x, w, s, p)[1], dy.mean(axis=(0, 2, 3))

    verdict = learn.check("conv2d_backward", answer)
    assert len(verdict.hints) == 2
