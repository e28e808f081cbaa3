"""Units of several channels side by side, and which of them a window holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minialexnet.plots.style import AREAS, INK, drawing, on_host, styles

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def channels(
    values: Mapping[str, Any],
    *,
    windows: Mapping[str, tuple[int, int]] | None = None,
    breaks: Sequence[int] = (),
    form: str = "{:.3g}",
    size: tuple[float, float] | None = None,
) -> Figure:
    """One panel of upright bars for each entry of `values`, {label: a number for each channel}.

    Args:
        windows: {label: (first, last channel)}, drawn as brackets below the first panel.
        breaks: channels before which a line parts the towers.
        form: of the numbers above the bars.
        size: of the figure, in inches.
    """
    windows = windows or {}
    arrays = {label: on_host(array).ravel() for label, array in values.items()}
    count = max(len(array) for array in arrays.values())
    width = len(arrays) * max(2.4, 0.5 * count)
    size = (width, 2.2 + 0.25 * len(windows)) if size is None else size
    with drawing(*size, 1, len(arrays)) as (figure, axes):
        for axis, (label, array), style in zip(
            axes[0], arrays.items(), styles(AREAS), strict=False
        ):
            drawn = axis.bar(range(len(array)), array, 0.75, edgecolor=INK, linewidth=0.5, **style)
            axis.bar_label(drawn, [form.format(v) for v in array], padding=2, fontsize=8)
            axis.set_xticks(range(len(array)))
            axis.set(title=label, xlabel="channel", yticks=[], xlim=(-0.6, len(array) - 0.4))
            axis.spines["left"].set_visible(False)
            axis.margins(y=0.15)
            for place in breaks:
                axis.axvline(place - 0.5, color=INK, linewidth=1, linestyle="--")
        for row, (label, window) in enumerate(windows.items()):
            _bracket(axes[0, 0], label, window, row)
        if windows:
            axes[0, 0].set_xlabel("channel", labelpad=4 + 17 * len(windows))
    return figure


def _bracket(axis, label: str, window: tuple[int, int], row: int) -> None:
    """A line below the axis from the first to the last channel of a window, with its name."""
    from matplotlib.transforms import blended_transform_factory, offset_copy

    across = blended_transform_factory(axis.transData, axis.transAxes)
    below = offset_copy(across, axis.figure, y=-24 - 17 * row, units="points")
    first, last = np.array(window) + np.array([-0.4, 0.4])
    options = {"color": INK, "linewidth": 1.2, "transform": below, "clip_on": False}
    axis.plot([first, first, last, last], [0.03, 0, 0, 0.03], **options)
    axis.text(
        (first + last) / 2,
        0,
        label,
        transform=offset_copy(below, axis.figure, y=-3, units="points"),
        ha="center",
        va="top",
        fontsize=8,
        clip_on=False,
    )
