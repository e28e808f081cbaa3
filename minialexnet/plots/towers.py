"""A network of two towers, in the manner of figure 2 of the paper of 2012."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

from minialexnet.plots.boxes import arrow
from minialexnet.plots.style import ACCENT, INK, LIGHT, MIDDLE, drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMN, APART, HEIGHT = 1.02, 1.9, 3.7  # of a stage, from tower to tower, of all: inches
TOWER = APART / 2
CROSSING = {"color": ACCENT, "linewidth": 1.6, "linestyle": (0, (4, 1.5))}


def towers(
    stages: Mapping[str, tuple[int, ...]],
    *,
    shared: Collection[str] = (),
    crossing: Collection[str] = (),
    between: Mapping[str, str] | None = None,
) -> Figure:
    """Two towers side by side, a stage a column, with arrows for what each of them reads.

        towers({"picture": (3, 224, 224), "conv1": (48, 55, 55), ..., "fc8": (1000,)},
               shared=("picture", "fc8"), crossing=("conv3", "fc6", "fc7"))

    Args:
        stages: {name: shape of what one tower makes}: (channels, height, width), drawn as a stack
            of maps, or (features,), drawn as a column.
        shared: stages that are there once, for both towers.
        crossing: stages that read both towers: arrows cross on the way to them.
        between: {name: what happens on the way to this stage}.
    """
    between = between or {}
    names = list(stages)
    with drawing(len(names) * COLUMN, HEIGHT) as (figure, axes):
        axis = axes[0, 0]
        axis.set_axis_off()
        axis.set(xlim=(-COLUMN / 2, (len(names) - 0.5) * COLUMN), ylim=(-HEIGHT / 2, HEIGHT / 2))
        axis.axhline(0, color=MIDDLE, linewidth=0.8, linestyle=(0, (2, 4)), zorder=0)
        sizes = {name: _size(shape) for name, shape in stages.items()}
        for column, (name, shape) in enumerate(stages.items()):
            middle = column * COLUMN
            for height in _heights(name, shared):
                _stage(axis, middle, height, sizes[name], shape)
            top = HEIGHT / 2 - 0.16
            axis.text(middle, top, name, ha="center", va="center", fontsize=10, fontweight="bold")
        for column, (one, other) in enumerate(pairwise(names)):
            left = column * COLUMN + sizes[one][0] / 2 + sizes[one][2] + 0.05
            right = (column + 1) * COLUMN - sizes[other][0] / 2 - 0.05
            for start in _heights(one, shared):
                for end in _heights(other, shared):
                    crosses = start * end < 0
                    if not crosses or other in crossing:
                        style = CROSSING if crosses else {}
                        arrow(axis, (left, start), (right, end), **style)
            for height in _heights(other, shared) if other in between else ():
                place = (left + right) / 2, height + 0.1
                axis.text(*place, between[other], ha="center", va="center", fontsize=8)
        for height, name in ((TOWER, "tower a"), (-TOWER, "tower b")):
            axis.text(-0.48, height, name, ha="left", va="center", fontsize=9, color=MIDDLE)
    return figure


def _heights(name: str, shared: Collection[str]) -> tuple[float, ...]:
    return (0.0,) if name in shared else (TOWER, -TOWER)


def _size(shape: tuple[int, ...]) -> tuple[float, float, float]:
    """Width, height and depth of the drawn box: the larger the more, but not in proportion."""
    if len(shape) == 1:
        return 0.13, 0.25 + 0.5 * min(shape[0] / 2048, 1.0), 0.0
    channels, side, _ = shape
    return 0.08 + 0.022 * channels**0.5, 0.2 + 0.055 * side**0.5, 0.02 * side**0.5


def _stage(axis, middle: float, height: float, size, shape: tuple[int, ...]) -> None:
    from matplotlib.patches import Polygon

    width, tall, deep = size
    x, y = middle - width / 2, height - tall / 2
    faces = [
        ([(x, y), (x + width, y), (x + width, y + tall), (x, y + tall)], LIGHT),
        ([(x, y + tall), (x + deep, y + tall + deep), (x + width + deep, y + tall + deep),
          (x + width, y + tall)], "white"),
        ([(x + width, y), (x + width + deep, y + deep), (x + width + deep, y + tall + deep),
          (x + width, y + tall)], "#b5b5b5"),
    ]  # fmt: skip
    for corners, colour in faces if deep else faces[:1]:
        axis.add_patch(
            Polygon(corners, facecolor=colour, edgecolor=INK, linewidth=0.8, joinstyle="round")
        )
    text = " \N{MULTIPLICATION SIGN} ".join(str(extent) for extent in shape)
    axis.text(
        middle,
        y - 0.07,
        text,
        ha="center",
        va="top",
        fontsize=8.5,
        color=INK,
        zorder=5,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
    )
