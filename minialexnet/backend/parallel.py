"""Using all CPU cores: slices of a batch and blocks of an array on a pool of threads.

NumPy lets go of Python's lock inside its loops and inside BLAS, so threads really run side by
side. BLAS itself is told to use one thread meanwhile: two pools that both take all cores only
stand in each other's way. Nothing here depends on the number of threads but the time it takes:
what is added up is cut the same way for any number of them, and combined in its order. (A batch of
one picture cannot be cut. It is left to BLAS's own threads, which may round otherwise.)
On a GPU the whole batch is one slice.
"""

import functools
import itertools
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import copy_context
from numbers import Integral
from typing import Any, TypeVar

import threadpoolctl

from minialexnet.backend.arrays import Array, get_array_module, is_on_host, memory_order_view
from minialexnet.backend.cores import usable_cores
from minialexnet.backend.memory import empty, release_unused
from minialexnet.errors import InputError

T = TypeVar("T")
R = TypeVar("R")

SLICE_PICTURES = 8
"""Slices hold at most so many pictures, if these are not small: batches of 128 feed 16 cores."""

MIN_SLICES = 4
"""Batches are cut into at least so many slices (if they have the pictures), to feed the cores.
More of them would be smaller: for 16 pictures, eight slices take 10 to 25% longer on two cores."""

SMALL_SLICE = 40_000
"""Small pictures go together until a slice has so many numbers: then their arithmetic outweighs
Python's. (`mini` trains 1.3 to 2 times as fast for it with pictures of 28 to 16 pixels.)"""

SLICE_ELEMENTS = 5 << 18
"""What a layer gets or makes of a slice has at most so many elements (5 MiB of float32), for it is
to stay in the cache until the next layer. A slice that has more goes through in parts."""

CACHED_ELEMENTS = 1 << 19
"""An operation of several passes goes over so many elements at a time."""

PRODUCT_BLOCKS, PRODUCT_COLUMNS = 8, (64, 512)
"""A large matrix product is shared out in at least so many blocks, of at least and at most so many
columns: narrow ones take longer for the same work, and wide ones cannot be shared by many cores."""

BLOCK_ELEMENTS = 1 << 18
"""Elementwise updates go through memory in blocks of so many elements, which the cache holds. Small
ones are slow: with every call NumPy takes Python's lock, which other threads want as well."""

DEVICE_ELEMENTS = 1 << 27
"""On a GPU an operation takes so many elements at a time: half a GiB of float32, so that a card of
8 GiB has room for the rest."""

SHARED_ELEMENTS = 1 << 19
"""Of fewer elements an elementwise update is done sooner than another thread has woken up."""


class _OneBlasThread:
    """Inside `with`, BLAS has one thread.

    Users may overlap in time: the first sets the limit, the last to leave takes it back. (Each
    by itself would take the other's limit for what was there before, and leave it behind.)
    """

    def __init__(self) -> None:
        # Reentrant: collecting garbage inside may close a forgotten generator, which leaves here.
        self._lock = threading.RLock()
        self._users = 0
        self._limit: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if self._users == 0:
                _let_any_thread_limit_blas()
                self._limit = _blas_libraries().limit(limits=1, user_api="blas")
            self._users += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self.lift()

    def lift(self) -> None:
        """Give BLAS its threads back, whoever is still inside."""
        if self._limit is not None:
            _let_any_thread_limit_blas()
            self._limit.restore_original_limits()
            self._limit = None
            _let_any_thread_limit_blas()


_worker = threading.local()
_pool_lock = threading.Lock()
_pool: ThreadPoolExecutor | None = None
_threads: int | None = None
_one_blas_thread = _OneBlasThread()


def num_threads() -> int:
    """How many threads share the work: as set, else MINIALEXNET_THREADS, else all cores.

    Raises: InputError if MINIALEXNET_THREADS is no whole number from 1.
    """
    global _threads
    if _threads is None:
        chosen = os.environ.get("MINIALEXNET_THREADS", "")
        if chosen and not (chosen.isdecimal() and int(chosen) > 0):
            raise InputError(
                f"MINIALEXNET_THREADS is {chosen!r}; expected a whole number from 1, or unset it"
            )
        _threads = int(chosen) if chosen else usable_cores()
    return _threads


def set_num_threads(count: int) -> None:
    """Share the work between `count` threads from now on.

    Raises InputError for less than one thread, and in a worker, which would wait for itself.
    """
    global _threads
    if not isinstance(count, Integral) or isinstance(count, bool) or count < 1:
        raise InputError(f"the number of threads is {count!r}; expected a whole number from 1")
    if _is_worker():
        raise InputError(
            "set_num_threads was called in a worker of the pool it would replace; call it outside "
            "of map_ordered and for_each_block"
        )
    with _pool_lock:
        if count != _threads:
            _end_pool()
        _threads = count


def release_memory() -> None:
    """Give memory that is kept for the next pass back to the operating system.

    The pool's threads end before, and are started again for the next work: a free-threaded Python
    frees an array that a thread has made only when that thread runs again, or ends. Calls that
    the pool was given are waited for, so a worker must not wait for a thread that is in here. In a
    worker, or while somebody gives the pool work, no thread ends.
    """
    # Without waiting for the lock: collecting garbage while it is held may lead here.
    if not _is_worker() and _pool_lock.acquire(blocking=False):
        try:
            _end_pool()
        finally:
            _pool_lock.release()
    release_unused()


def slice_batch(x: Array) -> list[slice]:
    """How the pictures of the batch `x` (N, C, H, W) are shared out: slices of the first axis.

    The slices depend on the shape of the batch alone, so results do not change with the machine.
    What is not a batch of pictures (rows of features) stays in one piece.
    """
    count = x.shape[0]
    if not is_on_host(x) or x.ndim != 4 or count == 0:
        return [slice(0, count)]
    together = SMALL_SLICE // max(1, x.size // count)
    if together > SLICE_PICTURES:
        slices = 2 * -(-count // (2 * together))  # an odd one would keep one core of two waiting
    else:
        slices = max(MIN_SLICES, -(-count // SLICE_PICTURES))
    return _equal_parts(count, min(count, slices))


def halve_slice(x: Array, elements: int) -> list[slice]:
    """How a slice goes through a layer that has to do with so many `elements` of each picture.

    In two halves if that is too much for the cache, otherwise in one piece; and what `slice_batch`
    leaves in one piece stays so.
    """
    count = x.shape[0]
    fits = not is_on_host(x) or x.ndim != 4 or count * elements <= SLICE_ELEMENTS
    return _equal_parts(count, 1 if fits or count < 2 else 2)


@contextmanager
def blas_on_one_thread() -> Iterator[None]:
    """Inside `with`, BLAS has one thread, and rounds as it does in the pool's workers."""
    with _one_blas_thread:
        yield


def cached_blocks(x: Array, elements: int | None = None) -> list[slice]:
    """How work in several passes over `x` is cut up: slices of its first axis, the pictures.

    A block of few of them stays in the cache from pass to pass. (Much smaller blocks would be
    slower: with every call NumPy takes Python's lock, which other threads want as well.)

    Args: elements: in memory for each of the first axis; by default as many as x has.
    """
    count = x.shape[0]
    if x.size == 0:
        return [slice(0, count)]
    elements = x.size // count if elements is None else elements
    most = CACHED_ELEMENTS if is_on_host(x) else DEVICE_ELEMENTS
    step = max(1, most // max(1, elements))
    if not is_on_host(x):  # no small rest, which would leave most of a GPU idle
        return _equal_parts(count, -(-count // step))
    return [slice(a, a + step) for a in range(0, count, step)]


def map_ordered(function: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
    """`map`, on the pool's threads with one BLAS thread each; results come in order of `items`.

    Each call on the pool gets a copy of the context (`contextvars`) in which the first result was
    asked for; NumPy's error state is a part of it.

    Runs in the calling thread when there is one item, one thread, or the caller is itself a
    worker of the pool (which must not wait for workers). With one thread BLAS has one as well:
    it cuts its sums differently for several, and the results would differ in the last bits.

    When a call raises, or the caller stops early, calls not yet begun are dropped and those under
    way are waited for: nobody writes into the caller's arrays behind its back.
    """
    if len(items) <= 1 or _is_worker():
        yield from map(function, items)
        return
    if num_threads() == 1:
        with _one_blas_thread:
            yield from map(function, items)
        return

    def work(item: T) -> R:
        _worker.busy = True
        try:
            return function(item)
        finally:
            _worker.busy = False

    with _one_blas_thread:
        process, futures = os.getpid(), deque[Future[R]]()
        try:
            with _pool_lock:  # or set_num_threads could shut the pool down in between
                pool = _get_pool()
                # One by one, as an interruption must find those begun; and each with a copy of the
                # context, as only one thread at a time can be in it.
                for item in items:
                    futures.append(pool.submit(copy_context().run, work, item))
            while futures:
                result = futures[0].result()
                futures.popleft()  # or its result would be kept until the last one is there
                yield result
        finally:
            if os.getpid() == process:  # a child that was forked meanwhile has none of the threads
                wait([future for future in futures if not future.cancel()])


def matmul(a: Array, b: Array) -> Array:
    """The matrix product a b, on all cores.

    The columns of the result are shared out in blocks, each with one BLAS thread. (BLAS's own
    threads would cut the work differently for each number of them, which shows in the last bits.)
    One row is left to BLAS and its threads, for which reading b once is all the work.

    Args: a: (M, K); b: (K, N); any strides. Returns: (M, N).
    """
    xp = get_array_module(a, b)
    product = empty((a.shape[0], b.shape[1]), xp.result_type(a, b), xp)
    if not is_on_host(a) or a.shape[0] == 1:
        return xp.matmul(a, b, out=product)

    def on_block(start: int) -> None:
        columns = slice(start, start + width)
        xp.matmul(a, b[:, columns], out=product[:, columns])

    low, high = PRODUCT_COLUMNS
    width = min(max(-(-b.shape[1] // PRODUCT_BLOCKS), low), high)
    with _one_blas_thread:
        consume(map_ordered(on_block, range(0, b.shape[1], width)))
    return product


def for_each_block(function: Callable[..., Any], *arrays: Array) -> None:
    """Call `function(*blocks)` on matching flat blocks of arrays of equal layout, on all cores.

    For elementwise work in place: each block is small enough to stay in the cache while several
    passes go over it. On a GPU there is one block, the whole arrays.
    """
    if not is_on_host(arrays[0]):
        function(*arrays)
        return
    flat = [memory_order_view(a) for a in arrays]
    size = flat[0].size

    def on_range(start: int) -> None:
        stop = min(start + stride, size)
        for a in range(start, stop, BLOCK_ELEMENTS):
            b = min(a + BLOCK_ELEMENTS, stop)
            function(*(array[a:b] for array in flat))

    stride = max(SHARED_ELEMENTS, -(-size // (4 * num_threads())))
    consume(map_ordered(on_range, range(0, size, stride)))


def consume(results: Iterable[Any]) -> None:
    """Wait for all results, which are of no interest."""
    for _ in results:
        pass


def _equal_parts(count: int, parts: int) -> list[slice]:
    bounds = [count * i // parts for i in range(parts + 1)]
    return [slice(a, b) for a, b in itertools.pairwise(bounds)]


def _is_worker() -> bool:
    return getattr(_worker, "busy", False)


def _get_pool() -> ThreadPoolExecutor:
    """The pool, made when it is first needed. The caller holds `_pool_lock`."""
    global _pool
    if _pool is None:
        _pool = ThreadPoolExecutor(num_threads(), thread_name_prefix="minialexnet")
    return _pool


def _end_pool() -> None:
    """Wait for the pool's threads to end. The caller holds `_pool_lock`."""
    global _pool
    if _pool is not None:
        try:
            _pool.shutdown()
        finally:  # if interrupted as well: a pool that is shut down takes no more work
            _pool = None


def _begin_anew_after_fork() -> None:
    """A forked process has none of its parent's threads, and waiting for them would never end."""
    global _worker, _pool_lock, _pool, _one_blas_thread
    _worker, _pool_lock, _pool = threading.local(), threading.Lock(), None
    _one_blas_thread.lift()
    _one_blas_thread = _OneBlasThread()


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=_begin_anew_after_fork)


def _let_any_thread_limit_blas() -> None:
    """Have threadpoolctl forget which thread set a limit.

    By itself it lets that thread alone set another, and silently ignores what others ask for (in
    its newer versions, for OpenBLAS). But here the first of several users sets the limit, and the
    last one lifts it.
    """
    openblas = getattr(threadpoolctl, "OpenBLASController", None)
    if hasattr(openblas, "clear_controlling_thread"):
        openblas.clear_controlling_thread(force=True)


@functools.cache
def _blas_libraries() -> threadpoolctl.ThreadpoolController:
    return threadpoolctl.ThreadpoolController()
