"""Lines over a common axis: losses, errors, functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minialexnet.errors import InputError
from minialexnet.plots.style import AREAS, INK, LINES, MIDDLE, drawing, on_host, styles

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def curves(
    lines: Mapping[str, Any],
    x: Any = None,
    *,
    xlabel: str = "",
    ylabel: str = "",
    title: str = "",
    log: str = "",
    level: tuple[float, str] | None = None,
    ylim: tuple[float | None, float | None] | None = None,
    points: bool = False,
    size: tuple[float, float] = (6, 3.2),
) -> Figure:
    """One line for each entry of `lines`, {label: values}.

    Args:
        x: where the values lie; 0, 1, 2, ... by default. An entry may also be a pair (x, values).
        log: axes with a logarithmic scale: "x", "y" or "xy".
        level: (value, name) of a horizontal line to compare with.
        points: mark each value.
        size: of the figure, in inches.
    """
    with drawing(*size) as (figure, axes):
        axis = axes[0, 0]
        for (label, values), style in zip(lines.items(), styles(LINES), strict=False):
            if isinstance(values, tuple) and len(values) == 2 and np.ndim(values[0]):
                here, values = on_host(values[0]), on_host(values[1])
            else:
                values = on_host(values)
                here = np.arange(len(values)) if x is None else on_host(x)
            axis.plot(here, values, label=label, marker="o" if points else None, ms=4, **style)
        if level is not None:
            axis.axhline(level[0], color=MIDDLE, linewidth=0.8)
            axis.annotate(
                level[1],
                (1, level[0]),
                xycoords=("axes fraction", "data"),
                ha="right",
                va="bottom",
                color=MIDDLE,
                fontsize=9,
            )
        if "x" in log:
            axis.set_xscale("log")
        if "y" in log:
            axis.set_yscale("log")
        if ylim is not None:
            axis.set_ylim(*ylim)
        axis.set(xlabel=xlabel, ylabel=ylabel, title=title)
        if x is None and "x" not in log:
            axis.xaxis.get_major_locator().set_params(integer=True)
        axis.grid(True)
        if len(lines) > 1 or "" not in lines:
            axis.legend()
    return figure


def bars(
    values: Mapping[str, float] | Mapping[str, Sequence[float]],
    series: Sequence[str] = (),
    *,
    xlabel: str = "",
    title: str = "",
    log: bool = False,
    form: str = "{:.3g}",
    size: tuple[float, float] | None = None,
) -> Figure:
    """Horizontal bars with their numbers, {label: value}; or {label: one value for each series}.

    Args: form: of the numbers beside the bars.
    Raises: InputError if there is no label, or not as many values for each.
    """
    rows = [np.atleast_1d(on_host(value)) for value in values.values()]
    shapes = sorted({row.shape for row in rows})
    if len(shapes) != 1 or len(shapes[0]) != 1 or shapes == [(0,)]:
        raise InputError(
            f"values hold {len(rows)} labels and arrays of shapes {shapes}; expected at least one "
            "label, and for each a number or as long a list as for the others"
        )
    table = np.array(rows, dtype=float)
    count, kinds = table.shape
    size = (6, 0.5 + count * (0.14 + 0.2 * kinds)) if size is None else size
    with drawing(*size) as (figure, axes):
        axis = axes[0, 0]
        thickness = 0.8 / kinds
        for kind, style in zip(range(kinds), styles(AREAS), strict=False):
            places = np.arange(count) + (kind - (kinds - 1) / 2) * thickness
            drawn = axis.barh(
                places,
                table[:, kind],
                thickness * 0.9,
                label=series[kind] if kind < len(series) else None,
                edgecolor=INK,
                linewidth=0.5,
                **style,
            )
            axis.bar_label(drawn, [form.format(v) for v in table[:, kind]], padding=3, fontsize=9)
        axis.set_yticks(range(count), list(values))
        axis.invert_yaxis()
        if log:
            axis.set_xscale("log")
        axis.margins(x=0.15)
        axis.set(xlabel=xlabel, title=title)
        axis.tick_params(axis="y", length=0)
        if series:
            axis.legend()
    return figure


def histograms(
    arrays: Mapping[str, Any],
    *,
    bins: int = 50,
    range: tuple[float, float] | None = None,
    xlabel: str = "",
    columns: int = 4,
) -> Figure:
    """How often which value occurs, {label: array}: one small chart for each.

    Values that are NaN or infinite are left out, and counted in the title.
    """
    count = len(arrays)
    columns = min(columns, count)
    rows = -(-count // columns)
    with drawing(2.2 * columns, 1.7 * rows, rows, columns) as (figure, axes):
        for axis in axes.flat[count:]:
            axis.set_visible(False)
        for axis, (label, array) in zip(axes.flat, arrays.items(), strict=False):
            every = on_host(array).ravel()
            values = every[np.isfinite(every)]
            title = f"{label}\n"
            if len(values):
                axis.hist(values, bins=bins, range=range, color=LINES[0]["color"])
                title += f"mean {values.mean():.3g}, std {values.std():.3g}"
            if left_out := len(every) - len(values):
                title += f"{', ' if len(values) else ''}{left_out} not finite"
            axis.set_title(title, fontsize=8)
            axis.set_yticks([])
            axis.tick_params(labelsize=8)
            axis.set_xlabel(xlabel, fontsize=8)
    return figure
