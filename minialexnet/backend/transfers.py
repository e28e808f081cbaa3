"""Copies between host and device under way while both compute.

A GPU gets its work in advance and does it in order, a "stream". The host must not wait for a result
in between, or the GPU runs out of work while the host prepares more. So results are asked for with
`fetch` and read a step later (`one_late`); and batches cross over on a second stream, one ahead
(`upload_ahead`). Both need host memory that stays in its place, "pinned"; `batch_memory` gives it.

On the host all of this is at once, and nothing is copied.
"""

import functools
import importlib
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any, Protocol, TypeVar

import numpy as np

from minialexnet.backend.arrays import Array, get_array_module, to_host
from minialexnet.backend.cores import usable_cores
from minialexnet.backend.gpu_memory import is_out_of_memory

T = TypeVar("T")

MOST_AHEAD = 8
"""Batches in the making, by estimate: one core scales 64 pictures of 128 pixels in 23 ms, and a
large GPU may learn from them in three."""

Empty = Callable[[tuple[int, ...], Any], np.ndarray]
"""Makes an array of a shape and dtype on the host, with anything in it."""

Fetched = Callable[[], Sequence[np.ndarray]]
"""Waits for arrays that are on their way to the host, and returns them."""


class Streams(Protocol):
    """What copies under way need, under the names that CuPy has for it."""

    def Stream(self, *, non_blocking: bool) -> Any:
        """A new stream: it can `record(event)`, `wait_event(event)`, and `synchronize()`."""

    def event(self) -> Any:
        """A new event. Who waits for it with `synchronize()` leaves the core to other threads."""

    def get_current_stream(self) -> Any:
        """The stream which the calling thread gives its work to."""

    def pinned(self) -> Empty:
        """Makes arrays in pinned memory, for the calling thread's GPU and in any thread."""


def fetch(*arrays: Array) -> Fetched:
    """Ask for the values of arrays of one device, as they are after all the work given to it."""
    if all(isinstance(array, np.ndarray | np.generic) for array in arrays):
        return lambda: arrays
    streams = _streams_of(get_array_module(*arrays))
    if streams is None:
        return lambda: [to_host(array) for array in arrays]
    empty = streams.pinned()
    copies = [empty(array.shape, array.dtype) for array in arrays]
    for array, copy in zip(arrays, copies, strict=True):
        array.get(out=copy, blocking=False)
    done = streams.get_current_stream().record(streams.event())

    def fetched() -> Sequence[np.ndarray]:
        done.synchronize()
        return copies

    return fetched


def one_late(results: Iterable[T], xp: ModuleType) -> Iterator[T]:
    """What was fetched from the device of `xp`, each as soon as waiting for it leaves it work.

    That is when the next one has been asked for, or there is none; on the host, at once.
    """
    lead = lead_of_host(xp)
    waiting: deque[T] = deque()
    for result in results:
        waiting.append(result)
        if len(waiting) > lead:
            yield waiting.popleft()
    yield from waiting


def lead_of_host(xp: ModuleType) -> int:
    """How many steps of work the host should be ahead of the device of `xp`."""
    return 0 if _streams_of(xp) is None else 1


def batches_ahead(xp: ModuleType) -> int:
    """How many batches to make at a time, each in a thread, while the device of `xp` computes.

    One where the computing takes the cores itself. A GPU may want them faster than a core can
    scale their pictures.
    """
    return 1 if _streams_of(xp) is None else min(MOST_AHEAD, usable_cores())


def batch_memory(xp: ModuleType) -> Empty:
    """Where batches for the device of `xp` are best made: `numpy.empty`, or the same but pinned."""
    streams = _streams_of(xp)
    return np.empty if streams is None else streams.pinned()


def upload_ahead(
    batches: Iterator[tuple[np.ndarray, ...]], xp: ModuleType
) -> Iterator[tuple[tuple[np.ndarray, ...], tuple[Array, ...]]]:
    """Each batch, and the same arrays on the device of `xp`; the next batch crosses over meanwhile.

    A batch on the device is good until the next one is asked for; then its memory is used again.

    Args: batches: of arrays which nobody writes to any more, in `batch_memory`.
    """
    streams = _streams_of(xp)
    if streams is None:
        for batch in batches:
            yield batch, tuple(xp.asarray(array) for array in batch)
        return
    uploads = _Uploads(xp, streams)
    ahead: deque[_Upload] = deque()
    try:
        for batch in batches:
            ahead.append(uploads.begin(batch))
            if len(ahead) > 1:
                yield from uploads.hand_out(ahead.popleft())
        while ahead:
            yield from uploads.hand_out(ahead.popleft())
    finally:
        uploads.finish()


class _Upload:
    """A batch on its way: where it comes from, where it goes, and the event of its arrival."""

    def __init__(self, batch, arrays, arrived) -> None:
        self.batch, self.arrays, self.arrived = batch, arrays, arrived


class _Uploads:
    """Copies batches on a stream of its own, into memory that is used again and again."""

    def __init__(self, xp: ModuleType, streams: Streams) -> None:
        self._xp, self._streams = xp, streams
        self._copying = streams.Stream(non_blocking=True)
        self._free: deque[tuple[tuple[Array, ...], Any]] = deque()  # arrays, event of their release

    def begin(self, batch: tuple[np.ndarray, ...]) -> _Upload:
        """Have `batch` copied as soon as there is room."""
        arrays, released = self._room(batch)
        self._copying.wait_event(released)
        for array, source in zip(arrays, batch, strict=True):
            array.set(source, stream=self._copying)
        return _Upload(batch, arrays, self._copying.record(self._streams.event()))

    def hand_out(self, upload: _Upload) -> Iterator:
        """Yield the batch, which later work waits for; then its room is free again."""
        current = self._streams.get_current_stream()
        current.wait_event(upload.arrived)
        yield upload.batch, upload.arrays
        self._free.append((upload.arrays, current.record(self._streams.event())))
        upload.arrived.synchronize()  # the host's memory may be used again after this, not before

    def finish(self) -> None:
        """Wait for what is under way, which would be written to memory that is no longer ours."""
        self._copying.synchronize()

    def _room(self, batch: tuple[np.ndarray, ...]) -> tuple[tuple[Array, ...], Any]:
        """Arrays like those of the batch, and the event after which they may be written to."""
        shapes = [array.shape for array in batch]
        while self._free:
            arrays, released = self._free.popleft()
            if [array.shape for array in arrays] == shapes:
                return arrays, released
        arrays = tuple(self._xp.empty(array.shape, dtype=array.dtype) for array in batch)
        # Work that was given to the GPU before may still be using this memory for something else.
        return arrays, self._streams.get_current_stream().record(self._streams.event())


def register_streams(xp: ModuleType, streams: Streams | None) -> None:
    """Let copies to and from arrays of the module `xp` be under way on these streams."""
    _streams[xp] = streams


def _streams_of(xp: ModuleType) -> Streams | None:
    """None where arrays are on the host, or copying cannot be left to itself."""
    if xp is sys.modules.get("cupy") and xp not in _streams:
        register_streams(xp, _CupyStreams(xp))
    return _streams.get(xp)


class _CupyStreams:
    def __init__(self, cupy: ModuleType) -> None:
        self.Stream = cupy.cuda.Stream
        self.get_current_stream = cupy.cuda.get_current_stream
        # By default a thread that waits keeps its core busy, which batches are made on meanwhile.
        self.event = functools.partial(cupy.cuda.Event, block=True, disable_timing=True)
        self._device = cupy.cuda.Device
        self._empty = importlib.import_module("cupyx").empty_pinned

    def pinned(self) -> Empty:
        gpu = self._device()  # of this thread; others begin with the first GPU

        def empty(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
            gpu.use()  # for good: to go back would wake up the first GPU, which others may use
            try:
                return self._empty(shape, dtype)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                # Copies take longer then; they are right all the same.
                return np.empty(shape, dtype)

        return empty


_streams: dict[ModuleType, Streams | None] = {}
