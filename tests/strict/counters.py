"""Counts what costs time on a GPU and cannot be seen in a result."""

import threading


class Counter:
    """A number that several threads may raise."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._value = 0

    def add(self) -> None:
        with self._lock:
            self._value += 1

    @property
    def value(self) -> int:
        return self._value


syncs = Counter()
"""Waits of the host for the device: a value, or the size of a result, was asked for."""

uploads = Counter()
"""Copies of host values to the device."""


def sync_count() -> int:
    """How often, so far, CuPy would have waited for the GPU; compare before and after."""
    return syncs.value


def upload_count() -> int:
    """How often, so far, CuPy would have copied from the host; compare before and after."""
    return uploads.value
