"""What asks CuPy itself for memory and streams, with a module in its place that has those names."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from minialexnet.backend import (
    GpuMemory,
    batch_memory,
    gpu_memory,
    release_gpu_memory,
    transfers,
)
from minialexnet.backend.transfers import lead_of_host


class Pool:
    def __init__(self):
        self.held, self.limit = 3, 0

    def total_bytes(self):
        return self.held

    def get_limit(self):
        return self.limit

    def free_all_blocks(self):
        self.held = 0


@pytest.fixture
def cupy(monkeypatch):
    """A CuPy with a pool and pinned memory, which are told what to hold and when to fail."""

    class Device:
        used: list[int] = []  # noqa: RUF012

        def __init__(self):
            self.id = module.current

        def use(self):
            Device.used.append(self.id)

    def empty_pinned(shape, dtype):
        if module.error is not None:
            raise module.error
        return np.full(shape, 7, dtype)

    module, cupyx = ModuleType("cupy"), ModuleType("cupyx")
    module.pool, module.current, module.error = Pool(), 1, None
    module.get_default_memory_pool = lambda: module.pool
    runtime = SimpleNamespace(memGetInfo=lambda: (5, 11))
    module.cuda = SimpleNamespace(
        runtime=runtime, Device=Device, Stream=None, get_current_stream=None, Event=dict
    )
    cupyx.empty_pinned = empty_pinned
    monkeypatch.setitem(sys.modules, "cupy", module)
    monkeypatch.setitem(sys.modules, "cupyx", cupyx)
    return module


def test_what_is_available_is_what_it_holds_and_what_is_free(cupy):
    assert gpu_memory(cupy) == GpuMemory(held=3, available=8, total=11)
    cupy.pool.limit = 4
    assert gpu_memory(cupy) == GpuMemory(held=3, available=4, total=11)


def test_the_pool_is_emptied(cupy):
    release_gpu_memory(cupy)
    assert cupy.pool.held == 0


def test_who_waits_for_an_event_leaves_its_core_to_others(cupy):
    assert transfers._streams_of(cupy).event() == {"block": True, "disable_timing": True}


def test_batches_are_made_in_pinned_memory_for_the_gpu_in_use(cupy):
    """Also by a thread that would otherwise take the first GPU."""
    assert lead_of_host(cupy) == 1
    empty = batch_memory(cupy)
    cupy.current = 0
    array = empty((2, 3), np.uint8)
    assert (array == 7).all() and array.shape == (2, 3) and array.dtype == np.uint8
    assert cupy.cuda.Device.used == [1]


@pytest.mark.parametrize(
    "error", [MemoryError("no room"), RuntimeError("cudaErrorMemoryAllocation: out of memory")]
)
def test_where_no_more_memory_can_be_pinned_other_memory_will_do(cupy, error):
    cupy.error = error
    assert batch_memory(cupy)((2, 3), np.uint8).shape == (2, 3)


def test_other_errors_are_not_hidden(cupy):
    cupy.error = RuntimeError("cudaErrorIllegalAddress")
    with pytest.raises(RuntimeError, match="IllegalAddress"):
        batch_memory(cupy)((2, 3), np.uint8)
