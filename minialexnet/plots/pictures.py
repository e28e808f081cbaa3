"""Pictures, filters and feature maps in a grid; a picture beside what the network takes it for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minialexnet.errors import InputError
from minialexnet.plots.style import ACCENT, INK, LIGHT, drawing, on_host

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BEST = 5


def pictures(
    images: Any,
    titles: Sequence[str] = (),
    *,
    columns: int = 8,
    side: float = 1.1,
    scale: str = "each",
) -> Figure:
    """A grid of pictures.

    Args:
        images: uint8 (N, H, W, 3), shown as they are; floats (N, 3, H, W), (N, H, W, 3) or
            (N, H, W), whose smallest number becomes black and whose largest white.
        titles: above each.
        columns: how many side by side.
        side: of each, in inches.
        scale: "each" stretches the numbers of each picture by itself, "all" those of all together.
    Raises:
        InputError: no pictures, or of another shape; another `scale`.
    """
    images = on_host(images)
    if scale not in ("each", "all"):
        raise InputError(f"scale is {scale!r}; expected 'each' or 'all'")
    colours = images.ndim == 4 and 3 in (images.shape[1], images.shape[3])
    is_one = images.ndim == 3 and images.shape[2] == 3 and images.dtype == np.uint8
    if not images.size or is_one or not (colours or images.ndim == 3):
        raise InputError(
            f"images have shape {images.shape}; expected (N, H, W, 3), (N, 3, H, W) or (N, H, W), "
            "and at least one: of one picture, give images[None]; of feature maps (N, C, H, W), "
            "those of one picture, maps[0]"
        )
    if images.dtype == bool:
        images = images.astype(np.float32)
    if images.ndim == 4 and images.shape[1] == 3 and images.shape[3] != 3:
        images = images.transpose(0, 2, 3, 1)
    if images.dtype != np.uint8:
        axes = tuple(range(images.ndim)) if scale == "all" else tuple(range(1, images.ndim))
        low, high = images.min(axes, keepdims=True), images.max(axes, keepdims=True)
        images = (images - low) / np.where(high > low, high - low, 1)
    count = len(images)
    columns = max(1, min(columns, count))
    rows = max(1, -(-count // columns))
    height = side + (0.22 if titles else 0.0)
    with drawing(side * columns, height * rows, rows, columns) as (figure, axes):
        for axis in axes.flat:
            axis.set_axis_off()
        for i, (axis, image) in enumerate(zip(axes.flat, images, strict=False)):
            axis.imshow(image, cmap="gray", vmin=0, vmax=255 if image.dtype == np.uint8 else 1)
            if i < len(titles):
                axis.set_title(titles[i], fontsize=8)
    return figure


def guesses(
    images: Any,
    shares: Any,
    classes: Sequence[str],
    labels: Any = None,
    *,
    columns: int = 5,
) -> Figure:
    """Pictures with their five best-rated classes as bars, as in the paper's figure 4.

    Args:
        images: uint8 (N, H, W, 3).
        shares: (N, C), how sure the network is of each class.
        classes: their names; labels: (N,), the true ones: named above, their bar dark.
    Raises:
        InputError: not as many shares as pictures, or as classes; not as many labels.
    """
    images, shares = on_host(images), on_host(shares)
    if not len(images) or shares.shape != (len(images), len(classes)):
        raise InputError(
            f"got {len(images)} pictures, shares of shape {shares.shape} and {len(classes)} "
            "classes; expected shares of shape (pictures, classes), and at least one picture"
        )
    labels = None if labels is None else on_host(labels)
    if labels is not None and labels.shape != (len(images),):
        raise InputError(
            f"got {len(images)} pictures and labels of shape {labels.shape}; expected a label for "
            "each"
        )
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    ratios = [1.4, 1] * rows
    with drawing(1.9 * columns, 3.1 * rows, 2 * rows, columns, height_ratios=ratios) as (
        figure,
        axes,
    ):
        for axis in axes.flat:
            axis.set_axis_off()
        for i, image in enumerate(images):
            row, column = divmod(i, columns)
            axes[2 * row, column].imshow(image)
            true = None if labels is None else int(labels[i])
            if true is not None:
                axes[2 * row, column].set_title(classes[true])
            _bars(axes[2 * row + 1, column], shares[i], classes, true)
    return figure


def _bars(axis, shares: np.ndarray, classes: Sequence[str], true: int | None) -> None:
    axis.set_axis_on()
    best = shares.argsort()[::-1][:BEST]
    colours = [ACCENT if label == true else LIGHT for label in best]
    axis.barh(range(len(best)), shares[best], color=colours, edgecolor="none")
    for row, (label, share) in enumerate(zip(best, shares[best], strict=True)):
        # On the true class's dark bar the name is white, or stands behind a bar that is too short.
        on_dark, place = label == true, 0.03
        if on_dark and share < 0.6:
            on_dark, place = False, share + 0.03
        axis.text(
            place, row, classes[label], va="center", fontsize=8, color="white" if on_dark else INK
        )
    axis.set(xlim=(0, 1), xticks=[], yticks=[])
    axis.invert_yaxis()


def filters(weight: Any, *, columns: int = 16, side: float = 0.5) -> Figure:
    """The filters of a first layer as pictures: (O, 3, K, K), each stretched by itself.

    Filters of other layers, (O, C, K, K), are shown by their first channel, in grey.
    """
    weight = on_host(weight)
    if weight.ndim != 4:
        raise InputError(f"weight has shape {weight.shape}; expected filters, (O, C, K, K)")
    images = weight.transpose(0, 2, 3, 1) if weight.shape[1] == 3 else weight[:, 0]
    return pictures(images, columns=columns, side=side)
