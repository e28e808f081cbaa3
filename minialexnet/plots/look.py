"""What a network looks at: maps over pictures, rows of neighbours, and what is taken for what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minialexnet.plots.style import ACCENT, INK, MIDDLE, drawing, on_host

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEVEL = 0.5
"""The line over a picture goes round the places above this share of the map's largest number."""


def maps_over(
    images: Any,
    maps: Sequence[Any],
    titles: Sequence[str] = (),
    *,
    margin: float = 0.0,
    side: float = 1.35,
    form: str = "{:.2g}",
) -> Figure:
    """Pictures, with a line around the places where their map is high; below, the maps.

    The darker a place of a map, the larger its number; numbers below zero are white. The largest
    stands below each map.

    Args:
        images: uint8 (N, H, W, 3); maps: for each an array (rows, columns) of any size.
        margin: how many pixels the middles of the outermost places lie inside the picture.
        form: of the numbers below the maps.
    """
    images = on_host(images)
    maps = [on_host(one) for one in maps]
    count = len(images)
    with drawing(side * count, 2 * side + 0.45, 2, count) as (figure, axes):
        for axis in axes.flat:
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
        for i, (image, one) in enumerate(zip(images, maps, strict=True)):
            above, below = axes[0, i], axes[1, i]
            height, width = image.shape[:2]
            above.imshow(image)
            if i < len(titles):
                above.set_title(titles[i], fontsize=8)
            bottom, right = height - 1 - margin, width - 1 - margin
            largest = max(float(one.max()), 0.0)
            if largest > one.min() and min(one.shape) > 1:  # one row has no lines around places
                y = np.linspace(margin, bottom, one.shape[0])
                x = np.linspace(margin, right, one.shape[1])
                for colour, line in (("black", 2.6), ("white", 1.2)):
                    above.contour(x, y, one, [LEVEL * largest], colors=colour, linewidths=line)
            half_row = (bottom - margin) / max(one.shape[0] - 1, 1) / 2
            half_column = (right - margin) / max(one.shape[1] - 1, 1) / 2
            extent = (
                margin - half_column,
                right + half_column,
                bottom + half_row,
                margin - half_row,
            )
            below.imshow(one, cmap="Greys", vmin=0, vmax=largest or 1, extent=extent)
            below.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
            below.spines[:].set_visible(True)
            below.spines[:].set_color(MIDDLE)
            below.set_xlabel("up to " + form.format(one.max()), fontsize=8)
    return figure


def rows_of_pictures(
    rows: Sequence[Any],
    names: Sequence[str] = (),
    *,
    captions: Sequence[Sequence[str]] = (),
    marked: Sequence[Sequence[bool]] = (),
    side: float = 0.85,
) -> Figure:
    """Pictures in rows with a name at the left of each.

    Args:
        rows: for each row uint8 pictures (N, H, W, 3), or floats (N, H, W) in shades of grey,
            each stretched by itself.
        captions: below each picture; marked: those with a frame.
    """
    rows = [on_host(row) for row in rows]
    columns = max(len(row) for row in rows)
    left = max([len(name) for name in names], default=0) * 0.085
    height = side + (0.24 if captions else 0.04)
    with drawing(left + side * columns, height * len(rows), len(rows), columns) as (figure, axes):
        for axis in axes.flat:
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
        for r, row in enumerate(rows):
            if r < len(names):
                label = {"rotation": 0, "ha": "right", "va": "center", "fontsize": 9}
                axes[r, 0].set_ylabel(names[r], **label)
            for c, image in enumerate(row):
                axis = axes[r, c]
                axis.imshow(image, cmap="gray", interpolation="nearest")
                if captions and c < len(captions[r]):
                    axis.set_xlabel(captions[r][c], fontsize=8, labelpad=2)
                if marked and c < len(marked[r]) and marked[r][c]:
                    axis.spines[:].set(visible=True, color=ACCENT, linewidth=3)
    return figure


def confusion(matrix: Any, names: Sequence[str], *, cell: float = 0.42) -> Figure:
    """How many pictures of the class of the row were taken for the class of the column.

    The darker a cell, the larger its share of the row; the diagonal holds the right answers.
    """
    matrix = on_host(matrix)
    count = len(matrix)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    left = max(len(name) for name in names) * 0.085
    with drawing(cell * count + left, cell * count + left) as (figure, axes):
        axis = axes[0, 0]
        # By the root, for the errors, which one looks for here, are small shares.
        axis.imshow(np.sqrt(shares), cmap="Greys", vmin=0, vmax=1.1)
        axis.set_xticks(range(count), names, rotation=60, ha="left", rotation_mode="anchor")
        axis.set_yticks(range(count), names)
        axis.xaxis.tick_top()
        axis.tick_params(length=0, labelsize=9)
        axis.spines[:].set_visible(False)
        axis.set(ylabel="true class", xlabel="taken for")
        for (row, column), number in np.ndenumerate(matrix):
            if number:
                colour = "white" if shares[row, column] > 0.4 else INK
                axis.text(
                    column, row, int(number), ha="center", va="center", fontsize=8, color=colour
                )
    return figure
