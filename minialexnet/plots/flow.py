"""Where the numbers go: boxes with shapes, and arrows between them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from minialexnet.plots.style import INK, LIGHT, MIDDLE, drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, HEIGHT, GAP, DROP = 1.35, 0.62, 0.42, 0.5  # of a box, between two, between rows: inches


def flow(
    steps: Sequence[tuple[str, str]],
    *,
    back: Sequence[str] = (),
    columns: int = 6,
) -> Figure:
    """Boxes (name, what comes out of it) in the order of computation, with arrows between them.

        flow([("picture", "3 x 224 x 224"), ("conv1", "96 x 55 x 55"), ...])

    Args:
        back: what flows back over each arrow, from left to right (one fewer than the boxes).
        columns: boxes side by side, before a new row begins.
    """
    columns = min(columns, len(steps))
    rows = -(-len(steps) // columns)
    row_height = HEIGHT + DROP
    width = columns * WIDTH + (columns - 1) * GAP + 0.2
    height = rows * row_height + (0.25 if back else 0.0)
    with drawing(width, height) as (figure, axes):
        axis = axes[0, 0]
        axis.set_axis_off()
        axis.set(xlim=(-0.1, width - 0.1), ylim=(height - DROP / 2, -DROP / 2))
        places = [
            ((i % columns) * (WIDTH + GAP), (i // columns) * row_height) for i in range(len(steps))
        ]
        for (left, top), (name, shape) in zip(places, steps, strict=True):
            _box(axis, left, top, name, shape)
        for i, (start, end) in enumerate(pairwise(places)):
            _arrow(axis, start, end, back[i] if i < len(back) else None)
    return figure


def _box(axis, left: float, top: float, name: str, shape: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    axis.add_patch(
        FancyBboxPatch(
            (left, top),
            WIDTH,
            HEIGHT,
            boxstyle="round,pad=0,rounding_size=0.08",
            facecolor=LIGHT if shape else "white",
            edgecolor=INK,
            linewidth=0.8,
        )
    )
    middle = left + WIDTH / 2
    axis.text(middle, top + (0.22 if shape else 0.31), name, ha="center", va="center", fontsize=10)
    if shape:
        axis.text(middle, top + 0.44, shape, ha="center", va="center", fontsize=8, color="#333333")


def _arrow(
    axis, start: tuple[float, float], end: tuple[float, float], returning: str | None
) -> None:
    style = {"arrowstyle": "-|>", "color": INK, "linewidth": 1, "shrinkA": 0, "shrinkB": 0}
    middle = HEIGHT / 2
    if start[1] == end[1]:
        tail, head = (start[0] + WIDTH, start[1] + middle), (end[0], end[1] + middle)
        axis.annotate("", head, tail, arrowprops=style)
        if returning is not None:
            low = HEIGHT + 0.1
            tail, head = (end[0] + 0.1, end[1] + low), (start[0] + WIDTH - 0.1, start[1] + low)
            axis.annotate("", head, tail, arrowprops={**style, "color": MIDDLE, "linestyle": "--"})
            place = ((tail[0] + head[0]) / 2, low + start[1] + 0.14)
            axis.text(*place, returning, ha="center", va="center", fontsize=8, color=MIDDLE)
        return
    bend = start[1] + HEIGHT + DROP / 2  # from the end of one row to the beginning of the next
    right, left = start[0] + WIDTH / 2, end[0] + WIDTH / 2
    axis.plot(
        [right, right, left, left],
        [start[1] + HEIGHT, bend, bend, end[1] - 0.1],
        color=INK,
        linewidth=1,
    )
    axis.annotate("", (left, end[1]), (left, end[1] - 0.12), arrowprops=style)
