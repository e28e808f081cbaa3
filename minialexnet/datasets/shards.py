"""Pictures in several files that are used as one array."""

from __future__ import annotations

import mmap
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

Images = Any  # a NumPy array (N, S, S, 3) of uint8, or `Shards`


class Shards:
    """An array (N, S, S, 3) of uint8 whose pictures lie in several memory-maps.

    It has of an array what pictures are used by: a shape, a length, and access by the number of a
    picture (a view), perhaps with rows and columns of it, or by a slice or array of numbers (a
    copy). How long one picture takes does not depend on how many there are.

    maps: arrays (K, S, S, 3), all with equally many pictures but for the last; slots: (N,) whole
    numbers, where each picture lies if all of `maps` is counted through.
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(self, maps: Sequence[np.ndarray], slots: np.ndarray) -> None:
        self._maps = maps
        self._arrays = [np.asarray(each) for each in maps]  # which are quicker to cut than maps
        self.slots = slots
        self.shape = (len(slots), *maps[0].shape[1:])

    def __len__(self) -> int:
        return len(self.slots)

    @property
    def size(self) -> int:
        """The number of values."""
        return int(np.prod(self.shape, dtype=object))

    def __getitem__(self, key: Any) -> np.ndarray:
        key, *inside = key if isinstance(key, tuple) else (key,)
        if not isinstance(key, slice | np.ndarray):
            return self._one(self.slots[operator.index(key)])[tuple(inside)]
        slots = self.slots[key]
        if inside:
            raise TypeError("rows and columns can be taken of one picture at a time only")
        pictures = np.empty((len(slots), *self.shape[1:]), np.uint8)
        for picture, slot in zip(pictures, slots, strict=True):
            picture[:] = self._one(slot)
        return pictures

    def _one(self, slot: int) -> np.ndarray:
        shard, row = divmod(int(slot), len(self._arrays[0]))
        _will_be_needed(self._maps[shard], row)
        return self._arrays[shard][row]


def _will_be_needed(array: np.ndarray, row: int) -> None:
    """Have the system fetch a row of a memory-map in one go, if it is not in memory.

    Otherwise it would find out page by page, and fetch what lies around each page as well: in a
    large set that takes ten times as long or more.
    """
    if not isinstance(array, np.memmap) or not hasattr(mmap, "MADV_WILLNEED"):
        return
    start = array.offset % mmap.ALLOCATIONGRANULARITY + row * array.strides[0]
    page = start - start % mmap.PAGESIZE
    array.base.madvise(mmap.MADV_WILLNEED, page, start + array.strides[0] - page)
