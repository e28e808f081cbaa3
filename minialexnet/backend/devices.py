"""Choosing where to compute: NumPy on the host, or CuPy on a GPU."""

import importlib
import sys
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from minialexnet.backend.cupy_installation import cupy_problem
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


def select_device(name: str = "auto", gpu: int | None = None) -> Device:
    """The device called "numpy", "cupy", or "auto" (CuPy where it works, otherwise NumPy).

    Args: gpu: which one, from 0; it becomes the calling thread's GPU, and "auto" means "cupy".
    Raises InputError when "cupy" is asked for and cannot be used, with the reason and the mend, or
    there is no such GPU.
    """
    if name not in ("auto", "numpy", "cupy"):
        raise InputError(f"backend is {name!r}; expected 'auto', 'numpy' or 'cupy'")
    if name == "numpy":
        if gpu is not None:
            raise InputError(
                f"GPU {gpu} was asked for with the backend 'numpy', which uses none; take 'cupy', "
                "or leave the GPU out"
            )
        return Device("numpy", np)
    problem = cupy_problem(gpu)
    if problem is None:
        cupy = importlib.import_module("cupy")
        if gpu is not None:
            cupy.cuda.Device(gpu).use()
        return Device("cupy", cupy)
    if name == "cupy" or gpu is not None:
        reason, mend = problem
        raise InputError(f"the CuPy backend cannot be used: {reason}; to mend it: {mend}")
    return Device("numpy", np)


def synchronize(xp: ModuleType) -> None:
    """Wait until the device of `xp` has done all that it was given; the host has nothing to do.

    CuPy's functions return before their work is done, so a clock must wait before it is read.
    """
    if xp is sys.modules.get("cupy"):
        xp.cuda.Device().synchronize()
