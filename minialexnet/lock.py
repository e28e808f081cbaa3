"""One process at a time at a file or folder that comes and goes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from minialexnet.errors import InputError

try:
    import fcntl
except ImportError:  # Windows, where nothing is locked
    fcntl = None


class Busy(InputError):
    """Another process has it."""


@contextmanager
def only_one(path: Path, make: Callable[[], object], busy: str) -> Iterator[None]:
    """Call `make()`, which makes `path` unless it is there, and keep other processes from it.

    Raises: Busy(busy) when another process has it. A process that is killed lets go.
    """
    if fcntl is None:
        make()
        yield
        return
    held = _hold(path, make, busy)
    try:
        yield
    finally:
        os.close(held)


def _hold(path: Path, make: Callable[[], object], busy: str) -> int:
    while True:
        make()
        try:
            held = os.open(path, os.O_RDONLY)
        except FileNotFoundError:  # another process was done with it just now
            continue
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(held), os.stat(path)):
                return held
        except BlockingIOError:
            os.close(held)
            raise Busy(busy) from None
        except FileNotFoundError:
            pass
        except OSError:  # a file system that knows no locks
            return held
        os.close(held)
