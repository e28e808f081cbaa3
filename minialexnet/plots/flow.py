"""Where the numbers go: boxes with shapes, and arrows between them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from minialexnet.errors import InputError
from minialexnet.plots.boxes import arrow, box
from minialexnet.plots.style import INK, MIDDLE, drawing

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
    Raises:
        InputError: something flows back from one row to the one before, or from nowhere.
    """
    if len(back) >= len(steps):
        raise InputError(
            f"{len(back)} texts flow back between {len(steps)} boxes; expected one fewer than "
            "boxes, or less"
        )
    if len(back) >= columns:
        raise InputError(
            f"{len(back)} texts flow back, beyond the first row of {columns} boxes, where they can "
            f"be drawn; give columns={len(steps)}"
        )
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
            box(axis, left, top, name, shape, WIDTH, HEIGHT)
        for i, (start, end) in enumerate(pairwise(places)):
            _connect(axis, start, end, back[i] if i < len(back) else None)
    return figure


def _connect(
    axis, start: tuple[float, float], end: tuple[float, float], returning: str | None
) -> None:
    """An arrow from the box at `start` to that at `end`, and one back, if something returns."""
    if start[1] == end[1]:
        middle = start[1] + HEIGHT / 2
        right, left = start[0] + WIDTH, end[0]
        arrow(axis, (right, middle), (left, middle))
        if returning is not None:
            low = start[1] + HEIGHT + 0.1
            arrow(axis, (left + 0.1, low), (right - 0.1, low), color=MIDDLE, linestyle="--")
            place = ((right + left) / 2, low + 0.14)
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
    arrow(axis, (left, end[1] - 0.12), (left, end[1]))
