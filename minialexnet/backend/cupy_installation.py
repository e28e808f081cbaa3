"""What is wrong with an installation of CuPy, and the command that mends it."""

import ctypes
import functools
import importlib
import os
import re
import sys
from contextlib import nullcontext
from importlib import metadata
from types import ModuleType

import numpy as np

Problem = tuple[str, str]
"""The reason, and a command or step that mends it."""

WHEELS = "'cupy-cuda12x[ctk]' (or 'cupy-cuda13x[ctk]')"
FITTING = r"cupy-cuda(1[2-9])x"
"""Packages of the versions of CuPy that this project works with, and the CUDA they are for."""


@functools.cache
def cupy_problem(gpu: int | None = None) -> Problem | None:
    """Why CuPy cannot be used here, as (reason, command or step that mends it); None if it can.

    An installed CuPy that imports is no proof: without a driver or without NVRTC the first real
    operation fails, so one is tried.

    Args: gpu: on this one, from 0; by default on the calling thread's.
    """
    try:
        cupy = importlib.import_module("cupy")
    except Exception as error:  # another NumPy than it was built for may raise anything
        return _import_problem(error)
    try:
        if not cupy.cuda.is_available():
            return _gpu_problem(cupy)
        count = cupy.cuda.runtime.getDeviceCount()
        if gpu is not None and not 0 <= gpu < count:
            seen = "GPU 0 only" if count == 1 else f"GPUs 0 to {count - 1}"
            return f"there is no GPU {gpu}, CuPy sees {seen}", "choose one that is there"
        with nullcontext() if gpu is None else cupy.cuda.Device(gpu):
            works = _computes(cupy)
    except AttributeError as error:  # half of it is left, after one of two packages was removed
        return _broken(f"CuPy is installed but not whole: {_first_line(error)}")
    except Exception as error:  # CuPy and its libraries raise many unrelated kinds here
        return _library_problem(error)
    return None if works else ("CuPy computes wrong sums on this GPU", "update NVIDIA's driver")


def cupy_packages() -> list[str]:
    """The installed packages that bring CuPy, by name; there should be one at most."""
    names = {(package.metadata["Name"] or "").lower() for package in metadata.distributions()}
    return sorted(name for name in names if re.fullmatch(r"cupy(-cuda\d+x?|-rocm-.*)?", name))


def has_driver() -> bool:
    """Whether NVIDIA's driver is installed, which brings this library."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def _computes(cupy: ModuleType) -> bool:
    """Whether sums are right, by a kernel that NVRTC compiles, and products, by cuBLAS."""
    ones = cupy.ones((2, 2))
    return int(cupy.arange(3).sum()) == 3 and float((ones @ ones)[0, 0]) == 2.0


def _import_problem(error: Exception) -> Problem:
    if isinstance(error, ModuleNotFoundError) and error.name == "cupy":
        if has_driver():
            return "CuPy is not installed", f"pip install {WHEELS}"
        return (
            "CuPy is not installed, and no driver of NVIDIA's either",
            f"install NVIDIA's driver (there must be a GPU of theirs), then: pip install {WHEELS}",
        )
    reason = _first_line(error.__cause__ or error)  # CuPy wraps the cause in a page of advice
    if "numpy" in reason.lower():
        return _broken(f"CuPy does not import with NumPy {np.__version__}: {reason}")
    return _broken(f"CuPy is installed but does not import: {reason}")


def _gpu_problem(cupy: ModuleType) -> Problem:
    driver = cupy.cuda.runtime.driverGetVersion()  # 13020 is CUDA 13.2, 0 is no driver
    if not driver:
        return "CuPy is installed, but no driver of NVIDIA's", "install NVIDIA's driver"
    major, minor = driver // 1000, driver % 1000 // 10
    for package in cupy_packages():
        needed = re.fullmatch(FITTING, package)
        if needed and major < int(needed[1]):
            other, mend = f"cupy-cuda{major}x", "update NVIDIA's driver"
            if re.fullmatch(FITTING, other):
                mend += f", or: pip uninstall -y {package} && pip install '{other}[ctk]'"
            return f"{package} is for CUDA {needed[1]}, the driver for {major}.{minor}", mend
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return (
            f"CuPy sees no GPU, and CUDA_VISIBLE_DEVICES is {visible!r}, which may hide it",
            "unset CUDA_VISIBLE_DEVICES, or set it to the number of a GPU that `nvidia-smi` lists",
        )
    return (
        "CuPy is installed, but sees no NVIDIA GPU",
        "check that `nvidia-smi` lists one, and update NVIDIA's driver",
    )


def _library_problem(error: Exception) -> Problem:
    kind, reason = type(error).__name__, _first_line(error)
    missing = re.search("cannot open shared|failed to load|CUDA headers", reason)
    if kind == "DynamicLibNotFoundError" or missing:
        return _broken(f"CuPy sees a GPU, but not all of CUDA: {reason}")
    said = f"CuPy sees a GPU but cannot compute on it: {kind}: {reason}"
    if "gpu-architecture" in reason:
        return said, f"take the CUDA that knows this GPU, a newer or an older: {_install()}"
    if isinstance(error, MemoryError) or re.search("(?i)memory|busy|NOT_INITIALIZED", reason):
        return said, "free the GPU, or choose another with --gpu"
    return said, 'see `python -c "import cupy; cupy.show_config()"` and CuPy\'s installation guide'


def _broken(reason: str) -> Problem:
    """The same, unless there is a reason behind it."""
    packages = cupy_packages()
    if len(packages) > 1:
        reason = (
            f"{' and '.join(packages)} are installed together, and overwrite each other's files"
        )
    return reason, _install()


def _install() -> str:
    """A command that leaves one whole CuPy of a fitting kind."""
    packages = cupy_packages()
    if len(packages) == 1 and re.fullmatch(FITTING, packages[0]):
        return f"pip install --force-reinstall '{packages[0]}[ctk]'"
    first = f"pip uninstall -y {' '.join(packages)} && " if packages else ""
    return f"{first}pip install {WHEELS}"


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines()]
    return next((line for line in lines if line.strip("=")), type(error).__name__)
