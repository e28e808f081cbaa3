"""How much memory a GPU has, and how much of it is taken.

CuPy keeps the memory of arrays that are gone for the next ones, in a pool that only grows, and that
is nobody's business while training. So what the pool holds afterwards is what the work needed.
"""

import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Protocol


@dataclass(frozen=True)
class GpuMemory:
    """Bytes of a GPU's memory.

    Attributes:
        held: by this process's pool, whether in use or kept for the next array.
        available: to this process: what it holds, and what nobody has.
        total: of the GPU.
    """

    held: int
    available: int
    total: int


class Pool(Protocol):
    """What has to be known of a GPU's memory and its pool."""

    def memory(self) -> GpuMemory:
        """How it stands now."""

    def release(self) -> None:
        """Give back what is kept for the next array."""


def gpu_memory(xp: ModuleType) -> GpuMemory | None:
    """How the memory of the calling thread's GPU stands; None where `xp` computes on the host."""
    pool = _pool_of(xp)
    return None if pool is None else pool.memory()


def release_gpu_memory(xp: ModuleType) -> None:
    """Give what the pool of `xp` keeps for the next arrays back to the GPU."""
    pool = _pool_of(xp)
    if pool is not None:
        pool.release()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether it says that there is no more memory, in CuPy's words or in CUDA's own."""
    codes = ("OUT_OF_MEMORY", "ALLOC_FAILED", "cudaErrorMemoryAllocation")
    return isinstance(error, MemoryError) or any(code in str(error) for code in codes)


def register_pool(xp: ModuleType, pool: Pool | None) -> None:
    """Let arrays of the module `xp` live in this pool."""
    _pools[xp] = pool


def _pool_of(xp: ModuleType) -> Pool | None:
    if xp is sys.modules.get("cupy") and xp not in _pools:
        register_pool(xp, _CupyPool(xp))
    return _pools.get(xp)


class _CupyPool:
    def __init__(self, cupy: ModuleType) -> None:
        self._cupy = cupy

    def memory(self) -> GpuMemory:
        pool = self._cupy.get_default_memory_pool()
        held, limit = pool.total_bytes(), pool.get_limit()
        free, total = self._cupy.cuda.runtime.memGetInfo()
        available = min(held + free, limit) if limit else held + free
        return GpuMemory(held, available, total)

    def release(self) -> None:
        self._cupy.get_default_memory_pool().free_all_blocks()


_pools: dict[ModuleType, Pool | None] = {}
