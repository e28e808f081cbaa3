"""A GPU's streams without a GPU: work that is done later, in any order that events allow.

`PretendGpu` holds back everything it is given and does it when it likes, which is whenever a random
generator says so, but each stream in order and no wait before its event. Copies read and write host
memory when they are done, not when they are asked for; and host memory that nobody holds any more
is overwritten at once. So what is read too early, or written to too early, comes out wrong.

`IMMEDIATE` does everything at once; it stands for streams where only the results matter.
"""

import types
from collections import deque

import numpy as np

GARBAGE = 0xEE


class Event:
    """Whether a stream has come so far."""

    def __init__(self, gpu):
        self.gpu, self.happened = gpu, False

    def happen(self):
        self.happened = True

    def synchronize(self):
        self.gpu.work_until(lambda: self.happened)


class Stream:
    """Work in order: functions, and events to wait for."""

    def __init__(self, gpu):
        self.gpu, self.queue = gpu, deque()
        gpu.streams.append(self)

    def record(self, event):
        self.queue.append(event.happen)
        return event

    def wait_event(self, event):
        self.queue.append(event)

    def synchronize(self):
        self.gpu.work_until(lambda: not self.queue)

    def can_go_on(self):
        return bool(self.queue) and getattr(self.queue[0], "happened", True)


class DeviceArray:
    """Memory of the GPU, with what copies need of CuPy's arrays."""

    def __init__(self, gpu, shape, dtype):
        self.gpu, self.values = gpu, np.empty(shape, dtype)
        self.values.view(np.uint8).fill(GARBAGE)
        self.shape, self.dtype = self.values.shape, self.values.dtype

    def set(self, source, stream):
        assert source.shape == self.shape and source.dtype == self.dtype
        memory = self.gpu.memory_of(source)
        stream.queue.append(lambda: np.copyto(self.values, memory))

    def get(self, out, blocking):
        assert not blocking and out.shape == self.shape and out.dtype == self.dtype
        memory = self.gpu.memory_of(out)
        self.gpu.default.queue.append(lambda: np.copyto(memory, self.values))


class _Pinned:
    """Host memory that becomes garbage when the last array in it is gone."""

    def __init__(self, memory):
        self.memory = memory

    @property
    def __array_interface__(self):
        return self.memory.__array_interface__

    def __del__(self):
        self.memory.view(np.uint8).fill(GARBAGE)


class PretendGpu:
    """Streams and their arrays; `xp` stands for CuPy, the GPU itself for its streams."""

    def __init__(self, seed=0):
        self.random = np.random.default_rng(seed)
        self.streams = []
        self.default = Stream(self)
        self.memory = []
        self.xp = types.ModuleType("pretended_cupy")
        self.xp.empty = lambda shape, dtype: DeviceArray(self, shape, dtype)

    def Stream(self, *, non_blocking):
        assert non_blocking
        return Stream(self)

    def event(self):
        return Event(self)

    def get_current_stream(self):
        return self.default

    def pinned(self):
        def empty(shape, dtype):
            self.memory.append(np.full(shape, GARBAGE, dtype))
            return np.asarray(_Pinned(self.memory[-1]))

        return empty

    def memory_of(self, array):
        """The memory behind a pinned array, to be used without keeping the array alive."""
        address = array.__array_interface__["data"]
        (found,) = [m for m in self.memory if m.__array_interface__["data"] == address]
        return found

    def do(self, function):
        """Give the GPU something to compute."""
        self.default.queue.append(function)

    def work(self, times):
        """Do so many things, or as many as can be done."""
        for _ in range(times):
            if any(stream.can_go_on() for stream in self.streams):
                self._work_once()

    def work_until(self, finished):
        """Work on while somebody waits."""
        while not finished():
            self._work_once()

    def _work_once(self):
        able = [stream for stream in self.streams if stream.can_go_on()]
        assert able, "this wait would never end"
        item = able[self.random.integers(len(able))].queue.popleft()
        if not isinstance(item, Event):
            item()


class _Immediate:
    """Streams that are never behind."""

    def __init__(self, non_blocking=True):
        pass

    def record(self, event):
        return event

    def wait_event(self, event):
        pass

    def synchronize(self):
        pass


IMMEDIATE = types.SimpleNamespace(
    Stream=_Immediate,
    event=_Immediate,
    get_current_stream=_Immediate,
    pinned=lambda: np.empty,
)
