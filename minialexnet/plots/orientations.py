"""Histograms of directions as bundles of lines: what is left of a picture after HOG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minialexnet.plots.style import INK, drawing, on_host

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def orientations(
    images: Any, histograms: Any, titles: Sequence[str] = (), *, side: float = 1.5
) -> Figure:
    """Pictures, and below each its cells: for each direction a line along the edge it stands for.

    Args:
        images: uint8 (N, H, W, 3).
        histograms: (N, R, S, bins), as of `learn.features.orientation_histogram`. The longer and
            darker a line, the more there is; gradients point across edges, so lines are turned.
        titles: above each.
        side: of each, in inches.
    """
    from matplotlib.collections import LineCollection

    images, histograms = on_host(images), on_host(histograms)
    count, rows, columns, bins = histograms.shape
    angles = (np.arange(bins) + 0.5) * np.pi / bins  # of the gradient; y points downwards
    along = np.stack([-np.sin(angles), np.cos(angles)], axis=-1) / 2  # of the edge: (x, y)
    with drawing(side * count, 2 * side + 0.25, 2, count) as (figure, axes):
        for i, (image, histogram) in enumerate(zip(images, histograms, strict=True)):
            above, below = axes[:, i]
            above.imshow(image)
            above.set_axis_off()
            if i < len(titles):
                above.set_title(titles[i])
            shares = histogram / max(histogram.max(), 1e-12)
            y, x = np.mgrid[:rows, :columns]
            middles = np.stack([x, y], axis=-1)[:, :, None]
            ends = np.stack(
                [middles - shares[..., None] * along, middles + shares[..., None] * along], axis=-2
            )
            shade = np.zeros((*shares.shape, 4))
            shade[..., 3] = 0.15 + 0.85 * shares
            below.add_collection(
                LineCollection(ends.reshape(-1, 2, 2), colors=shade.reshape(-1, 4), linewidths=2.2)
            )
            below.set(
                xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), xticks=[], yticks=[], aspect=1
            )
            for spine in below.spines.values():
                spine.set(visible=True, color=INK, linewidth=0.5)
    return figure
