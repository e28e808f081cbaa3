"""What the machine itself can do: its best rate of matrix products, and of copying memory."""

import importlib.metadata
import os
import platform
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from minialexnet.backend import python_version, usable_cores

SIZES = (1024, 2048, 3072, 4096)
COPY_BYTES = 1 << 28
TELLS_BLAS = (
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "MKL_CBWR",
    "MKL_ENABLE_INSTRUCTIONS",
    "BLIS_ARCH_TYPE",
)
"""Variables of the environment that have a BLAS compute otherwise than it would by itself here."""


class Machine:
    """Measures rates on `threads` cores.

    The best way of multiplying is looked for once; then `sgemm` measures that one again and again,
    in turn with the networks, so that a machine whose clock drifts is compared with itself.
    """

    def __init__(self, threads: int, sizes=SIZES) -> None:
        self.threads = threads
        self.pool = ThreadPoolExecutor(threads)
        self.ways = [(own, size) for own in (False, True) for size in sizes]
        self.best = self.ways[0]

    def rates(self, seconds: float) -> dict:
        """All rates: {"sgemm": [[way, size, FLOP/s], ...], "best": FLOP/s, "copy": bytes/s}."""
        table = [(own, size, self._sgemm(own, size, seconds)) for own, size in self.ways]
        *self.best, rate = max(table, key=lambda row: row[2])
        named = [[_WAYS[own], size, rate] for own, size, rate in table]
        return {"sgemm": named, "best": rate, "copy": self._copy(seconds)}

    def sgemm(self, seconds: float) -> float:
        """The rate of the best way, now, in FLOP/s."""
        return self._sgemm(*self.best, seconds)

    def _sgemm(self, own_threads: bool, size: int, seconds: float) -> float:
        """Products of size x size float32 matrices: the fastest round within some seconds.

        One thread of BLAS in each of our threads, on matrices of its own, or BLAS's own threads.
        """
        workers = 1 if own_threads else self.threads
        generator = np.random.default_rng(0)
        a, b = (generator.standard_normal((size, size), dtype=np.float32) for _ in range(2))
        pairs = [(a.copy(), b.copy(), np.empty_like(a)) for _ in range(workers)]
        with threadpool_limits(self.threads if own_threads else 1, user_api="blas"):
            best = self._fastest(lambda p: np.matmul(p[0], p[1], out=p[2]), pairs, seconds)
        return workers * 2 * size**3 / best

    def _copy(self, seconds: float) -> float:
        """Bytes copied a second (each is read once and written once) by all threads together."""
        count = COPY_BYTES // 4 // self.threads
        pairs = [(np.ones(count, np.float32), np.ones(count, np.float32))] * self.threads
        pairs = [(a.copy(), b.copy()) for a, b in pairs]
        best = self._fastest(lambda pair: np.copyto(*pair), pairs, seconds)
        return 4 * count * self.threads / best

    def _fastest(self, function, items, seconds: float) -> float:
        """Seconds of the fastest round in which each thread calls `function` on its item."""
        list(self.pool.map(function, items))  # BLAS makes its buffers, memory its pages
        end, best = time.perf_counter() + seconds, float("inf")
        while True:
            start = time.perf_counter()
            list(self.pool.map(function, items))
            stop = time.perf_counter()
            best = min(best, stop - start)
            if stop > end:
                return best


_WAYS = {False: "one BLAS thread on each core", True: "BLAS's own threads"}


def describe_machine() -> dict[str, str]:
    """Processor, memory, system and versions, for the head of a report. No names of folders."""
    found = {
        "minialexnet": own_version(),
        "processor": f"{processor()}, {usable_cores()} cores",
        "memory": _memory(),
        "system": f"{platform.system()} {platform.machine()}",
        "Python": python_version(),
    }
    for package, name in (("numpy", "NumPy"), ("torch", "PyTorch"), ("dezero", "DeZero")):
        try:
            found[name] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    found["NumPy"] += f" with {blas()}"
    return found


def blas() -> str:
    """Which BLAS NumPy uses, which kernels that has chosen, and what the environment told it."""
    libraries = [d for d in threadpool_info() if d["user_api"] == "blas"]
    found = " and ".join(
        f"{d['internal_api']} {d['version']} ({d.get('architecture', 'unknown')} kernels)"
        for d in libraries
    )
    told = [f"{name}={os.environ[name]}" for name in TELLS_BLAS if name in os.environ]
    return "; ".join([found or "a BLAS that threadpoolctl does not know", *told])


def own_version() -> str:
    """The version of this project that is measured."""
    try:
        return with_commit(importlib.metadata.version("minialexnet"))
    except importlib.metadata.PackageNotFoundError:
        return with_commit("not installed")


def with_commit(version: str) -> str:
    """What of this project was measured: its version, and the commit where there is git."""
    command = ["git", "describe", "--always", "--dirty=, with changes"]
    try:
        here = Path(__file__).parent
        commit = subprocess.run(command, cwd=here, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return version
    return f"{version}, commit {commit.stdout.strip()}"


def processor() -> str:
    """What the processor calls itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts = dict(line.split(":", 1) for line in lines if ":" in line)
    facts = {key.strip(): value.strip() for key, value in facts.items()}
    name = facts.get("model name", platform.machine())
    family, model = facts.get("cpu family"), facts.get("model")
    return f"{name} (family {family}, model {model})" if family and model else name


def stolen_seconds(statistics: Path = Path("/proc/stat")) -> float | None:
    """Time of all processors that the host of this virtual machine has given to others.

    It is counted in ticks (of 10 ms mostly) since the machine was started. None where the system
    does not count it; 0 also where the host does not tell the system of it.
    """
    try:
        name, *ticks = statistics.read_text().splitlines()[0].split()
        return int(ticks[7]) / os.sysconf("SC_CLK_TCK") if name == "cpu" else None
    except (OSError, IndexError, ValueError, AttributeError):
        return None


def _memory() -> str:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return "unknown"
    return f"{size / 2**30:.0f} GiB"
