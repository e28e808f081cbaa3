"""How exactly a GPU multiplies matrices of float32.

From compute capability 8.0 on, GPUs multiply many times faster when the factors are first rounded
to TF32, which has 10 bits after the leading one instead of 23; their sums are still float32.
PyTorch's convolutions do so by default. Everything else stays as it is, and so does float64, in
which gradients are checked.
"""

import os
from types import ModuleType

import numpy as np

from minialexnet.errors import InputError

PRECISIONS = ("float32", "tf32")
TF32_SINCE = 80
"""The compute capability, times ten, of the first GPUs that have TF32."""

VARIABLE = "CUPY_TF32"
"""CuPy's switch. It is read once, at the first product of float32 matrices in a process."""

_chosen: str | None = None


def choose_precision(cupy: ModuleType, wanted: str | None = None) -> str:
    """Have CuPy's products of float32 computed in the precision `wanted`, for this process.

    Args: wanted: one of PRECISIONS; by default what was chosen before, or float32 if the variable
        CUPY_TF32 is 0, or else "tf32" if the current GPU has it.
    Returns: the precision.
    Raises InputError if it is none, the GPU has it not, or CuPy cannot change over any more.
    """
    global _chosen
    check_precision(wanted)
    capability = int(cupy.cuda.Device().compute_capability)
    if wanted == "tf32" and capability < TF32_SINCE:
        raise InputError(
            "precision is 'tf32', which GPUs have from compute capability 8.0 on, and this one is "
            f"of {capability / 10}; take 'float32'"
        )
    by_default = "float32" if os.environ.get(VARIABLE) == "0" else "tf32"
    precision = wanted or _chosen or by_default
    if capability < TF32_SINCE:
        precision = "float32"
    if not _change_over(cupy, precision) and _chosen not in (None, precision):
        raise InputError(
            f"precision is {precision!r}, but this process computes in {_chosen!r} already, and "
            "this CuPy does not change over while it runs; choose it before anything else, or "
            "start a new process"
        )
    os.environ[VARIABLE] = str(int(precision == "tf32"))
    _chosen = precision
    return precision


def check_precision(precision: str | None) -> None:
    """Raise InputError for what is no precision; None stands for the default."""
    if precision is not None and precision not in PRECISIONS:
        raise InputError(f"precision is {precision!r}; expected 'float32' or 'tf32'")


def _change_over(cupy: ModuleType, precision: str) -> bool:
    """Whether CuPy can be told at any time, also after its first product."""
    try:  # none of this is CuPy's public interface: other versions may not have it
        kinds = cupy._core._routines_linalg
        kind = {"float32": kinds.COMPUTE_TYPE_DEFAULT, "tf32": kinds.COMPUTE_TYPE_TF32}[precision]
        cupy._core.set_compute_type(np.float32, kind)
    except AttributeError:
        return False
    return True
