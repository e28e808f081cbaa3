"""Choosing where to compute: NumPy on the host or CuPy on a GPU, and why CuPy cannot be used."""

import functools
import importlib
import sys
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from minialexnet.errors import InputError


@dataclass(frozen=True)
class Device:
    """Where a network's arrays live.

    Attributes:
        name: "numpy" or "cupy".
        xp: the array module of that name.
    """

    name: str
    xp: ModuleType


@functools.cache
def cupy_problem() -> tuple[str, str] | None:
    """Why CuPy cannot be used here, as (reason, command or step that mends it); None if it can.

    An installed CuPy that imports is no proof: without a driver or without NVRTC the first real
    operation fails, so one is tried.
    """
    try:
        cupy = importlib.import_module("cupy")
    except ImportError as error:
        if getattr(error, "name", None) == "cupy":
            return (
                "CuPy is not installed",
                "pip install 'cupy-cuda12x[ctk]' (or 'cupy-cuda13x[ctk]')",
            )
        return f"CuPy is installed but does not import: {error}", "reinstall one cupy-cuda* wheel"
    if not cupy.cuda.is_available():
        return (
            "CuPy is installed, but there is no usable NVIDIA GPU or driver",
            "check that `nvidia-smi` lists a GPU, and install or update NVIDIA's driver",
        )
    try:
        works = int(cupy.arange(3).sum()) == 3
    except Exception as error:  # CuPy and its libraries raise many unrelated kinds here
        reason = f"CuPy sees a GPU but cannot compute on it: {type(error).__name__}: {error}"
        return reason.splitlines()[0], "pip install 'cupy-cuda12x[ctk]' (or 'cupy-cuda13x[ctk]')"
    return None if works else ("CuPy computes wrong sums on this GPU", "update NVIDIA's driver")


def select_device(name: str = "auto") -> Device:
    """The device called "numpy", "cupy", or "auto" (CuPy where it works, otherwise NumPy).

    Raises InputError when "cupy" is asked for and cannot be used, with the reason and the mend.
    """
    if name not in ("auto", "numpy", "cupy"):
        raise InputError(f"backend is {name!r}; expected 'auto', 'numpy' or 'cupy'")
    if name != "numpy":
        problem = cupy_problem()
        if problem is None:
            return Device("cupy", importlib.import_module("cupy"))
        if name == "cupy":
            reason, mend = problem
            raise InputError(f"the CuPy backend cannot be used: {reason}; to mend it: {mend}")
    return Device("numpy", np)


def synchronize(xp: ModuleType) -> None:
    """Wait until the device of `xp` has done all that it was given; the host has nothing to do.

    CuPy's functions return before their work is done, so a clock must wait before it is read.
    """
    if xp is sys.modules.get("cupy"):
        xp.cuda.Device().synchronize()
