"""Where the check computes: on the GPU, or in a trial on the host in its stead."""

import gc
import time
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from minialexnet.backend import move, release_memory, select_device, synchronize


@dataclass(frozen=True)
class Place:
    """All in which the two differ.

    Attributes:
        xp: the array module.
        on_gpu: False in a trial.
    """

    xp: ModuleType
    on_gpu: bool

    @classmethod
    def choose(cls, trial: bool, precision: str | None = None, gpu: int | None = None) -> "Place":
        """The GPU, for the whole process; in a trial the host, which has one precision.

        Raises InputError if it cannot be used, or has not this precision.
        """
        if trial:
            return cls(select_device("numpy").xp, on_gpu=False)
        return cls(select_device("cupy", gpu, precision).xp, on_gpu=True)

    def put(self, array: Any) -> Any:
        """A host array there, its elements in the same order in memory."""
        return move(array, self.xp)

    def wait(self) -> None:
        """Until all that was begun is done."""
        synchronize(self.xp)

    def mark(self) -> Any:
        """The moment at which all that was begun so far is done; nobody waits for it."""
        if not self.on_gpu:
            return time.perf_counter()
        event = self.xp.cuda.Event()
        event.record()
        return event

    def seconds(self, start: Any, end: Any) -> float:
        """Between two marks; before that, `wait`."""
        if not self.on_gpu:
            return end - start
        return self.xp.cuda.get_elapsed_time(start, end) / 1000

    def memory(self) -> dict[str, int]:
        """Bytes that arrays have, and bytes that are held for them."""
        if self.on_gpu:
            pool = self.xp.get_default_memory_pool()
            return {"used": pool.used_bytes(), "total": pool.total_bytes()}
        resident = _resident()
        return {"used": resident, "total": resident}

    def free(self) -> None:
        """Give back memory that no array has."""
        gc.collect()
        if self.on_gpu:
            self.xp.get_default_memory_pool().free_all_blocks()
        release_memory()


def _resident() -> int:
    """Bytes of this process in memory; 0 where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:")), 0)
