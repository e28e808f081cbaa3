"""Memory for large arrays on the host that is used again, from layer to layer and step to step.

Fresh memory costs as much as arithmetic: the operating system hands it out page by page, each
filled with zeros first. A training step of AlexNet on 128 pictures would ask for some gigabytes
of it, every time the same. So `empty` lends blocks from a pool, and a block goes back when the
last array that looks into it is gone; nobody has to give it back by hand. On a GPU, CuPy does the
same by itself.

Each core has a cache of its own. A block that another thread has just used lies in the wrong one,
and to fetch each line from there makes a convolution up to a quarter slower. So threads get their
own blocks back, while there is room for that.

The pool never holds more than a quarter more than was once in use at the same time.
"""

import math
import os
import threading
from collections import OrderedDict, deque

import numpy as np

from minialexnet.backend.arrays import Array, axes_by_stride, get_array_module

SMALLEST_LOAN = 1 << 16
"""Arrays of fewer bytes come from NumPy itself, which keeps small pieces at hand."""

PATIENCE = 1.0
"""Seconds to wait for the pool before memory is taken from NumPy instead."""

SPARE = 1.25
"""The pool holds up to so many times the bytes that were once in use. Threads ask in another order
in each step, so with none to spare some blocks would be dropped just before they are wanted."""


class _Pool:
    """Blocks of memory by size and thread; those not in use in the order in which they came back.

    Arrays are also freed while garbage is collected, at any moment and in any thread. So giving
    back takes no lock, and nobody waits long for the lock: who holds it may be in the middle of a
    collection, which itself waits for other threads.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._returned: deque[tuple[np.ndarray, int]] = deque()  # not yet sorted in below
        self._free: OrderedDict[int, tuple[np.ndarray, int]] = OrderedDict()  # by id, oldest first
        self._ids: dict[tuple[int, int], dict[int, None]] = {}  # by size and thread, in order
        self._free_bytes = self._used_bytes = self._most_used_bytes = 0

    def borrow(self, size: int, thread: int) -> np.ndarray | None:
        """A block of `size` bytes with anything in it; None if the pool cannot be asked now.

        If there is one, it is the one this thread used last: part of it may be in the cache still.
        """
        if not self._lock.acquire(timeout=PATIENCE):
            return None
        try:
            self._sort_in()
            most = max(self._most_used_bytes, self._used_bytes + size)
            room = int(SPARE * most) - self._used_bytes - size
            ids = self._ids.get((size, thread))
            if ids:
                key = next(reversed(ids))
            else:
                key = None if self._free_bytes <= room else self._oldest(size)
            if key is None:
                self._shrink(room)
                block = self._allocate(size)
            else:
                block = self._take(key)
            self._used_bytes += size
            self._most_used_bytes = max(self._most_used_bytes, self._used_bytes)
            return block
        finally:
            self._lock.release()

    def give_back(self, block: np.ndarray, thread: int) -> None:
        """Take back a block, which that thread had borrowed."""
        self._returned.append((block, thread))

    def release(self) -> None:
        """Return to the system what is not in use, and forget how much once was."""
        with self._lock:
            self._sort_in()
            self._shrink(0)
            self._most_used_bytes = self._used_bytes

    def usage(self) -> tuple[int, int, int]:
        """Bytes in use, bytes kept for later, and the most that were ever in use."""
        with self._lock:
            self._sort_in()
            return self._used_bytes, self._free_bytes, self._most_used_bytes

    def begin_anew_after_fork(self) -> None:
        """Another thread of the parent may have held the lock, which nobody would open here."""
        self._lock = threading.RLock()

    def _allocate(self, size: int) -> np.ndarray:
        try:
            return np.empty(size, np.uint8)
        except MemoryError:  # blocks of other sizes may be in the way
            self._shrink(0)
            return np.empty(size, np.uint8)

    def _sort_in(self) -> None:
        while self._returned:
            block, thread = self._returned.popleft()
            self._used_bytes -= block.size
            self._free_bytes += block.size
            self._free[id(block)] = block, thread
            self._ids.setdefault((block.size, thread), {})[id(block)] = None

    def _oldest(self, size: int) -> int | None:
        """The block of that size that has been unused for longest, whichever thread had it."""
        return next((key for key, (block, _) in self._free.items() if block.size == size), None)

    def _take(self, key: int) -> np.ndarray:
        block, thread = self._free[key]
        ids = self._ids.get((block.size, thread), {})
        ids.pop(key, None)  # first: Ctrl-C at any moment must not leave a name of nothing
        if not ids:
            self._ids.pop((block.size, thread), None)
        del self._free[key]
        self._free_bytes -= block.size
        return block

    def _shrink(self, free_bytes: int) -> None:
        """Drop the blocks unused for longest until at most `free_bytes` are kept."""
        while self._free_bytes > max(free_bytes, 0):
            self._take(next(iter(self._free)))


class _Loan:
    """A block that goes back to the pool when the last array made of it is gone."""

    def __init__(self, size: int) -> None:
        self._pool, self._thread = _pool, threading.get_ident()
        self._block = self._pool.borrow(size, self._thread)
        self._own = np.empty(size, np.uint8) if self._block is None else None

    @property
    def __array_interface__(self) -> dict:
        return (self._own if self._block is None else self._block).__array_interface__

    def __del__(self) -> None:
        block = getattr(self, "_block", None)
        if block is not None:
            self._pool.give_back(block, self._thread)


_pool = _Pool()


def empty(shape: tuple[int, ...], dtype, xp) -> Array:
    """An array of the module `xp` with anything in it, in C order, from used memory if it can be.

    Args:    shape, dtype: as for `numpy.empty`; xp: array module.
    Raises:  MemoryError: there is not so much, even after what was kept is given up.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if xp is not np or size < SMALLEST_LOAN:
        return xp.empty(shape, dtype=dtype)
    rounded = -(-size // SMALLEST_LOAN) * SMALLEST_LOAN
    return np.asarray(_Loan(rounded))[:size].view(dtype).reshape(shape)


def empty_like(array: Array, dtype=None) -> Array:
    """As `empty`, of the shape of `array` and with its axes in the same order in memory.

    Args:    array: any strides; its values do not matter. dtype: that of `array` by default.
    """
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


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=_pool.begin_anew_after_fork)
