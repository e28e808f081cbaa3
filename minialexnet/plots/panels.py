"""Charts of lines side by side, which have their lines' names in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from minialexnet.plots.style import LINES, drawing, on_host, styles

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def panels(
    charts: Mapping[str, Mapping[str, Any]],
    x: Any = None,
    *,
    xlabel: str = "",
    ylabel: str = "",
    log: bool = False,
    shared: bool = False,
    columns: int = 3,
    points: bool = False,
    size: tuple[float, float] = (3.1, 2.7),
) -> Figure:
    """Charts {title: {name of line: values}}, each with the same lines; one legend for all.

    Args:
        x: where the values lie; 0, 1, 2, ... by default.
        log: a logarithmic scale of values.
        shared: all charts have the same scale of values.
        columns: charts side by side, before a new row begins.
        points: mark each value.
        size: of one chart, in inches.
    """
    columns = min(columns, len(charts))
    rows = -(-len(charts) // columns)
    width, height = columns * size[0], rows * size[1] + 0.3
    with drawing(width, height, rows, columns, sharey=shared) as (figure, axes):
        for axis in axes.flat[len(charts) :]:
            axis.set_visible(False)
        for i, (axis, (title, lines)) in enumerate(zip(axes.flat, charts.items(), strict=False)):
            for (name, values), style in zip(lines.items(), styles(LINES), strict=False):
                values = on_host(values)
                here = np.arange(len(values)) if x is None else on_host(x)
                axis.plot(here, values, label=name, marker="o" if points else None, ms=3, **style)
            if log:
                axis.set_yscale("log")
            axis.set(title=title, xlabel=xlabel, ylabel=ylabel if i % columns == 0 else "")
            axis.grid(True)
        handles, names = axes.flat[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper center", ncols=len(names), frameon=False)
    return figure
