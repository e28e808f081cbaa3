"""Convolution of stride 1 with fewer multiplications (Toom 1963, Cook 1966, Winograd 1980).

`conv2d` is the definition, and this computes the same; here is why it can take half the work.

A row of m + r - 1 pixels d and r filter taps g make m outputs  y_i = sum over k of g_k d_(i+k),
which takes m*r multiplications. Now look at the product of two polynomials, g of r and h of m
coefficients. It has n = m + r - 1 coefficients, so its values at n places decide it; and at each
place its value is the product of two numbers. So

    coefficients of g h  =  B ((G g) * (A h))        only n multiplications, in the middle

where G and A evaluate at the n places, and B finds the polynomial that has the given values. This
is linear in h; its transpose, with d in the place of the result, is what a convolution does:

    y  =  A^T ((G g) * (B^T d))

In two dimensions this is done along the rows alone. Then each multiplication in the middle
becomes a matrix product, over the channels and the rows of the kernel, as im2col has it. (Along
both dimensions it would save more multiplications, but NumPy spends more on the transforms.)

Tiles of four outputs seldom fill a row of 13. So pictures lie in pairs side by side, with the zeros
of the padding between them, where that takes fewer tiles. And groups of channels are taken one
after the other: what is made on the way is many times the input, and half of it fits the cache.

Everything here is linear, so the backward pass takes the transposes, in reverse order.

Source: Lavin and Gray 2015, "Fast algorithms for convolutional neural networks".
"""

import functools
import math
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from minialexnet.backend import cached_blocks, empty, get_array_module, is_on_host, zeros
from minialexnet.errors import InputError
from minialexnet.ops.conv import conv2d_output_size, groups_of_channels
from minialexnet.ops.shapes import Padding, Pair, as_padding, check_same_shape

OUTPUTS = 4
"""m: so many neighbouring outputs are computed together. More would save more multiplications,
but at more places, far from 0, where the values of polynomials lose digits."""

PLACES = (Fraction(0), *map(Fraction, (1, -1, "1/2", -2, 2, "-1/2")))
"""Where polynomials are evaluated, in this order, and last at infinity: the leading coefficient."""

FEWEST_CHANNELS, FEWEST_PICTURES = 16, 16
"""With fewer of either, the transforms take longer than they save."""

MOST_TAPS = len(PLACES) + 2 - OUTPUTS
"""r at most: m + r - 1 places are needed, and infinity is one of them."""


def winograd_pays(weight, stride, pictures: int) -> bool:
    """Whether `winograd_conv2d` can do this convolution of so many pictures, and is faster.

    That was measured on CPUs, for 3 to 5 taps a row. Few channels make thin matrices.
    """
    channels, taps = weight.shape[1], weight.shape[3]
    return (
        is_on_host(weight)
        and tuple(stride) == (1, 1)
        and 3 <= taps <= MOST_TAPS
        and channels >= FEWEST_CHANNELS
        and pictures >= FEWEST_PICTURES
    )


def winograd_conv2d(
    x, weight, bias=None, padding: int | Pair | Padding = 0, groups: int = 1, filters=None
):
    """As `conv2d` with stride 1, but for rounding.

    The error is some five times that of `conv2d`, and relative to the largest value among the
    m + r - 1 pixels of a tile, also for outputs that do not see that pixel. So one infinite pixel,
    or NaN, makes all four outputs of its tiles NaN, and a tile may reach from one picture of the
    batch into the next.

    Args:
        x: (N, C, H, W), any float dtype; not modified.
        weight: (O, C/groups, KH, KW), KW up to 5; bias: (O,) or None.
        padding, groups: as for `conv2d`.
        filters: `winograd_filters(weight)`, if it is at hand.
    Returns:
        y: (N, O, OH, OW), in memory channels-last.
    Raises:
        InputError: as `conv2d`, or KW is larger than 5.
    """
    xp, padding = get_array_module(x, weight), as_padding(padding)
    oh, ow = _output_size(x, weight, padding, groups)
    if bias is not None:
        check_same_shape(bias, (weight.shape[0],), "bias")
    line = _line(x, ow, padding)
    filters = winograd_filters(weight) if filters is None else filters
    y = empty((len(x), oh, ow, len(weight)), x.dtype, xp)
    for inputs, outputs in groups_of_channels(x.shape[1], len(weight), groups):
        values = _values_of_rows(x[:, inputs], weight, line, padding)
        of_group = filters[:, outputs]
        products = empty((*values.shape[:2], oh, line.tiles, of_group.shape[1]), x.dtype, xp)
        rows = products.reshape(len(values), -1, of_group.shape[1])
        windows = _windows(values, weight)
        for places in cached_blocks(values, rows.shape[1] * of_group.shape[2]):
            cols = _copied(windows[places]).reshape(-1, rows.shape[1], of_group.shape[2])
            xp.matmul(cols, of_group[places].transpose(0, 2, 1), out=rows[places])
        own_bias = None if bias is None else bias[outputs]
        _outputs_of_products(products, weight, own_bias, line, y[..., outputs])
    return y.transpose(0, 3, 1, 2)


def winograd_conv2d_backward(
    dy,
    x,
    weight,
    padding: int | Padding = 0,
    groups: int = 1,
    input_gradient: bool = True,
    filters=None,
):
    """Gradients of `winograd_conv2d` with respect to x, weight and bias.

    Args:
        dy: (N, O, OH, OW); x, weight, padding, groups, filters: as in the forward pass; none is
            modified.
        input_gradient: False leaves out dx.
    Returns:
        dx: like x (None without `input_gradient`);  dweight: like weight;  dbias: (O,).
    Raises:
        InputError: as `winograd_conv2d`, or dy has not the shape of the output.
    """
    xp, padding = get_array_module(dy, x, weight), as_padding(padding)
    oh, ow = _output_size(x, weight, padding, groups)
    check_same_shape(dy, (x.shape[0], weight.shape[0], oh, ow), "dy")
    dy = dy.transpose(0, 2, 3, 1)
    line = _line(x, ow, padding)
    filters = winograd_filters(weight) if filters is None else filters
    dfilters = empty(filters.shape, x.dtype, xp)
    dx = empty((len(x), *x.shape[2:], x.shape[1]), x.dtype, xp) if input_gradient else None
    for inputs, outputs in groups_of_channels(x.shape[1], len(weight), groups):
        values = _values_of_rows(x[:, inputs], weight, line, padding)
        dproducts = _outputs_of_products_backward(dy[..., outputs], weight, line)
        dvalues = zeros(values.shape, x.dtype, xp) if input_gradient else None
        rows = dproducts.reshape(len(values), -1, dproducts.shape[-1])
        windows = _windows(values, weight)
        for places in cached_blocks(values, rows.shape[1] * filters.shape[2]):
            cols = _copied(windows[places])
            matrix = cols.reshape(len(cols), -1, filters.shape[2])
            xp.matmul(rows[places].transpose(0, 2, 1), matrix, out=dfilters[places, outputs])
            if input_gradient:
                dcols = cols  # which is done with; its gradient takes its place in memory
                xp.matmul(rows[places], filters[places, outputs], out=matrix)
                for row in range(dcols.shape[4]):
                    dvalues[places, :, row : row + oh] += dcols[:, :, :, :, row]
        if input_gradient:
            _values_of_rows_backward(dvalues, weight, line, padding, dx[..., inputs])
    return (
        dx.transpose(0, 3, 1, 2) if input_gradient else None,
        _filters_backward(dfilters, weight),
        dy.sum(axis=(1, 2)).sum(axis=0),
    )


def _output_size(x, weight, padding: Padding, groups: int):
    """(OH, OW). Raises InputError as the forward pass."""
    size = conv2d_output_size(x, weight, (1, 1), padding, groups)
    if weight.shape[3] > MOST_TAPS:
        raise InputError(
            f"weight has {weight.shape[3]} taps a row; winograd_conv2d takes {MOST_TAPS} at most: "
            "use conv2d"
        )
    return size


def _windows(values, weight):
    """A view of the rows of values under each row of the kernel.

    Returns: (places, lines, OH, tiles, KH, C).
    """
    places, lines, rows, tiles, c = values.shape
    kh = weight.shape[2]
    place, line, row, tile, channel = values.strides
    return get_array_module(values).lib.stride_tricks.as_strided(
        values, (places, lines, rows - kh + 1, tiles, kh, c), (place, line, row, tile, row, channel)
    )


def _copied(windows):
    """The windows laid out as the rows of matrices, one for each place."""
    cols = empty(windows.shape, windows.dtype, get_array_module(windows))
    cols[...] = windows
    return cols


# ---- pictures side by side -----------------------------------------------------------------------


class _Line(NamedTuple):
    """How the rows of some pictures lie behind one another in one line, which is cut into tiles.

    Lines are made of neighbours in the batch: pictures 0 and 1, pictures 2 and 3, and so on.
    """

    pictures: int
    """How many there are in a line: 2, or 1."""
    pitch: int
    """Columns from one to the next, so many that no window sees pixels of both."""
    tiles: int
    """Tiles of a line; the last one may reach beyond its end."""

    def columns(self, picture: int, left: int, width: int) -> slice:
        """Where this picture of the line has its pixels, behind `left` zeros of the padding."""
        start = self.pitch * picture + left
        return slice(start, start + width)

    def outputs(self, ow: int) -> Iterator[tuple[int, slice, slice, slice]]:
        """Which tiles' i-th outputs are wanted: i, tiles; and whose they are: pictures, columns."""
        for i in range(OUTPUTS):
            for picture in range(self.pictures):
                column = (i - self.pitch * picture) % OUTPUTS
                count = len(range(column, ow, OUTPUTS))
                tile = (self.pitch * picture + column) // OUTPUTS
                yield (
                    i,
                    slice(tile, tile + count),
                    slice(picture, None, self.pictures),
                    slice(column, None, OUTPUTS),
                )


def _line(x, ow: int, padding: Padding) -> _Line:
    """Pairs of pictures, or each by itself: what takes fewer tiles."""
    n, _, _, w = x.shape
    pitch = max(w + max(padding[1]), ow)
    one, two = (-(-(pitch * before + ow) // OUTPUTS) for before in (0, 1))
    return _Line(2, pitch, two) if n % 2 == 0 and two < 2 * one else _Line(1, pitch, one)


# ---- the three linear maps, each with its transpose --------------------------------------------


def _values_of_rows(x, weight, line: _Line, padding: Padding):
    """B^T d for the pixels d of each tile, the m + r - 1 neighbours in a row that m outputs need.

    Returns: (places, lines, padded rows, tiles of a line, C).
    """
    xp = get_array_module(x)
    b = _matrix(B, weight.shape[3], x.dtype, xp)
    (top, _), (left, _) = padding
    h, w = x.shape[2:]
    padded = zeros(_padded_shape(x, line, padding), x.dtype, xp)
    for i in range(line.pictures):
        pictures = x[i :: line.pictures].transpose(0, 2, 3, 1)
        padded[:, top : top + h, line.columns(i, left, w)] = pictures
    first, others = _pixels_of_tiles(padded, len(b))
    pixels = empty((len(b), *first.shape[1:]), x.dtype, xp)
    pixels[:OUTPUTS], pixels[OUTPUTS:] = first, others
    return _apply(b.T, pixels)


def _values_of_rows_backward(dvalues, weight, line: _Line, padding: Padding, dx):
    """Fills dx (N, H, W, C)."""
    xp = get_array_module(dx)
    b = _matrix(B, weight.shape[3], dx.dtype, xp)
    (top, _), (left, _) = padding
    h, w = dx.shape[1:3]
    dpixels = _apply(b, dvalues)
    dpadded = zeros(_padded_shape(dx.transpose(0, 3, 1, 2), line, padding), dx.dtype, xp)
    first, others = _pixels_of_tiles(dpadded, len(b))
    first += dpixels[:OUTPUTS]
    others += dpixels[OUTPUTS:]
    for i in range(line.pictures):
        dx[i :: line.pictures] = dpadded[:, top : top + h, line.columns(i, left, w)]


def _pixels_of_tiles(padded, places: int):
    """Views of the first m pixels of all tiles, and of the others: the next tiles' first ones.

    Returns: two of (pixels of a tile, lines, rows, tiles, C); no pixel is twice in one of them.
    """
    lines, rows, _, c = padded.shape
    pixels = padded.reshape(lines, rows, -1, OUTPUTS, c).transpose(3, 0, 1, 2, 4)
    return pixels[:, :, :, :-1], pixels[: places - OUTPUTS, :, :, 1:]


def _padded_shape(x, line: _Line, padding: Padding):
    """Lines with the zeros around and between their pictures: (lines, padded rows, columns, C).

    Behind the last tile there is room for what it has of the next one's pixels: at most m of them.
    """
    n, c, h, _ = x.shape
    return n // line.pictures, h + sum(padding[0]), OUTPUTS * (line.tiles + 1), c


def winograd_filters(weight):
    """G g, the values of the taps g of each row of each filter.

    Whoever calls `winograd_conv2d` with the same weight again and again can keep them.

    Args:    weight: (O, C, KH, KW), any float dtype, KW up to 5; not modified.
    Returns: (places, O, KH*C): for each place a matrix, in the order of taps that `_windows` has.
    """
    xp = get_array_module(weight)
    g = _matrix(G, weight.shape[3], weight.dtype, xp)
    o, c, kh, kw = weight.shape
    taps = empty((kw, o, kh * c), weight.dtype, xp)
    taps.reshape(kw, o, kh, c)[...] = weight.transpose(3, 0, 2, 1)
    return _apply(g, taps)


def _filters_backward(dfilters, weight):
    xp = get_array_module(weight)
    g = _matrix(G, weight.shape[3], weight.dtype, xp)
    o, c, kh, kw = weight.shape
    dweight = empty((o, kh, kw, c), weight.dtype, xp)  # in memory as `conv2d_backward` has it
    dweight.transpose(2, 0, 1, 3)[...] = _apply(g.T, dfilters).reshape(kw, o, kh, c)
    return dweight.transpose(0, 3, 1, 2)


def _outputs_of_products(products, weight, bias, line: _Line, y):
    """Fills y (N, OH, OW, O) with A^T of the products, plus bias."""
    xp = get_array_module(products)
    a = _matrix(A, weight.shape[3], products.dtype, xp)
    outputs = _apply(a.T, products)
    for i, tiles, pictures, columns in line.outputs(y.shape[2]):
        if bias is None:
            y[pictures, :, columns] = outputs[i, :, :, tiles]
        else:
            xp.add(outputs[i, :, :, tiles], bias, out=y[pictures, :, columns])


def _outputs_of_products_backward(dy, weight, line: _Line):
    xp = get_array_module(dy)
    a = _matrix(A, weight.shape[3], weight.dtype, xp)
    n, oh, ow, o = dy.shape
    doutputs = zeros((OUTPUTS, n // line.pictures, oh, line.tiles, o), weight.dtype, xp)
    for i, tiles, pictures, columns in line.outputs(ow):
        doutputs[i, :, :, tiles] = dy[pictures, :, columns]
    return _apply(a, doutputs)


def _apply(matrix, vectors):
    """The product of a small matrix with the vectors along the first axis."""
    xp = get_array_module(vectors)
    result = empty((len(matrix), *vectors.shape[1:]), vectors.dtype, xp)
    flat = vectors.reshape(len(vectors), -1)
    xp.matmul(matrix, flat, out=result.reshape(len(matrix), -1))
    return result


# ---- the small matrices --------------------------------------------------------------------------


A, G, B = range(3)  # in the order in which `toom_cook` returns them


def _matrix(which: int, taps: int, dtype, xp):
    """A, G or B for r = `taps`, as an array."""
    return xp.asarray(toom_cook(OUTPUTS, taps)[which], dtype=dtype)


@functools.cache
def toom_cook(m: int, r: int) -> tuple[list[list[float]], ...]:
    """The matrices A (n x m), G (n x r) and B (n x n) for n = m + r - 1 places, infinity the last.

    A polynomial s with n coefficients is found from its values by Lagrange's formula:

        s(x)  =  sum over places p of  s(p) N_p(x) / N_p(p)  +  s(infinity) * product of (x - p)

    where N_p(x) is the product of (x - q) over the other places q. The numbers N_p(p) are divided
    out in G rather than in B, so that B's entries are near 1 and few digits are lost.
    """
    places = PLACES[: m + r - 2]
    others = [[q for q in places if q != p] for p in places]
    scale = [math.prod(p - q for q in rest) for p, rest in zip(places, others, strict=True)]
    a = [[p**i for i in range(m)] for p in places] + [[0] * (m - 1) + [1]]
    g = [[p**i / s for i in range(r)] for p, s in zip(places, scale, strict=True)]
    g += [[0] * (r - 1) + [1]]
    columns = [[*_with_roots(rest), 0] for rest in others] + [_with_roots(places)]
    b = [list(row) for row in zip(*columns, strict=True)]
    return tuple([[float(number) for number in row] for row in rows] for rows in (a, g, b))


def _with_roots(roots) -> list[Fraction]:
    """The coefficients of the product of (x - root), from the constant one upwards."""
    coefficients = [Fraction(1)]
    for root in roots:
        lower, upper = [*coefficients, Fraction(0)], [Fraction(0), *coefficients]
        coefficients = [u - root * c for c, u in zip(lower, upper, strict=True)]
    return coefficients
