"""Kernels for a GPU: what takes many passes over memory with arrays, done in one.

Each is a function in CUDA's language that stands beside the array version which defines it, and
tests hold the two equal. A source is written in these terms:

    KERNEL name(const REAL* x, REAL* y, index count, int channels) {
        EACH (i, count) {
            y[i] = x[i] * channels;
        }
    }

`EACH` shares the elements i of the result out among the GPU's threads. REAL is the arrays' type,
`index` that of a whole number which counts their elements.
No thread waits for another or writes where another does, so results do not depend on their order;
and as nothing else is peculiar to a GPU, tests run the same sources on the host.
"""

import functools
import importlib.resources
import sys
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from types import ModuleType
from typing import Any

import numpy as np

from minialexnet.backend.arrays import Array, get_array_module

THREADS_OF_BLOCK, MOST_BLOCKS = 256, 1 << 16

PRELUDE = """
#define KERNEL extern "C" __global__ void
#define EACH(i, count) \\
    for (index i = blockIdx.x * (index)blockDim.x + threadIdx.x; i < (count); \\
         i += (index)gridDim.x * blockDim.x)
#define INFINITE ((REAL)__longlong_as_double(0x7ff0000000000000))
"""

REAL = {"float32": "float", "float64": "double"}
"""What REAL stands for, by the type of the arrays."""

INDEX = {np.int32: "int", np.int64: "long long"}
"""What `index` stands for, by the type of `count`."""

MOST_SHORT = 1 << 30
"""Up to so many elements an `index` is 32 bits long: to find out where an element lies takes many
divisions, which a GPU has to compose of many more instructions if they are 64 bits long. (Half of
what an int holds is left for the threads' last step, and for places in the padding.)"""

Launch = Callable[[str, int, Sequence[Any]], None]
"""Starts the function of a name for so many elements, with these arguments."""


class Kernels:
    """The kernels of one source, compiled when a type of arrays, or of `index`, first comes.

    Args: package, files: where the source lies, with functions in the terms above; it may be in
        several files, of which the earlier ones serve the later ones.
    """

    def __init__(self, package: str, *files: str) -> None:
        folder = importlib.resources.files(package)
        self.source = "".join((folder / file).read_text(encoding="utf-8") for file in files)
        self._compiled: dict[tuple[ModuleType, str, type], Launch] = {}

    def __call__(self, name: str, like: Array, count: int, *arguments: Any) -> None:
        """Run a kernel.

        Args:
            name: of the function.
            like: an array of the backend and of the type that REAL stands for.
            count: of the elements to work on.
            arguments: of the function: arrays in C order; then whole numbers for `int`, floats
                for REAL, and numpy.uint64 for `unsigned long long`. `count` goes where the function
                has it: between the two.
        Raises:
            KeyError: `has_kernels(like)` is false.
        """
        if count == 0:
            return
        arrays = [a for a in arguments if not isinstance(a, Real)]
        scalars = [_as_scalar(a, like.dtype.type) for a in arguments[len(arrays) :]]
        xp, real = get_array_module(like), like.dtype.name
        largest = max(count, *(array.size for array in arrays))
        index = np.int32 if largest <= MOST_SHORT else np.int64
        key = xp, real, index
        if key not in self._compiled:
            self._compiled[key] = _compilers[xp](self.source, REAL[real], INDEX[index])
        self._compiled[key](name, count, (*arrays, index(count), *scalars))


def _as_scalar(value: Real, real: type) -> np.generic:
    if isinstance(value, np.uint64):
        return value
    return np.int32(value) if isinstance(value, Integral) else real(value)


def has_kernels(*arrays: Array) -> bool:
    """Whether kernels can be run on these arrays: they are on a GPU, all of one type they know."""
    if get_array_module(*arrays) not in _known_compilers():
        return False
    types = {array.dtype.name for array in arrays}
    return len(types) == 1 and types.pop() in REAL


def register_kernel_compiler(
    xp: ModuleType, compile_source: Callable[[str, str, str], Launch]
) -> None:
    """Let kernels run on arrays of the module `xp`.

    Args: compile_source: makes a `Launch` of a source and of what REAL and `index` stand for in it.
    """
    _compilers[xp] = compile_source


def _known_compilers() -> dict[ModuleType, Callable[[str, str, str], Launch]]:
    cupy = sys.modules.get("cupy")
    if cupy is not None and cupy not in _compilers:
        register_kernel_compiler(cupy, _compile_with_cupy)
    return _compilers


def in_cuda(source: str, real: str, index: str) -> str:
    """The whole of what the compiler is given."""
    return f"typedef {real} REAL;\ntypedef {index} index;\n{PRELUDE}{source}"


def _compile_with_cupy(source: str, real: str, index: str) -> Launch:
    cupy = sys.modules["cupy"]
    module = cupy.RawModule(code=in_cuda(source, real, index), options=("-std=c++17",))
    kernel_named = functools.cache(module.get_function)  # 10 microseconds, at every launch

    def launch(name: str, count: int, arguments: Sequence[Any]) -> None:
        blocks = min(-(-count // THREADS_OF_BLOCK), MOST_BLOCKS)
        kernel_named(name)((blocks,), (THREADS_OF_BLOCK,), arguments)

    return launch


_compilers: dict[ModuleType, Callable[[str, str, str], Launch]] = {}
