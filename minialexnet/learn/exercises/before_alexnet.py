"""Notebook 1: features made by hand."""

import numpy as np

from minialexnet.backend import get_array_module
from minialexnet.learn.exercise import Exercise, Mistake


def image_gradients(x):
    xp = get_array_module(x)
    _, h, w = x.shape
    gy, gx = xp.zeros_like(x), xp.zeros_like(x)
    for i in range(1, h - 1):
        gy[:, i] = x[:, i + 1] - x[:, i - 1]
    for j in range(1, w - 1):
        gx[:, :, j] = x[:, :, j + 1] - x[:, :, j - 1]
    return gy, gx


def orientation_histogram(gy, gx, cell, bins):
    xp = get_array_module(gx)
    n, h, w = gx.shape
    length = xp.sqrt(gy**2 + gx**2)
    angle = xp.arctan2(gy, gx) % xp.pi  # from 0 to pi: opposite directions are one
    bin_of_pixel = xp.floor(angle / xp.pi * bins) % bins
    histogram = xp.zeros((n, h // cell, w // cell, bins), dtype=gx.dtype)
    for i in range(h // cell):
        for j in range(w // cell):
            here = slice(i * cell, (i + 1) * cell), slice(j * cell, (j + 1) * cell)
            for b in range(bins):
                votes = length[:, *here] * (bin_of_pixel[:, *here] == b)
                histogram[:, i, j, b] = votes.sum(axis=(1, 2))
    return histogram


def _gradient_cases(rng):
    return [
        (np.array([[[1.0, 2.0, 4.0], [1.0, 3.0, 9.0], [2.0, 7.0, 8.0]]]),),
        (np.array([[[0.0, 0.0, 5.0, 5.0]] * 3]),),
        (np.array([[[0.0] * 3, [2.0] * 3, [5.0] * 3, [9.0] * 3]]),),
        (rng.integers(0, 10, (2, 4, 5)).astype(float),),
        (rng.standard_normal((3, 6, 4)),),
    ]


def _histogram_cases(rng):
    def gradients(n, h, w):
        """No direction lies where two bins meet: rounding may tell either."""
        angle = rng.uniform(0, 2 * np.pi, (n, h, w))
        for bins in (4, 6, 9):
            part = angle / np.pi * bins
            angle = np.where(abs(part - np.round(part)) < 0.01, angle + 0.03 * np.pi / bins, angle)
        length = rng.uniform(0.5, 3, (n, h, w))
        return length * np.sin(angle), length * np.cos(angle)

    across, along = np.array([[[0.0, 0.0], [0.0, 3.0]]]), np.array([[[2.0, 1.0], [5.0, 0.0]]])
    return [
        (across, along, 2, 9),
        (np.array([[[4.0, -4.0], [0.0, 0.0]]]), np.array([[[3.0, 3.0], [0.0, 0.0]]]), 2, 9),
        (np.array([[[4.0, -4.0], [0.0, 0.0]]]), np.array([[[-3.0, -3.0], [-1.0, 6.0]]]), 2, 9),
        (np.repeat(across, 2, axis=2), np.arange(8.0).reshape(1, 2, 4), 2, 4),
        (*gradients(1, 4, 4), 2, 4),
        (*gradients(2, 4, 6), 2, 6),
        (*gradients(2, 12, 8), 4, 9),
    ]


def _shifted(x, axis, before, after):
    """x[i + after] - x[i - before] along an axis, 0 where there is no such neighbour."""
    xp = get_array_module(x)
    moved = xp.moveaxis(xp.zeros_like(x), axis, 0)
    source = xp.moveaxis(x, axis, 0)
    count = len(source)
    moved[before : count - after] = source[before + after :] - source[: count - before - after]
    return xp.moveaxis(moved, 0, axis)


def _padded(x, axis, mode):
    xp = get_array_module(x)
    width = [(0, 0), (0, 0), (0, 0)]
    width[axis] = (1, 1)
    x = xp.moveaxis(xp.pad(x, width, mode=mode), axis, 0)
    return xp.moveaxis(x[2:] - x[:-2], 0, axis)


def _slopes(x, axis):
    """np.gradient's: per pixel, and to the one neighbour there is at the border."""
    return _padded(x, axis, "edge") - image_gradients(x)[axis - 1] / 2


def _both(one):
    """(gy, gx) from what makes one of them along an axis."""
    return lambda x: (one(x, 1), one(x, 2))


def _smoothed(x, axis):
    """Sobel's: differences, smoothed across."""
    xp = get_array_module(x)
    difference = xp.moveaxis(image_gradients(x)[axis - 1], 3 - axis, 0)
    result = 2 * difference
    result[1:] += difference[:-1]
    result[:-1] += difference[1:]
    return xp.moveaxis(result, 0, 3 - axis)


def _votes(gy, gx, cell, bins, length=None, turn=None):
    """The histogram for other votes, or other directions, in half turns."""
    xp = get_array_module(gx)
    n, h, w = gx.shape
    length = xp.sqrt(gy**2 + gx**2) if length is None else length
    turn = xp.arctan2(gy, gx) / xp.pi % 1 if turn is None else turn
    part = xp.floor(turn * bins)
    in_cells = xp.stack([length * (part == b) for b in range(bins)], axis=-1)
    return in_cells.reshape(n, h // cell, cell, w // cell, cell, bins).sum(axis=(2, 4))


def _mixed_cells(gy, gx, cell, bins):
    """Each cell is made of pixels that follow each other in memory."""
    n, h, w = gx.shape
    in_cells = n * (h // cell) * (w // cell), cell, cell
    histogram = orientation_histogram(gy.reshape(in_cells), gx.reshape(in_cells), cell, bins)
    return histogram.reshape(n, h // cell, w // cell, bins)


def _turn(gy, gx):
    xp = get_array_module(gx)
    return xp.arctan2(gy, gx) / xp.pi


def _length(gy, gx):
    return get_array_module(gx).sqrt(gy**2 + gx**2)


def _largest(gy, gx, cell, bins):
    """Each cell: the votes of its strongest direction only."""
    histogram = orientation_histogram(gy, gx, cell, bins)
    return histogram * (histogram == histogram.max(axis=-1, keepdims=True))


def _to_one(histogram):
    xp = get_array_module(histogram)
    total = histogram.sum(axis=-1, keepdims=True)
    return histogram / xp.where(total > 0, total, 1)


EXERCISES = (
    Exercise(
        name="image_gradients",
        task="How fast grey pictures x (N, H, W) grow lighter downwards, gy, and to the right, gx, "
        "both like x: the next pixel minus the one before. 0 where either is missing.",
        solution=image_gradients,
        cases=_gradient_cases,
        results=("gy", "gx"),
        mistakes=(
            Mistake(
                "gy and gx are exchanged: gy compares the rows above and below (axis 1), gx the "
                "columns left and right (axis 2).",
                lambda x: image_gradients(x)[::-1],
            ),
            Mistake(
                "The sign is the wrong way round: next minus previous, so that a picture which "
                "grows lighter has a positive gradient.",
                _both(lambda x, axis: -image_gradients(x)[axis - 1]),
            ),
            Mistake(
                "It takes the next pixel minus this one. Centred differences take next minus "
                "previous, and leave the pixel itself out.",
                _both(lambda x, axis: _shifted(x, axis, 0, 1)),
            ),
            Mistake(
                "It takes this pixel minus the one before. Centred differences take next minus "
                "previous, and leave the pixel itself out.",
                _both(lambda x, axis: _shifted(x, axis, 1, 0)),
            ),
            Mistake(
                "It is halved. That would be the slope per pixel; here the plain difference is "
                "asked for (a constant factor goes out in the normalisation).",
                _both(lambda x, axis: image_gradients(x)[axis - 1] / 2),
            ),
            Mistake(
                "This is what np.gradient gives: halved, and at the border the difference to the "
                "one neighbour there is. Here the plain difference is asked for, and 0 there.",
                _both(_slopes),
            ),
            Mistake(
                "At the border it goes round to the other side of the picture, as np.roll does; "
                "there it is to be 0.",
                _both(lambda x, axis: _padded(x, axis, "wrap")),
            ),
            Mistake(
                "At the border it takes the pixel itself for the neighbour that is missing; there "
                "it is to be 0.",
                _both(lambda x, axis: _padded(x, axis, "edge")),
            ),
            Mistake(
                "At the border it takes 0 for the neighbour that is missing, which makes a strong "
                "edge around every picture; there the gradient is to be 0.",
                _both(lambda x, axis: _padded(x, axis, "constant")),
            ),
            Mistake(
                "The border is cut off, and the result is smaller than the picture: it has x's "
                "shape, with 0 at the border.",
                lambda x: (x[:, 2:] - x[:, :-2], x[:, :, 2:] - x[:, :, :-2]),
            ),
            Mistake(
                "The sign is lost (an absolute value?): without it, the direction is not known.",
                _both(lambda x, axis: abs(image_gradients(x)[axis - 1])),
            ),
            Mistake(
                "It is smoothed as well (Sobel's filter?): only the difference of two pixels is "
                "asked for.",
                _both(_smoothed),
            ),
        ),
    ),
    Exercise(
        name="orientation_histogram",
        task="From gradients gy, gx (N, H, W) to (N, H / cell, W / cell, bins): in each square of "
        "cell x cell pixels, each pixel adds the length of its gradient to the bin of its "
        "direction. The bins divide the half turn from 0 to 180 degrees evenly; a direction and "
        "its opposite are the same.",
        solution=orientation_histogram,
        cases=_histogram_cases,
        mistakes=(
            Mistake(
                "Each pixel adds 1. It is to add the length of its gradient, or the faintest grain "
                "counts as much as an edge.",
                lambda gy, gx, cell, bins: _votes(gy, gx, cell, bins, 0 * gx + 1),
            ),
            Mistake(
                "Each pixel whose gradient is not 0 adds 1; it is to add the gradient's length.",
                lambda gy, gx, cell, bins: _votes(gy, gx, cell, bins, 1.0 * (_length(gy, gx) > 0)),
            ),
            Mistake(
                "Each pixel adds the square of the length: a root is missing.",
                lambda gy, gx, cell, bins: _votes(gy, gx, cell, bins, gy**2 + gx**2),
            ),
            Mistake(
                "Each pixel adds |gy| + |gx|; the length of a vector is the root of gy² + gx².",
                lambda gy, gx, cell, bins: _votes(gy, gx, cell, bins, abs(gy) + abs(gx)),
            ),
            Mistake(
                "The bins are 20 degrees wide whatever `bins` is: they divide 180 degrees evenly.",
                lambda gy, gx, cell, bins: _votes(
                    gy, gx, cell, bins, turn=_turn(gy, gx) % 1 * 9 / bins
                ),
            ),
            Mistake(
                "The bins divide a whole turn of 360 degrees. Opposite directions are one here, so "
                "that a dark shape on light looks as a light one on dark: the angle modulo 180.",
                lambda gy, gx, cell, bins: _votes(gy, gx, cell, bins, turn=_turn(gy, gx) % 2 / 2),
            ),
            Mistake(
                "Directions with a negative angle are lost: arctan2 goes from -180 to 180 degrees. "
                "Take the angle modulo 180 degrees.",
                lambda gy, gx, cell, bins: _votes(gy, gx, cell, bins, turn=_turn(gy, gx)),
            ),
            Mistake(
                "An angle of exactly 180 degrees is lost: it is the opposite of 0, and belongs to "
                "bin 0. Modulo 180 does that; adding 180 to negative angles does not.",
                lambda gy, gx, cell, bins: _votes(
                    gy, gx, cell, bins, turn=_turn(gy, gx) + (_turn(gy, gx) < 0)
                ),
            ),
            Mistake(
                "Negative angles are made positive by dropping the sign, which mirrors them: -30 "
                "degrees is the same line as 150, not as 30. Take the angle modulo 180 degrees.",
                lambda gy, gx, cell, bins: _votes(gy, gx, cell, bins, turn=abs(_turn(gy, gx)) % 1),
            ),
            Mistake(
                "gy and gx are exchanged in arctan2: it takes the vertical one first.",
                lambda gy, gx, cell, bins: _votes(gy, gx, cell, bins, turn=_turn(gx, gy) % 1),
            ),
            Mistake(
                "The direction is rounded to the nearest bin. Bin b holds what lies from b to b + "
                "1 parts of the half turn: round down.",
                lambda gy, gx, cell, bins: _votes(
                    gy, gx, cell, bins, turn=(_turn(gy, gx) % 1 + 0.5 / bins) % 1
                ),
            ),
            Mistake(
                "It is the mean over the cell; the votes are to be summed.",
                lambda gy, gx, cell, bins: orientation_histogram(gy, gx, cell, bins) / cell**2,
            ),
            Mistake(
                "Each histogram is divided by its sum. Whether there is an edge at all would be "
                "forgotten; the scaling comes later, for blocks of cells together.",
                lambda gy, gx, cell, bins: _to_one(orientation_histogram(gy, gx, cell, bins)),
            ),
            Mistake(
                "The cells are not squares but stretches of a row: a reshape to (N, H / cell, "
                "cell, W / cell, cell) leaves the pixels of a square on axes 2 and 4.",
                _mixed_cells,
            ),
            Mistake(
                "Only the strongest direction of a cell is kept; the histogram has all of them.",
                _largest,
            ),
        ),
    ),
)
