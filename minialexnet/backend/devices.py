"""Choosing where to compute: NumPy on the host, or CuPy on a GPU."""

import importlib
import sys
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from minialexnet.backend.cupy_installation import cupy_problem
from minialexnet.backend.parallel import num_threads
from minialexnet.backend.precision import check_precision, choose_precision
from minialexnet.errors import InputError


@dataclass(frozen=True)
class Device:
    """Where a network's arrays live.

    Attributes:
        name: "numpy" or "cupy".
        xp: the array module of that name.
        precision: in which products of float32 are computed, "float32" or "tf32".
    """

    name: str
    xp: ModuleType
    precision: str = "float32"

    @property
    def gpu(self) -> str | None:
        """What the calling thread's GPU is called; None without one."""
        if self.name == "numpy":
            return None
        number = self.xp.cuda.Device().id
        return self.xp.cuda.runtime.getDeviceProperties(number)["name"].decode()

    @property
    def products(self) -> str:
        """The precision, written as people do."""
        return {"float32": "float32", "tf32": "TF32"}[self.precision]

    def __str__(self) -> str:
        """In words, for people."""
        if self.name == "numpy":
            threads = num_threads()
            return f"NumPy on {threads} thread{'s' * (threads > 1)}"
        return f"CuPy {self.xp.__version__} on {self.gpu}, products in {self.products}"


def select_device(
    name: str = "auto", gpu: int | None = None, precision: str | None = None
) -> Device:
    """The device called "numpy", "cupy", or "auto" (CuPy where it works, otherwise NumPy).

    Args:
        gpu: which one, from 0; it becomes the calling thread's GPU, and "auto" means "cupy".
        precision: in which a GPU multiplies matrices of float32, "float32" or "tf32"; by default
            "tf32" where the GPU has it. It holds for the whole process.
    Raises InputError when "cupy" is asked for and cannot be used, with the reason and the mend,
    there is no such GPU, or it has not this precision.
    """
    check_precision(precision)
    if name not in ("auto", "numpy", "cupy"):
        raise InputError(f"backend is {name!r}; expected 'auto', 'numpy' or 'cupy'")
    if name == "numpy":
        if gpu is not None:
            raise InputError(
                f"GPU {gpu} was asked for with the backend 'numpy', which uses none; take 'cupy', "
                "or leave the GPU out"
            )
        if precision == "tf32":
            raise InputError(
                "precision is 'tf32', which only GPUs have, with the backend 'numpy'; leave it "
                "out, or take another backend"
            )
        return Device("numpy", np)
    problem = cupy_problem(gpu)
    if problem is None:
        cupy = importlib.import_module("cupy")
        if gpu is not None:
            cupy.cuda.Device(gpu).use()
        return Device("cupy", cupy, choose_precision(cupy, precision))
    if name == "cupy" or gpu is not None:
        reason, mend = problem
        raise InputError(f"the CuPy backend cannot be used: {reason}; to mend it: {mend}")
    if precision == "tf32":
        reason, mend = problem
        raise InputError(
            f"precision is 'tf32', which only GPUs have, and none can be used here: {reason}; to "
            f"mend it: {mend}; or leave the precision out, to compute with NumPy"
        )
    return Device("numpy", np)


def synchronize(xp: ModuleType) -> None:
    """Wait until the device of `xp` has done all that it was given; the host has nothing to do.

    CuPy's functions return before their work is done, so a clock must wait before it is read.
    """
    if xp is sys.modules.get("cupy"):
        xp.cuda.Device().synchronize()
