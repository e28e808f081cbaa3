"""Means and spread over all pixels of a set, which training subtracts from its input and scales by.

They are exact up to the last division: sums of whole numbers, a few pictures at a time, without a
float copy of the set. (The products of colours are summed in float64, exact up to 2^53, that is two
million pictures of 256 pixels; beyond, they are rounded, but always in the same order.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minialexnet.backend import map_ordered
from minialexnet.datasets.shards import Images
from minialexnet.errors import InputError

CHUNK_BYTES = 1 << 20  # as floats they still fit into a core's cache
CHUNK = 256  # pictures at most; their sum is far from the end of uint32
CHUNKS = 32  # that a thread goes through at a time


@dataclass(frozen=True)
class Statistics:
    """Of the pixels of a set, in values of 0..255, all float64.

    mean_image: (S, S, 3), pixel by pixel; mean_colour: (3,), red, green and blue over all pixels;
    covariance: (3, 3) of the three over all pixels.
    """

    mean_image: np.ndarray
    mean_colour: np.ndarray
    covariance: np.ndarray

    @property
    def colour_std(self) -> np.ndarray:
        """The standard deviations of red, green and blue: (3,)."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0))  # rounding can leave less than 0


def statistics_of(images: Images, progress: Callable[[int, int], None] | None = None) -> Statistics:
    """Go once over uint8 (N, S, S, 3), on all cores.

    progress: called as progress(done, total), in pictures.
    Raises: InputError if there are no pictures, or they are not uint8.
    """
    count = len(images)
    if count == 0:
        raise InputError("there must be at least one picture to take a mean of, not none")
    if images.dtype != np.uint8:
        raise InputError(f"the pictures must be uint8 in 0..255, not {images.dtype}")
    side = images.shape[1]
    chunk = min(CHUNK, max(1, CHUNK_BYTES // (side * side * 3)))

    def sums(block: range) -> tuple[np.ndarray, np.ndarray, int]:
        """Of each pixel, and of the products of each pixel's colours; and over how many."""
        total, products = np.zeros((side, side, 3), np.uint64), np.zeros((3, 3))
        for start in range(block.start, block.stop, chunk):
            pictures = np.asarray(images[start : min(start + chunk, block.stop)])
            total += pictures.sum(axis=0, dtype=np.uint32)
            colours = pictures.reshape(-1, 3).astype(np.float64)
            products += colours.T @ colours
        return total, products, len(block)

    blocks = [
        range(start, min(start + CHUNKS * chunk, count))
        for start in range(0, count, CHUNKS * chunk)
    ]
    total, products, done = np.zeros((side, side, 3), np.uint64), np.zeros((3, 3)), 0
    for pixels, colours, pictures in map_ordered(sums, blocks):
        total += pixels
        products += colours
        done += pictures
        if progress is not None:
            progress(done, count)
    mean_colour = total.sum(axis=(0, 1)) / (count * side * side)
    covariance = products / (count * side * side) - np.outer(mean_colour, mean_colour)
    return Statistics(total / count, mean_colour, covariance)
