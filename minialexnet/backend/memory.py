"""Memory for large arrays on the host that is used again, from layer to layer and step to step.

Fresh memory costs as much as arithmetic: the operating system hands it out page by page, each
filled with zeros first. A training step of AlexNet on 128 pictures would ask for some gigabytes
of it, every time the same. So `empty` lends blocks from a pool, and a block goes back when the
last array that looks into it is gone; nobody has to give it back by hand. (In a free-threaded
Python, an array that another thread has made is gone when that thread next runs.) On a GPU, CuPy
does the same by itself.

Each core has a cache of its own. A block that another thread has just used lies in the wrong one,
and to fetch each line from there makes a convolution up to a quarter slower. So threads get their
own blocks back, while there is room for that.

The pool never holds more than two fifths more than was once in use at the same time.
"""

import math
import operator
import os
import threading
from collections import deque
from typing import NamedTuple

import numpy as np

from minialexnet.backend.arrays import Array, axes_by_stride, get_array_module

SMALLEST_LOAN = 1 << 16
"""Arrays of fewer bytes come from NumPy itself, which keeps small pieces at hand."""

NUMBERS = "biufc"
"""Kinds of types that come from the pool. Of others, objects say, not all memory makes sense."""

PATIENCE = 1.0
"""Seconds to wait for the pool before memory is taken from NumPy instead."""

ALIGNMENT = 64
"""Blocks begin at multiples of so many bytes, as lines of the cache do. NumPy's own memory often
begins 16 bytes after one, and then every AVX-512 instruction on it has to do with two lines."""

SPARE = 1.4
"""The pool holds up to so many times the bytes that were once in use. Threads ask in another order
in each step, so with less to spare some blocks are dropped just before they are wanted: with 1.25
a hundred in each step of AlexNet."""


class _Block(NamedTuple):
    """A piece of memory, which is nothing but bytes, and where it begins."""

    memory: np.ndarray
    address: int


def _new_block(size: int) -> _Block:
    memory = np.empty(size + ALIGNMENT, np.uint8)
    begin = -memory.ctypes.data % ALIGNMENT
    return _Block(memory[begin : begin + size], memory.ctypes.data + begin)


class _Pool:
    """Blocks of memory on shelves, one for each size and thread; on each the newest is at the end.

    Arrays are also freed while garbage is collected, at any moment and in any thread. So giving
    back takes no lock, and nobody waits long for the lock: who holds it may be in the middle of a
    collection, which itself waits for other threads.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._returned: deque[tuple[_Block, int]] = deque()  # not yet on a shelf
        self._shelves: dict[tuple[int, int], list[tuple[int, _Block]]] = {}  # when it came, block
        self._count_returned = self._free_bytes = self._used_bytes = self._most_used_bytes = 0

    def borrow(self, size: int, thread: int) -> _Block | None:
        """A block of `size` bytes with anything in it; None if the pool cannot be asked now.

        If there is one, it is the one this thread used last: part of it may be in the cache still.
        """
        if not self._lock.acquire(timeout=PATIENCE):
            return None
        try:
            self._put_on_shelves()
            own = size, thread
            block = self._take(own) if own in self._shelves else self._other_block(size)
            self._used_bytes += size
            if self._used_bytes > self._most_used_bytes:
                self._most_used_bytes = self._used_bytes
            return block
        finally:
            self._lock.release()

    def give_back(self, block: _Block, thread: int) -> None:
        """Take back a block, which that thread had borrowed."""
        self._returned.append((block, thread))

    def release(self) -> None:
        """Return to the system what is not in use, and forget how much once was."""
        with self._lock:
            self._put_on_shelves()
            self._shrink(0)
            self._most_used_bytes = self._used_bytes

    def usage(self) -> tuple[int, int, int]:
        """Bytes in use, bytes kept for later, and the most that were ever in use."""
        with self._lock:
            self._put_on_shelves()
            return self._used_bytes, self._free_bytes, self._most_used_bytes

    def begin_anew_after_fork(self) -> None:
        """Another thread of the parent may have held the lock, which nobody would open here."""
        self._lock = threading.RLock()

    def _other_block(self, size: int) -> _Block:
        """A new block, or if there is no room for one, another thread's unused for longest."""
        most = max(self._most_used_bytes, self._used_bytes + size)
        room = int(SPARE * most) - self._used_bytes - size
        of_others = [key for key in self._shelves if key[0] == size]
        if of_others and self._free_bytes > room:
            return self._take(min(of_others, key=self._unused_since), 0)
        self._shrink(room)
        try:
            return _new_block(size)
        except MemoryError:  # blocks of other sizes may be in the way
            self._shrink(0)
            return _new_block(size)

    def _put_on_shelves(self) -> None:
        while self._returned:
            block, thread = self._returned.popleft()
            size = block.memory.size
            self._used_bytes -= size
            self._free_bytes += size
            self._count_returned += 1
            entry, key = (self._count_returned, block), (size, thread)
            if key in self._shelves:
                self._shelves[key].append(entry)
            else:
                self._shelves[key] = [entry]

    def _take(self, key: tuple[int, int], place: int = -1) -> _Block:
        shelf = self._shelves[key]
        if len(shelf) == 1:  # sizes and threads come and go; first, or Ctrl-C could leave it empty
            del self._shelves[key]
        _, block = shelf.pop(place)
        self._free_bytes -= block.memory.size
        return block

    def _unused_since(self, key: tuple[int, int]) -> int:
        """How many blocks had come back to the pool when the oldest of that shelf did."""
        return self._shelves[key][0][0]

    def _shrink(self, free_bytes: int) -> None:
        """Drop the blocks unused for longest until at most `free_bytes` are kept."""
        while self._free_bytes > max(free_bytes, 0):
            key = min(self._shelves, key=self._unused_since, default=None)
            if key is None:  # Ctrl-C at the wrong moment has left the count too high
                self._free_bytes = 0
            else:
                self._take(key, 0)


class _Loan:
    """The memory of one array, which goes back to the pool when the last view of it is gone."""

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype, size: int) -> None:
        self._pool, self._thread = _pool, threading.get_ident()
        self._block = block = self._pool.borrow(size, self._thread)
        if block is None:
            self._own = np.empty(size, np.uint8)
        self.__array_interface__ = {
            "version": 3,
            "data": (block.address if block else self._own.ctypes.data, False),
            "shape": shape,
            "typestr": dtype.str,
        }

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
    dtype = np.dtype(dtype)
    shape = tuple(map(operator.index, shape))  # NumPy's own integers would overflow in the product
    size = math.prod(shape) * dtype.itemsize
    if xp is not np or size < SMALLEST_LOAN or dtype.kind not in NUMBERS:
        return xp.empty(shape, dtype=dtype)
    return np.asarray(_Loan(shape, dtype, -(-size // SMALLEST_LOAN) * SMALLEST_LOAN))


def empty_like(array: Array, dtype=None) -> Array:
    """As `empty`, of the shape of `array` and with its axes in the same order in memory.

    Args:    array: any strides; its values do not matter. dtype: that of `array` by default.
    """
    dtype = array.dtype if dtype is None else dtype
    if array.flags.c_contiguous and 1 not in array.shape:  # often so, and there is less to do
        return empty(array.shape, dtype, get_array_module(array))
    order = axes_by_stride(array)
    inverse = sorted(range(array.ndim), key=order.__getitem__)
    shape = tuple(array.shape[axis] for axis in order)
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


def release_unused() -> None:
    """Return to the operating system what no array uses."""
    _pool.release()


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=_pool.begin_anew_after_fork)
