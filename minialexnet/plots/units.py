"""A fully connected network as circles and lines, with some of its units silenced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from minialexnet.plots.style import ACCENT, INK, MIDDLE, drawing, on_host

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RADIUS, APART = 0.16, 0.46  # of a unit, between two: inches


def units(
    kept: Sequence[Sequence[Any]],
    titles: Sequence[str] = (),
    *,
    layers: Sequence[str] = (),
    side: float = 2.2,
) -> Figure:
    """The same network several times, each time with other units.

    Args:
        kept: for each drawing, for each layer, which of its units are kept (true or false).
        titles: above each drawing.
        layers: names below the layers.
        side: width of each drawing, in inches.
    """
    drawings = [[on_host(layer).astype(bool) for layer in network] for network in kept]
    tallest = max(len(layer) for network in drawings for layer in network)
    height = APART * tallest + 0.5
    with drawing(side * len(drawings), height, 1, len(drawings)) as (figure, axes):
        for i, (axis, network) in enumerate(zip(axes[0], drawings, strict=True)):
            _network(axis, network, side, APART * tallest, layers)
            if i < len(titles):
                axis.set_title(titles[i])
    return figure


def _network(axis, network, width: float, height: float, names: Sequence[str]) -> None:
    """Layers from left to right; lines join units that are kept."""
    from matplotlib.patches import Circle

    axis.set_axis_off()
    axis.set_aspect("equal")
    below = 0.3 if names else 0.0
    axis.set(xlim=(0, width), ylim=(-below, height))
    step = width / len(network)
    places = [
        [
            ((i + 0.5) * step, height / 2 + APART * (j - (len(layer) - 1) / 2))
            for j in range(len(layer))
        ]
        for i, layer in enumerate(network)
    ]
    for i in range(len(network) - 1):
        for j, start in enumerate(places[i]):
            for k, end in enumerate(places[i + 1]):
                if network[i][j] and network[i + 1][k]:
                    axis.plot(*zip(start, end, strict=True), color=MIDDLE, linewidth=0.7, zorder=1)
    for layer, there in zip(network, places, strict=True):
        for kept, (x, y) in zip(layer, there, strict=True):
            face = ACCENT if kept else "white"
            line = "-" if kept else ":"
            axis.add_patch(
                Circle((x, y), RADIUS, facecolor=face, edgecolor=INK, linestyle=line, zorder=2)
            )
            if not kept:
                arm = RADIUS * 0.6
                for sign in (-1, 1):
                    ends = [x - arm, x + arm], [y - sign * arm, y + sign * arm]
                    axis.plot(*ends, color=INK, linewidth=1, zorder=3)
    for i, name in enumerate(names):
        axis.text((i + 0.5) * step, -below / 2, name, ha="center", va="center", fontsize=8)
