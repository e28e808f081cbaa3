"""Pictures as arrays, small enough that a notebook can train on them in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minialexnet.datasets import PictureSet, builtin_archive, load_pictures, to_network_input
from minialexnet.layers.arguments import whole_number


@dataclass(frozen=True)
class SmallSet:
    """Pictures to train on and to validate.

    Attributes:
        images, val_images: uint8 (N, S, S, 3), on the host.
        x, val_x: float32 (N, 3, S, S), the same minus the mean colour, with a spread of 1.
        labels, val_labels: int64 (N,), where x is.
        classes: their names.
    """

    images: np.ndarray
    x: Any
    labels: Any
    val_images: np.ndarray
    val_x: Any
    val_labels: Any
    classes: tuple[str, ...]


def small_set(
    side: int = 24, count: int = 2000, val_count: int = 500, data: Any = None, xp: Any = np
) -> SmallSet:
    """The first `count` pictures of a set, as many of each class, as arrays.

    Args:
        side: of the pictures, in pixels.
        count, val_count: how many to train on and to validate, or all there are, if fewer.
        data: a folder or archive as `minialexnet train --data` takes it; None: the built-in set.
        xp: where x and labels go, numpy or cupy.
    Raises:
        InputError: as `load_pictures`; a count is no whole number of at least 1.
    """
    count, val_count = whole_number(count, "count"), whole_number(val_count, "val_count")
    pictures = load_pictures(builtin_archive() if data is None else data, size=side)
    mean = pictures.train.statistics.mean_colour
    scale = float(1 / pictures.train.statistics.colour_std.mean())

    def arrays(part: PictureSet, count: int) -> tuple[np.ndarray, Any, Any]:
        chosen = _spread(part.labels, count)
        images = np.ascontiguousarray(part.images[chosen])
        x = to_network_input(xp.asarray(images), xp.asarray(mean, dtype=xp.float32), scale, xp)
        return images, x, xp.asarray(part.labels[chosen].astype(np.int64))

    return SmallSet(
        *arrays(pictures.train, count), *arrays(pictures.val, val_count), tuple(pictures.classes)
    )


def _spread(labels: np.ndarray, count: int) -> np.ndarray:
    """Positions of `count` pictures, class after class in turn, so that all are there alike."""
    place = np.empty(len(labels), dtype=np.intp)  # of each picture among those of its class
    for label in np.unique(labels):
        here = np.flatnonzero(labels == label)
        place[here] = np.arange(len(here))
    return np.lexsort((labels, place))[:count]
