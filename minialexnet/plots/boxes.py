"""Boxes with a name and a shape, and arrows between them: what drawings of networks are made of."""

from __future__ import annotations

from typing import Any

from minialexnet.plots.style import INK, LIGHT

SHAPE_INK = "#333333"


def box(
    axis: Any, left: float, top: float, name: str, shape: str, width: float, height: float
) -> None:
    """A box with its name and, below, what comes out of it (white if that is ""); in inches."""
    from matplotlib.patches import FancyBboxPatch

    axis.add_patch(
        FancyBboxPatch(
            (left, top),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=0.08",
            facecolor=LIGHT if shape else "white",
            edgecolor=INK,
            linewidth=0.8,
        )
    )
    middle = left + width / 2
    name_at = top + height * (0.35 if shape else 0.5)
    axis.text(middle, name_at, name, ha="center", va="center", fontsize=10)
    if shape:
        shape_at = top + 0.71 * height
        axis.text(middle, shape_at, shape, ha="center", va="center", fontsize=8, color=SHAPE_INK)


def arrow(axis: Any, start: tuple[float, float], end: tuple[float, float], **style: Any) -> None:
    """An arrow between two points (x, y); style: of matplotlib's arrows, in place of the usual."""
    usual = {"arrowstyle": "-|>", "color": INK, "linewidth": 1, "shrinkA": 0, "shrinkB": 0}
    axis.annotate("", end, start, arrowprops=usual | style)
