"""Memory for large arrays on the host that is used again, from layer to layer and step to step.

Fresh memory costs as much as arithmetic: the operating system hands it out page by page, each
filled with zeros first. A training step of AlexNet on 128 pictures would ask for some gigabytes
of it, every time the same. So `empty` lends blocks from a pool, and a block goes back when the
last array that looks into it is gone; nobody has to give it back by hand. On a GPU, CuPy does the
same by itself.

The pool never holds more than a quarter more than was once in use at the same time.
"""

import math
import os
import threading
from collections import OrderedDict

import numpy as np

from minialexnet.backend.arrays import Array, axes_by_stride, get_array_module

SMALLEST_LOAN = 1 << 16
"""Arrays of fewer bytes come from NumPy itself, which keeps small pieces at hand."""


SPARE = 1.25
"""The pool holds up to so many times the bytes that were once in use. Threads ask in another order
in each step, so with none to spare some blocks would be dropped just before they are wanted."""


class _Pool:
    """Blocks of memory by size; those not in use in the order in which they came back."""

    def __init__(self) -> None:
        # Reentrant: collecting garbage while the lock is held may bring blocks back.
        self._lock = threading.RLock()
        self._free: OrderedDict[int, np.ndarray] = OrderedDict()  # by id, oldest first
        self._ids_by_size: dict[int, list[int]] = {}
        self.free_bytes = self.used_bytes = self.most_used_bytes = 0

    def borrow(self, size: int) -> np.ndarray:
        """A block of `size` bytes with anything in it."""
        with self._lock:
            self.used_bytes += size
            self.most_used_bytes = max(self.most_used_bytes, self.used_bytes)
            ids = self._ids_by_size.get(size)
            if ids:  # the one used last: part of it may be in the cache still
                self.free_bytes -= size
                return self._free.pop(ids.pop())
            self._shrink(int(SPARE * self.most_used_bytes) - self.used_bytes)
        try:
            return np.empty(size, np.uint8)
        except BaseException:
            with self._lock:
                self.used_bytes -= size
            raise

    def give_back(self, block: np.ndarray) -> None:
        with self._lock:
            self.used_bytes -= block.size
            self.free_bytes += block.size
            self._free[id(block)] = block
            self._ids_by_size.setdefault(block.size, []).append(id(block))

    def release(self) -> None:
        """Return to the system what is not in use, and forget how much once was."""
        with self._lock:
            self._shrink(0)
            self.most_used_bytes = self.used_bytes

    def _shrink(self, free_bytes: int) -> None:
        """Drop the blocks unused for longest until at most `free_bytes` are kept."""
        while self.free_bytes > free_bytes:
            key, block = self._free.popitem(last=False)
            self._ids_by_size[block.size].remove(key)
            self.free_bytes -= block.size


class _Loan:
    """A block that goes back to the pool when the last array made of it is gone."""

    def __init__(self, size: int) -> None:
        self._pool = _pool
        self._block = _pool.borrow(size)

    @property
    def __array_interface__(self) -> dict:
        return self._block.__array_interface__

    def __del__(self) -> None:
        if hasattr(self, "_block"):
            self._pool.give_back(self._block)


_pool = _Pool()


def empty(shape: tuple[int, ...], dtype, xp) -> Array:
    """An array of the module `xp` with anything in it, in C order, from used memory if it can be.

    Args:    shape, dtype: as for `numpy.empty`; xp: array module.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if xp is not np or size < SMALLEST_LOAN:
        return xp.empty(shape, dtype=dtype)
    rounded = -(-size // SMALLEST_LOAN) * SMALLEST_LOAN
    return np.asarray(_Loan(rounded))[:size].view(dtype).reshape(shape)


def empty_like(array: Array, dtype=None) -> Array:
    """As `empty`, of the shape of `array` and with its axes in the same order in memory."""
    order = axes_by_stride(array)
    inverse = sorted(range(array.ndim), key=order.__getitem__)
    shape = tuple(array.shape[axis] for axis in order)
    dtype = array.dtype if dtype is None else dtype
    return empty(shape, dtype, get_array_module(array)).transpose(inverse)


def zeros(shape: tuple[int, ...], dtype, xp) -> Array:
    """As `empty`, filled with zeros."""
    array = empty(shape, dtype, xp)
    array.fill(0)
    return array


def zeros_like(array: Array) -> Array:
    """As `empty_like`, filled with zeros."""
    result = empty_like(array)
    result.fill(0)
    return result


def copy(array: Array) -> Array:
    """As `empty_like`, with the values of `array`."""
    result = empty_like(array)
    result[...] = array
    return result


def release_memory() -> None:
    """Give memory that is kept for the next pass back to the operating system."""
    _pool.release()


def _begin_anew_after_fork() -> None:
    """Another thread of the parent may have held the lock, which nobody would open here."""
    global _pool
    _pool._lock = threading.RLock()  # arrays of the parent's still go back there
    _pool = _Pool()


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=_begin_anew_after_fork)
