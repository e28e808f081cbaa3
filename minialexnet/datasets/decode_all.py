"""Decoding many pictures at once, on all cores."""

from __future__ import annotations

import threading
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context

import numpy as np

from minialexnet.datasets.decode import PictureError, decode_picture

WAITING_PER_WORKER = 4  # pictures read but not yet decoded, for these take memory as well


class TooLittleMemory(PictureError):
    """Nothing is wrong with the picture, as far as is known."""


Decoded = tuple[str, int, np.ndarray | PictureError]


def decode_all(
    files: Iterable[tuple[str, int, bytes]], size: int, fit: str, workers: int
) -> Iterator[Decoded]:
    """Yield (split, position, pixels) of all files (split, position, content), in their order.

    In the place of the pixels, uint8 (size, size, 3), a PictureError stands for a file that cannot
    be decoded. Threads do it: nearly all the time Pillow computes without Python's lock.
    """
    one_by_one = threading.Lock()

    def decode(split: str, position: int, content: bytes) -> Decoded:
        try:
            with suppress(MemoryError):
                return split, position, decode_picture(content, size, fit)
            # Not where the error was caught, which would keep what the first try had in memory.
            with one_by_one:
                return split, position, decode_picture(content, size, fit)
        except PictureError as error:
            return split, position, error
        except MemoryError:
            return split, position, TooLittleMemory("there is not enough memory to decode it")

    # Pillow warns of odd notes in a picture, which do not matter, and of huge ones, which are
    # skipped. Filters belong to the whole process, so this must be around all threads; in a
    # free-threaded Python they belong to a context, so each call gets a copy of this one.
    with warnings.catch_warnings(), ThreadPoolExecutor(workers) as pool:
        warnings.filterwarnings("ignore", module=r"PIL\.")
        jobs: deque[Future[Decoded]] = deque()
        try:
            for file in files:
                jobs.append(pool.submit(copy_context().run, decode, *file))
                if len(jobs) > WAITING_PER_WORKER * workers:
                    yield jobs.popleft().result()
            while jobs:
                yield jobs.popleft().result()
        finally:
            for job in jobs:
                job.cancel()
