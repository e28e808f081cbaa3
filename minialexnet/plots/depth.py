"""How layers add up: the cone of what one number sees, and branches side by side."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from operator import mul
from typing import TYPE_CHECKING

from minialexnet.plots.boxes import arrow, box
from minialexnet.plots.style import ACCENT, INK, LIGHT, MIDDLE, drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROW, CELL = 0.62, 0.26  # inches
WIDTH, HEIGHT, GAP, SPACE = 1.5, 0.52, 0.45, 0.22  # of a box, beside it, below it: inches


def cone(
    kernel_sizes: Sequence[int],
    strides: Sequence[int],
    names: Sequence[str] = (),
    *,
    margin: int = 1,
) -> Figure:
    """Which pixels of a row one number at the end sees, layer by layer; the end is on top.

    Args:
        names: of the layers, the first one first.
        margin: how many more pixels are drawn at either side.
    """
    jumps = list(accumulate(strides, mul, initial=1))
    levels = _places_seen(kernel_sizes, jumps)
    half = (len(levels[0]) - 1) / 2 + margin
    left = max([len(name) for name in names], default=0) * 0.085 + 0.9
    width = left + CELL * (2 * half + 1)
    with drawing(width, ROW * len(levels) + 0.1) as (figure, axes):
        axis = axes[0, 0]
        axis.set_axis_off()
        shift = left / CELL
        axis.set(xlim=(-half - 0.5 - shift, half + 0.5), ylim=(-0.5, len(levels) - 0.3))
        for level, places in enumerate(levels):
            if level + 1 < len(levels):
                reach = (kernel_sizes[level] - 1) / 2 * jumps[level]
                _lines_down(axis, level, levels[level + 1], reach)
            extra = [
                sign * (places[-1] + step * jumps[level])
                for sign in (-1, 1)
                for step in range(1, 1 + int((half - places[-1]) // jumps[level]))
            ]
            colour = LIGHT if level + 1 < len(levels) else ACCENT
            for at, fill in [(p, colour) for p in places] + [(p, "white") for p in extra]:
                _cell(axis, at, level, fill, MIDDLE if fill == "white" else INK)
            name = "picture" if level == 0 else names[level - 1] if level <= len(names) else ""
            text = f"{name}\nsees {_field(kernel_sizes[:level], strides[:level])}"
            axis.text(
                -half - 0.7, level, text if level else name, ha="right", va="center", fontsize=9
            )
    return figure


def _places_seen(kernel_sizes: Sequence[int], jumps: Sequence[int]) -> list[list[float]]:
    """Of each level, from the picture up: the middles of all places that the last number sees."""
    levels = [[0.0]]
    for kernel_size, jump in zip(reversed(kernel_sizes), reversed(jumps[:-1]), strict=True):
        reach = [(tap - (kernel_size - 1) / 2) * jump for tap in range(kernel_size)]
        levels.append(sorted({round(at + by, 6) for at in levels[-1] for by in reach}))
    return levels[::-1]


def _lines_down(axis, level: int, places: Sequence[float], reach: float) -> None:
    """From each place above to both ends of what it sees in `level`."""
    for at in places:
        for end in (at - reach, at + reach):
            axis.plot([at, end], [level + 0.82, level + 0.18], color=MIDDLE, linewidth=0.6)


def _field(kernel_sizes: Sequence[int], strides: Sequence[int]) -> int:
    field, jump = 1, 1
    for kernel_size, stride in zip(kernel_sizes, strides, strict=True):
        field += (kernel_size - 1) * jump
        jump *= stride
    return field


def _cell(axis, at: float, level: int, fill: str, edge: str) -> None:
    from matplotlib.patches import Rectangle

    axis.add_patch(
        Rectangle(
            (at - 0.4, level - 0.16), 0.8, 0.32, facecolor=fill, edgecolor=edge, linewidth=0.7
        )
    )


def parallel(
    start: tuple[str, str],
    branches: Sequence[Sequence[tuple[str, str]]],
    end: tuple[str, str],
) -> Figure:
    """Branches side by side between two boxes, each box (name, what comes out of it).

        parallel(("x", "16 x 6 x 6"), [[("conv", "16 x 6 x 6")], []], ("+", "16 x 6 x 6"))

    An empty branch is a plain line: a shortcut.
    """
    longest = max(len(branch) for branch in branches)
    columns, rows = longest + 2, len(branches)
    width = columns * WIDTH + (columns - 1) * GAP + 0.1
    height = rows * (HEIGHT + SPACE)
    with drawing(width, height) as (figure, axes):
        axis = axes[0, 0]
        axis.set_axis_off()
        axis.set(xlim=(-0.05, width - 0.05), ylim=(height - SPACE / 2, -SPACE / 2))
        middle = (rows - 1) / 2 * (HEIGHT + SPACE)
        last = (columns - 1) * (WIDTH + GAP)
        box(axis, 0, middle, *start, WIDTH, HEIGHT)
        box(axis, last, middle, *end, WIDTH, HEIGHT)
        for row, branch in enumerate(branches):
            top = row * (HEIGHT + SPACE)
            level = top + HEIGHT / 2
            turn = (WIDTH + GAP * 0.4, middle + HEIGHT / 2)
            axis.plot([WIDTH, turn[0], turn[0]], [turn[1], turn[1], level], color=INK, linewidth=1)
            here = turn[0]
            for place, (name, shape) in enumerate(branch):
                left = (place + 1) * (WIDTH + GAP)
                arrow(axis, (here, level), (left, level))
                box(axis, left, top, name, shape, WIDTH, HEIGHT)
                here = left + WIDTH
            back = last - GAP * 0.5
            axis.plot([here, back, back], [level, level, turn[1]], color=INK, linewidth=1)
        arrow(axis, (last - GAP * 0.5, middle + HEIGHT / 2), (last, middle + HEIGHT / 2))
    return figure
