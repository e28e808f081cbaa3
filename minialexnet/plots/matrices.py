"""Small arrays with their numbers, side by side as in a formula."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minialexnet.plots.style import ACCENT, INK, drawing, on_host

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CELL = 0.42  # inches


def matrices(
    parts: Sequence[Any],
    titles: Sequence[str] = (),
    *,
    marked: Sequence[Any] = (),
    form: str = "{:g}",
    cell: float = CELL,
) -> Figure:
    """Arrays of one or two axes as grids with their numbers; strings between them as signs.

        matrices([x, "*", kernel, "=", y], ["picture", "", "kernel", "", "result"])

    Args:
        titles: above each part ("" for signs).
        marked: for each part None, or boolean like it: cells with a frame.
        form: of the numbers.
        cell: side of a cell, in inches.
    """
    arrays = [part if isinstance(part, str) else np.atleast_2d(on_host(part)) for part in parts]
    widths = [0.9 if isinstance(a, str) else a.shape[1] for a in arrays]
    height = max(1 if isinstance(a, str) else a.shape[0] for a in arrays)
    size = (cell * (sum(widths) + 0.8 * len(widths)), cell * (height + 1.6))
    finite = [abs(a[np.isfinite(a)]).max(initial=0) for a in arrays if not isinstance(a, str)]
    largest = max([*finite, 1e-12])
    with drawing(*size, 1, len(arrays), width_ratios=widths) as (figure, axes):
        for i, (axis, array) in enumerate(zip(axes[0], arrays, strict=True)):
            if i < len(titles):
                axis.set_title(titles[i])
            if isinstance(array, str):
                axis.set_axis_off()
                axis.text(0.5, 0.5, array, ha="center", va="center", fontsize=16)
                continue
            _draw(axis, array, largest, form, cell)
            mark = marked[i] if i < len(marked) else None
            if mark is not None:
                _mark(axis, np.atleast_2d(on_host(mark)))
    return figure


def _draw(axis, array: np.ndarray, largest: float, form: str, cell: float) -> None:
    """The larger a number's size, the darker its cell."""
    shade = np.abs(np.nan_to_num(array.astype(float), posinf=0, neginf=0)) / largest
    axis.imshow(shade, cmap="Greys", vmin=0, vmax=1.8)
    rows, columns = array.shape
    axis.set_xticks(np.arange(columns + 1) - 0.5, [])
    axis.set_yticks(np.arange(rows + 1) - 0.5, [])
    axis.grid(True, color="white", linewidth=1, alpha=1)
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set_visible(False)
    for (row, column), value in np.ndenumerate(array):
        text = form.format(value.item())
        size = min(10, 26 * cell * 2 / max(len(text), 2))
        axis.text(column, row, text, ha="center", va="center", color=INK, fontsize=size)


def _mark(axis, marked: np.ndarray) -> None:
    from matplotlib.patches import Rectangle

    for row, column in np.argwhere(marked):
        axis.add_patch(
            Rectangle(
                (column - 0.46, row - 0.46), 0.92, 0.92, fill=False, edgecolor=ACCENT, linewidth=2
            )
        )
