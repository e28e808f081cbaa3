"""The pixels of a set as a cloud in the space of colours, with its principal axes."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from minialexnet.plots.style import INK, drawing, on_host

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("red", "green", "blue")
REACH = 2  # standard deviations that are drawn of an axis, to either side


def colour_cloud(pixels: Any, mean: Any, directions: Any, std: Any, side: float = 2.5) -> Figure:
    """Pixels seen from three sides, each a dot in its own colour, and the axes through their mean.

    Args:
        pixels: (M, 3) of 0 to 255; some thousands are enough.
        mean: (3,).
        directions: (3, 3), the axes as columns; std: (3,), the standard deviation along each. Axes
            are drawn for two of them to either side, and numbered by length, the longest first.
    """
    pixels, mean, directions, std = (on_host(a) for a in (pixels, mean, directions, std))
    order = np.argsort(std)[::-1]
    with drawing(3 * side, 1.08 * side, 1, 3) as (figure, axes):
        for axis, (a, b) in zip(axes[0], combinations(range(3), 2), strict=True):
            axis.scatter(pixels[:, a], pixels[:, b], c=pixels / 255, s=3, linewidths=0)
            for number, i in enumerate(order, start=1):
                ends = mean + REACH * std[i] * np.array([[-1], [1]]) * directions[:, i]
                axis.plot(ends[:, a], ends[:, b], color="white", linewidth=3.5)
                axis.plot(ends[:, a], ends[:, b], color=INK, linewidth=1.8)
                axis.annotate(
                    str(number),
                    ends[1 if directions[:, i].sum() > 0 else 0][[a, b]],
                    fontsize=10,
                    bbox={"boxstyle": "circle,pad=0.15", "fc": "white", "ec": INK, "lw": 0.6},
                    ha="center",
                    va="center",
                )
            axis.set(xlabel=COLOURS[a], ylabel=COLOURS[b], aspect="equal")
            axis.set(xlim=(-15, 270), ylim=(-15, 270), xticks=[0, 128, 255], yticks=[0, 128, 255])
    return figure
