"""Means and spread over all pixels of a set, which training subtracts from its input and scales by.

They are exact: sums of whole numbers, a few pictures at a time, without a float copy of the set.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from minialexnet.datasets.decode_all import cpus
from minialexnet.datasets.shards import Images
from minialexnet.errors import InputError

CHUNK_BYTES = 1 << 20  # as floats they still fit into a core's cache
CHUNK = 256  # pictures at most; their sum is far from the end of uint32


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


def statistics_of(images: Images) -> Statistics:
    """Go once over uint8 (N, S, S, 3).

    Raises: InputError if there are no pictures, or they are not uint8.
    """
    count = len(images)
    if count == 0:
        raise InputError("there must be at least one picture to take a mean of, not none")
    if images.dtype != np.uint8:
        raise InputError(f"the pictures must be uint8 in 0..255, not {images.dtype}")
    side = images.shape[1]
    chunk = min(CHUNK, max(1, CHUNK_BYTES // (side * side * 3)))

    def sums(starts: range) -> tuple[np.ndarray, np.ndarray]:
        """Of each pixel, and of the products of each pixel's colours: whole numbers, and exact."""
        total, products = np.zeros((side, side, 3), np.uint64), np.zeros((3, 3))
        for start in starts:
            pictures = np.asarray(images[start : start + chunk])
            total += pictures.sum(axis=0, dtype=np.uint32)
            colours = pictures.reshape(-1, 3).astype(np.float64)
            products += colours.T @ colours
        return total, products

    starts, threads = range(0, count, chunk), cpus()
    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(sums, (starts[i::threads] for i in range(threads))))
    total, products = (sum(each) for each in zip(*parts, strict=True))
    mean_colour = total.sum(axis=(0, 1)) / (count * side * side)
    covariance = products / (count * side * side) - np.outer(mean_colour, mean_colour)
    return Statistics(total / count, mean_colour, covariance)
