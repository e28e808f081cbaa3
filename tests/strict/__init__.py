"""A strict stand-in for CuPy, for tests on machines without a GPU.

`StrictArray` and `strict` play the parts of `cupy.ndarray` and `cupy`. NumPy computes, but what
CuPy 14.2 refuses is refused: mixing with NumPy arrays, silent conversion to the host, functions
and keyword arguments that CuPy has not. What CuPy allows at a price (waits for the device, copies
from the host) is counted. It knows nothing of GPU memory, kernels and speed.

    x = to_strict(np.ones((2, 3), np.float32))
    y = strict.maximum(x, 0).sum(axis=0)     # a StrictArray
    x + np.ones(3)                           # TypeError, as with CuPy

Where it is stricter than CuPy, on purpose: NumPy functions other than ufuncs refuse StrictArrays,
integer indices out of range raise IndexError instead of wrapping around, broadcast views are read
only, and NumPy arrays are operands of no function (a few of CuPy's would copy them silently).
"""

import numpy as np

from .array import StrictArray, upload
from .counters import sync_count, upload_count
from .namespace import strict

__all__ = [
    "StrictArray",
    "strict",
    "sync_count",
    "to_host",
    "to_strict",
    "upload_count",
]


def to_strict(array: np.ndarray) -> StrictArray:
    """A copy of a NumPy array on the pretended device."""
    return StrictArray(upload(array))


def to_host(array: StrictArray) -> np.ndarray:
    """A copy as a NumPy array; it counts as a wait, as `.get()` does."""
    return array.get()
