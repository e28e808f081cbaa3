"""A loss over two weights as a map, and the paths that an optimizer takes on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from minialexnet.plots.style import ACCENT, INK, MIDDLE, drawing, on_host

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POINTS = 120  # of the map, along each side


def valley(
    height: Callable[[np.ndarray, np.ndarray], np.ndarray],
    paths: Mapping[str, Any],
    *,
    x: tuple[float, float],
    y: tuple[float, float],
    columns: int = 3,
    side: float = 2.3,
) -> Figure:
    """One map for each path, {label: (steps + 1, 2)}, with lines of equal loss.

    A path begins at the open circle; the cross marks the lowest point of the map. What leaves the
    map is not drawn.

    Args:
        height: the loss at arrays of the two weights.
        x, y: from where to where the map goes.
        side: the width of a map, in inches.
    """
    columns = min(columns, len(paths))
    rows = -(-len(paths) // columns)
    across, along = np.meshgrid(np.linspace(*x, POINTS), np.linspace(*y, POINTS))
    heights = height(across, along)
    lowest = np.unravel_index(heights.argmin(), heights.shape)
    levels = heights.min() + np.ptp(heights) * np.linspace(0.03, 1, 9) ** 2
    with drawing(side * columns, 0.8 * side * rows, rows, columns, sharex=True, sharey=True) as (
        figure,
        axes,
    ):
        figure.get_layout_engine().set(hspace=0.08)
        for axis in axes.flat[len(paths) :]:
            axis.set_visible(False)
        for axis, (label, path) in zip(axes.flat, paths.items(), strict=False):
            path = on_host(path)
            axis.contour(across, along, heights, levels, colors=MIDDLE, linewidths=0.5)
            axis.plot(path[:, 0], path[:, 1], color=ACCENT, marker="o", ms=2.5, linewidth=0.9)
            axis.plot(*path[0], marker="o", ms=7, mfc="white", mec=INK)
            axis.plot(across[lowest], along[lowest], marker="x", ms=7, mew=1.5, color=INK)
            axis.set(xlim=x, ylim=y)
            axis.set_title(label, fontsize=9)
            axis.tick_params(labelsize=8)
    return figure
