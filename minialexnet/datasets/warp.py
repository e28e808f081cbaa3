"""Squares of a picture shifted, scaled, slanted and turned: one affine map, one resampling.

With the origin in the centre of the square, the unit its side, x to the right and y downwards, a
point u of the picture is seen at

    v = M u + t,        M = R H z

    z       the scale: 2 shows everything twice as large
    H       [[1, tan(shear)], [0, 1]], a slant: what lies lower moves to the right (or the left)
    R       [[cos, sin], [-sin, cos]] of the rotation, counter-clockwise as one looks at it
    t       the shift, to the right and downwards

Drawn is the inverse: for each pixel of the result, its place in the picture. That is not bound to
the square: what comes into it from outside are real pixels, as far as the picture goes.

Beyond its edge the picture goes on as its mirror image. Black corners would be learnt, as a sign of
a turned picture, and so would the streaks that come of repeating the pixels at the edge; a mirror
image has the textures and colours of the picture itself, and no seam.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from PIL import Image

FINE = 2**20
"""The map is rounded to such parts of a pixel: then Pillow's arithmetic, in float64, is exact. A
shift by whole pixels is one, and all machines draw the same, whatever their cosine's last digit."""


def matrices(scale: np.ndarray, rotation: np.ndarray, shear: np.ndarray) -> np.ndarray:
    """M = R H z, see above.

    Args:    scale: factors (N,); rotation, shear: degrees (N,).
    Returns: (N, 2, 2) float64, rows and columns in the order x, y.
    """
    cos, sin = np.cos(np.radians(rotation)), np.sin(np.radians(rotation))
    slant = np.tan(np.radians(shear))
    rows = [[cos, cos * slant + sin], [-sin, cos - sin * slant]]
    return (np.array(rows) * scale).transpose(2, 0, 1)


def warped(
    images: Any,
    which: int,
    corner: tuple[int, int],
    side: int,
    crop: int,
    matrix: np.ndarray,
    shift: np.ndarray,
) -> np.ndarray:
    """The square of picture `which` at the (top, left) corner, seen through v = M u + t.

    Bilinear; what becomes smaller by half or more is averaged first. (Pillow drops what comes after
    the point, so that pixels between others are half a grey level darker on average.)

    Args:
        images: uint8 (N, H, W, 3), read as images[which, rows, columns].
        side: of the square, in pixels of the picture; crop: of the result, in pixels.
        matrix: M, (2, 2), not singular; shift: t, (x, y) in sides of the square.
    Returns: uint8 (crop, crop, 3).
    """
    (a, b), (c, d) = matrix.tolist()
    area = a * d - b * c
    inverse = (d / area, -b / area), (-c / area, a / area)
    x, y = (0.5 + float(t) for t in shift)  # where the centre is seen, from the result's corner
    pace = [[side / crop * m for m in row] for row in inverse]
    start = [
        at + side * (0.5 - row[0] * x - row[1] * y)
        for at, row in zip(reversed(corner), inverse, strict=True)
    ]
    shrink = max(1, round(math.sqrt(abs(pace[0][0] * pace[1][1] - pace[0][1] * pace[1][0]))))
    columns, rows = (
        _reach(at, at_pace, crop, shrink) for at, at_pace in zip(start, pace, strict=True)
    )
    image = Image.fromarray(_region(images, which, rows, columns))
    if shrink > 1:
        image = image.reduce(shrink)
    coefficients = [
        round(value / shrink * FINE) / FINE
        for at, at_pace, reach in zip(start, pace, (columns, rows), strict=True)
        for value in (*at_pace, at - reach.start)
    ]
    transformed = image.transform(
        (crop, crop), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR
    )
    return np.asarray(transformed)


def _reach(start: float, pace: list[float], crop: int, shrink: int) -> range:
    """The rows or columns needed, of the picture as it goes on beyond its edges.

    With one pixel (after shrinking) to spare at either side, to average with.
    """
    ends = [start + crop * (i * pace[0] + j * pace[1]) for i in (0, 1) for j in (0, 1)]
    first = math.floor(min(ends)) - shrink
    count = math.ceil((max(ends) - first) / shrink) + 1
    return range(first, first + count * shrink)


def _region(images: Any, which: int, rows: range, columns: range) -> np.ndarray:
    """These rows and columns of a picture which goes on as its mirror image; C-contiguous."""
    height, width = images.shape[1:3]
    if rows.start >= 0 and columns.start >= 0 and rows.stop <= height and columns.stop <= width:
        inside = images[which, rows.start : rows.stop, columns.start : columns.stop]
        return np.ascontiguousarray(inside)
    along, across = _folded(rows, height), _folded(columns, width)
    top, left = int(along.min()), int(across.min())
    inside = images[which, top : int(along.max()) + 1, left : int(across.max()) + 1]
    return inside.take(along - top, axis=0).take(across - left, axis=1)


def _folded(positions: range, size: int) -> np.ndarray:
    """Where they lie in a row of `size` pixels that is mirrored at its ends: -1 -> 0, -2 -> 1."""
    there_and_back = np.arange(positions.start, positions.stop) % (2 * size)
    return np.minimum(there_and_back, 2 * size - 1 - there_and_back)
