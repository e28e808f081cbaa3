"""The GPU's kernels without a GPU: the same sources through a C++ compiler, run on the host.

What is not seen here: whether the CUDA compiler takes them, and anything about threads.
"""

import ctypes
import functools
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from strict import StrictArray

from minialexnet.backend import kernels, register_kernel_compiler

PRELUDE = """
#include <cmath>
using namespace std;
#define __device__ static
#define KERNEL extern "C" void
#define EACH(i, count) for (index i = 0; i < (count); i++)
#define INFINITE ((REAL)INFINITY)
"""

C_TYPES = {np.int32: ctypes.c_int, np.int64: ctypes.c_longlong, np.uint64: ctypes.c_ulonglong}
C_TYPES |= {np.float32: ctypes.c_float, np.float64: ctypes.c_double}


@contextmanager
def kernels_on_host(xp: ModuleType) -> Iterator[None]:
    """Within `with`, operations on arrays of `xp`, the strict stand-in, run the kernels."""
    if shutil.which("c++") is None:
        pytest.skip("there is no C++ compiler that the kernels could be run with")
    before = kernels._compilers.copy()  # a test may stand inside the `with` of the whole backend
    register_kernel_compiler(xp, compile_source)
    try:
        yield
    finally:
        kernels._compilers.clear()
        kernels._compilers.update(before)


@functools.cache
def compile_source(source: str, real: str, index: str) -> Callable[[str, int, Sequence[Any]], None]:
    """As `minialexnet.backend.kernels.register_kernel_compiler` wants it."""
    folder = Path(tempfile.mkdtemp(prefix="minialexnet-kernels-"))
    try:
        types = f"typedef {real} REAL;\ntypedef {index} index;\n"
        (folder / "kernels.cpp").write_text(PRELUDE + types + source, encoding="utf-8")
        command = [
            "c++",
            "-std=c++17",
            "-O1",
            "-Wall",
            "-Wno-unused-function",
            "-Werror",
            "-shared",
            "-fPIC",
        ]
        command += ["kernels.cpp", "-o", "kernels.so"]
        subprocess.run(command, cwd=folder, check=True)
        library = ctypes.CDLL(str(folder / "kernels.so"))
    finally:
        shutil.rmtree(folder)

    def launch(name: str, count: int, arguments: Sequence[Any]) -> None:
        getattr(library, name)(*map(_argument, arguments))

    return launch


def _argument(value: Any) -> Any:
    if isinstance(value, StrictArray):
        assert value.flags.c_contiguous
        return ctypes.c_void_p(value._host.ctypes.data)
    return C_TYPES[type(value)](value)
