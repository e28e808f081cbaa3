"""Means over all pictures of a set, which training subtracts from its input.

All are exact: sums of whole numbers, a few pictures at a time, without a float copy of the set.
"""

from __future__ import annotations

import numpy as np

from minialexnet.errors import InputError

CHUNK = 64  # pictures; their sum, even of squares, is far from the end of uint32


def mean_image(images: np.ndarray) -> np.ndarray:
    """The mean of uint8 (N, S, S, 3), pixel by pixel: (S, S, 3) float32.

    Raises: InputError if there are no pictures.
    """
    return (_sum(images, squared=False) / len(images)).astype(np.float32)


def mean_colour(images: np.ndarray) -> np.ndarray:
    """The mean red, green and blue of uint8 (N, S, S, 3): (3,) float64, in 0..255.

    Raises: InputError if there are no pictures.
    """
    return _mean_over_all(images, squared=False)


def colour_std(images: np.ndarray) -> np.ndarray:
    """The standard deviations of red, green and blue about `mean_colour`: (3,) float64.

    Raises: InputError if there are no pictures.
    """
    return np.sqrt(_mean_over_all(images, squared=True) - mean_colour(images) ** 2)


def _mean_over_all(images: np.ndarray, squared: bool) -> np.ndarray:
    # Whole numbers until the very end, so that equal pixels deviate by exactly nothing.
    total = _sum(images, squared)
    return total.sum(axis=(0, 1)) / (images.size // 3)


def _sum(images: np.ndarray, squared: bool) -> np.ndarray:
    if len(images) == 0:
        raise InputError("there must be at least one picture to take a mean of, not none")
    if images.dtype != np.uint8:
        raise InputError(f"the pictures must be uint8 in 0..255, not {images.dtype}")
    total = np.zeros(images.shape[1:], dtype=np.uint64)
    for start in range(0, len(images), CHUNK):
        chunk = images[start : start + CHUNK]
        if squared:
            chunk = np.square(chunk, dtype=np.uint16)  # 255 squared just fits
        total += chunk.sum(axis=0, dtype=np.uint32)
    return total
