"""Where the windows of a pooling or convolution lie on a small array."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from minialexnet.plots.style import INK, LINES, drawing, on_host

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CELL = 0.5  # inches
INSETS = (0, 0.08, 0.16, 0.24)  # so that frames of neighbours that overlap can be told apart


def windows(
    charts: Mapping[str, tuple[Any, int, int]], *, largest: bool = False, form: str = "{:g}"
) -> Figure:
    """Arrays (H, W) with a frame around each window: {title: (array, kernel_size, stride)}.

    Args:
        largest: the largest number of each window is on a dark ground.
        form: of the numbers.
    """
    arrays = [on_host(array) for array, _, _ in charts.values()]
    width = sum(CELL * (array.shape[1] + 1) for array in arrays)
    height = CELL * (max(array.shape[0] for array in arrays) + 0.9)
    ratios = [array.shape[1] for array in arrays]
    with drawing(width, height, 1, len(arrays), width_ratios=ratios) as (figure, axes):
        for axis, array, (title, (_, kernel_size, stride)) in zip(
            axes[0], arrays, charts.items(), strict=True
        ):
            corners = [
                (top, left)
                for top in range(0, array.shape[0] - kernel_size + 1, stride)
                for left in range(0, array.shape[1] - kernel_size + 1, stride)
            ]
            dark = _largest(array, corners if largest else [], kernel_size)
            _numbers(axis, array, dark, form)
            for top, left in corners:
                number = 2 * (top // stride % 2) + left // stride % 2
                _frame(axis, top, left, kernel_size, number)
            axis.set_title(title)
    return figure


def _largest(array: np.ndarray, corners: list[tuple[int, int]], side: int) -> np.ndarray:
    """Which numbers are the first maximum of a window."""
    largest = np.zeros(array.shape, bool)
    for top, left in corners:
        window = array[top : top + side, left : left + side]
        row, column = np.unravel_index(window.argmax(), window.shape)
        largest[top + row, left + column] = True
    return largest


def _numbers(axis, array: np.ndarray, dark: np.ndarray, form: str) -> None:
    from matplotlib.patches import Rectangle

    rows, columns = array.shape
    axis.set_axis_off()
    axis.set(xlim=(-0.55, columns - 0.45), ylim=(rows - 0.45, -0.55), aspect="equal")
    for (row, column), value in np.ndenumerate(array):
        ground = "#bdbdbd" if dark[row, column] else "#f4f4f4"
        axis.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fc=ground, ec="white", lw=1))
        text = form.format(value.item())
        axis.text(column, row, text, ha="center", va="center", color=INK, fontsize=10)


def _frame(axis, top: int, left: int, side: int, number: int) -> None:
    from matplotlib.patches import Rectangle

    inset, style = INSETS[number], LINES[number]
    axis.add_patch(
        Rectangle(
            (left - 0.47 + inset, top - 0.47 + inset),
            side - 0.06 - 2 * inset,
            side - 0.06 - 2 * inset,
            fill=False,
            edgecolor=style["color"],
            linestyle=style["linestyle"],
            linewidth=1.8,
        )
    )
