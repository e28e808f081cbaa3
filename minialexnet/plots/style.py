"""The look that all drawings of the course share, readable in greyscale.

Lines differ in dash and darkness, areas in darkness and hatching; colour only helps.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from minialexnet.backend import to_host

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, MIDDLE, LIGHT, ACCENT = "#1a1a1a", "#7a7a7a", "#d9d9d9", "#0b62a4"

LINES = (
    {"color": "#0b62a4", "linestyle": "-"},
    {"color": "#d1701e", "linestyle": "--"},
    {"color": "#1a1a1a", "linestyle": ":"},
    {"color": "#8a8a8a", "linestyle": "-."},
    {"color": "#5a9bd4", "linestyle": (0, (5, 1, 1, 1, 1, 1))},
    {"color": "#8c3d0a", "linestyle": (0, (1, 2))},
)
"""How the first, second, ... line of a chart is drawn."""

AREAS = (
    {"facecolor": "#0b62a4", "hatch": ""},
    {"facecolor": "#f0b27a", "hatch": "//"},
    {"facecolor": "#d9d9d9", "hatch": ".."},
    {"facecolor": "#5a5a5a", "hatch": "xx"},
)
"""How the first, second, ... kind of bar is filled."""

SETTINGS = {
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "hatch.linewidth": 0.6,
    "hatch.color": "white",
    "savefig.dpi": 120,
    "figure.dpi": 120,
}


@contextmanager
def drawing(
    width: float, height: float, rows: int = 1, columns: int = 1, **options: Any
) -> Iterator[tuple[Figure, np.ndarray]]:
    """A figure of so many inches in the common look, and its axes as an array (rows, columns).

    The figure is returned by the plots, not shown by them: a notebook shows what a cell ends in.
    """
    import matplotlib.pyplot as plt  # takes longer than all else that `import minialexnet` does

    with plt.rc_context(SETTINGS):
        figure, axes = plt.subplots(
            rows,
            columns,
            figsize=(width, height),
            layout="constrained",
            squeeze=False,
            **options,
        )
        try:
            yield figure, axes
        finally:
            plt.close(figure)  # or a notebook would show it a second time, or half drawn


def styles(kind: tuple[dict, ...]) -> Iterator[dict]:
    """LINES or AREAS, one after the other, from the beginning again when they are used up."""
    return cycle(kind)


def on_host(array: Any) -> np.ndarray:
    """A NumPy array of whatever can be drawn: lists, and arrays of a GPU."""
    return to_host(array) if hasattr(array, "get") else np.asarray(array)
