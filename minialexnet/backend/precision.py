"""How exactly a GPU multiplies matrices of float32.

From compute capability 8.0 on, GPUs multiply many times faster when the factors are first rounded
to TF32, which has 10 bits after the leading one instead of 23; their sums are still float32.
PyTorch's convolutions do so by default. Everything else stays as it is, and so does float64, in
which gradients are checked.
"""

import os
from types import ModuleType

from minialexnet.errors import InputError

PRECISIONS = ("float32", "tf32")
TF32_SINCE = 80
"""The compute capability, times ten, of the first GPUs that have TF32."""

VARIABLE = "CUPY_TF32"
"""CuPy's switch. It is read once, at the first product of float32 matrices in a process."""

_chosen: str | None = None


def choose_precision(cupy: ModuleType, wanted: str | None = None) -> str:
    """Have CuPy's products of float32 computed in the precision `wanted`, for this process.

    Args: wanted: one of PRECISIONS; by default what was chosen before, or what the variable
        CUPY_TF32 says, or "tf32" if the current GPU has it.
    Returns: the precision.
    Raises InputError if it is none, the GPU has it not, or another was chosen before: CuPy does not
    change over while a process runs.
    """
    global _chosen
    check_precision(wanted)
    capability = int(cupy.cuda.Device().compute_capability)
    if wanted == "tf32" and capability < TF32_SINCE:
        raise InputError(
            "precision is 'tf32', which GPUs have from compute capability 8.0 on, and this one is "
            f"of {capability / 10}; take 'float32'"
        )
    if _chosen is None:
        by_default = os.environ.get(VARIABLE, "1") != "0" and capability >= TF32_SINCE
        _chosen = wanted or ("tf32" if by_default else "float32")
        os.environ[VARIABLE] = str(int(_chosen == "tf32"))
    if wanted not in (None, _chosen):
        raise InputError(
            f"precision is {wanted!r}, but this process computes in {_chosen!r} already, and CuPy "
            "does not change over while it runs; choose it before anything else, or start a new "
            "process"
        )
    return _chosen


def check_precision(precision: str | None) -> None:
    """Raise InputError for what is no precision; None stands for the default."""
    if precision is not None and precision not in PRECISIONS:
        raise InputError(f"precision is {precision!r}; expected 'float32' or 'tf32'")
