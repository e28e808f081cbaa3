"""Each way in which CuPy does not work is named, with the command that mends it."""

import ctypes
import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from pretend_cupy import cupy_that

from minialexnet.backend import cupy_installation, cupy_packages, cupy_problem


class DynamicLibNotFoundError(RuntimeError):
    """Of the name that CuPy's own has."""


def raising(error):
    def function(*_):
        raise error

    return function


def not_found(name):
    return ModuleNotFoundError(f"No module named '{name}'", name=name)


def wrapped(cause):
    """As CuPy raises what came in its way."""
    error = ImportError(
        "\n" + "=" * 64 + "\nFailed to import CuPy.\n\nAdvice about many things, CUDA among them.\n"
        f"\nOriginal error:\n  {type(cause).__name__}: {cause}\n" + "=" * 64 + "\n"
    )
    error.__cause__ = cause
    return error


BOTH = r"pip install 'cupy-cuda12x\[ctk\]' \(or 'cupy-cuda13x\[ctk\]'\)"
AGAIN = r"pip install --force-reinstall 'cupy-cuda13x\[ctk\]'"
OLD_NUMPY = ImportError("numpy.core.multiarray failed to import")
NO_COMPILER = DynamicLibNotFoundError("Failure finding libnvrtc.so\nmore")
UNKNOWN_GPU = RuntimeError("nvrtc: error: invalid value for --gpu-architecture (-arch)")
CUBLAS = "libcublas.so.13: cannot open shared object file"

PROBLEMS = {
    "not installed": (not_found("cupy"), [], "CuPy is not installed", BOTH),
    "broken": (
        wrapped(not_found("cupy_backends")),
        ["cupy-cuda13x"],
        "does not import: No module named 'cupy_backends'$",
        AGAIN,
    ),
    "a part is missing": (
        ImportError("cannot import name '_environment' from 'cupy'", name="cupy"),
        ["cupy-cuda13x"],
        "does not import: cannot import name '_environment'",
        AGAIN,
    ),
    "half of it": (
        SimpleNamespace(__name__="cupy"),
        ["cupy-cuda13x"],
        "installed but not whole: .*cuda",
        AGAIN,
    ),
    "another NumPy": (
        wrapped(OLD_NUMPY),
        ["cupy-cuda13x"],
        f"does not import with NumPy {re.escape(np.__version__)}: numpy.core",
        AGAIN,
    ),
    "another NumPy, otherwise": (
        ValueError("numpy.dtype size changed"),
        ["cupy-cuda13x"],
        f"does not import with NumPy {re.escape(np.__version__)}: numpy.dtype",
        AGAIN,
    ),
    "an older CuPy": (
        OLD_NUMPY,
        ["cupy-cuda117"],
        "does not import with NumPy",
        f"pip uninstall -y cupy-cuda117 && {BOTH}",
    ),
    "a CuPy that was built here": (
        OLD_NUMPY,
        ["cupy"],
        "does not import with NumPy",
        f"pip uninstall -y cupy && {BOTH}",
    ),
    "two packages": (
        wrapped(not_found("cupy_backends")),
        ["cupy-cuda13x", "cupy-cuda12x"],
        "cupy-cuda12x and cupy-cuda13x are installed together",
        f"pip uninstall -y cupy-cuda12x cupy-cuda13x && {BOTH}",
    ),
    "no driver": (
        cupy_that(available=False, driver=0),
        ["cupy-cuda13x"],
        "no driver of NVIDIA's",
        "install NVIDIA's driver",
    ),
    "no GPU": (
        cupy_that(available=False, driver=13020),
        ["cupy-cuda13x"],
        "sees no NVIDIA GPU",
        "check that `nvidia-smi` lists one",
    ),
    "driver behind the package": (
        cupy_that(available=False, driver=12040),
        ["cupy-cuda13x"],
        "cupy-cuda13x is for CUDA 13, the driver for 12.4",
        "update .*, or: pip uninstall -y cupy-cuda13x && pip install 'cupy-cuda12x",
    ),
    "driver behind all packages": (
        cupy_that(available=False, driver=11080),
        ["cupy-cuda12x"],
        "cupy-cuda12x is for CUDA 12, the driver for 11.8",
        "update NVIDIA's driver$",
    ),
    "no compiler": (
        cupy_that(arange=raising(NO_COMPILER)),
        ["cupy-cuda13x"],
        "not all of CUDA: Failure finding libnvrtc.so$",
        AGAIN,
    ),
    "no BLAS": (
        cupy_that(ones=raising(ImportError(CUBLAS))),
        ["cupy-cuda13x"],
        "not all of CUDA: libcublas.so.13",
        AGAIN,
    ),
    "no headers": (
        cupy_that(arange=raising(RuntimeError("Failed to find CUDA headers. Please ..."))),
        ["cupy-cuda13x"],
        "not all of CUDA: Failed to find CUDA headers",
        AGAIN,
    ),
    "a GPU the compiler does not know": (
        cupy_that(arange=raising(UNKNOWN_GPU)),
        ["cupy-cuda13x"],
        "cannot compute on it: RuntimeError: nvrtc: error: invalid value",
        "take the CUDA that knows this GPU",
    ),
    "a full GPU": (
        cupy_that(arange=raising(MemoryError("no room for 512 bytes"))),
        ["cupy-cuda13x"],
        "cannot compute on it: MemoryError: no room",
        "free the GPU, or choose another with --gpu",
    ),
    "a GPU too full for cuBLAS": (
        cupy_that(ones=raising(RuntimeError("CUBLAS_STATUS_NOT_INITIALIZED"))),
        ["cupy-cuda13x"],
        "cannot compute on it: RuntimeError: CUBLAS",
        "free the GPU, or choose another with --gpu",
    ),
    "another failure": (
        cupy_that(arange=raising(ValueError())),
        ["cupy-cuda13x"],
        "cannot compute on it: ValueError: ValueError",
        "see `python -c .*show_config",
    ),
    "wrong": (cupy_that(arange=np.zeros), [], "computes wrong sums", "update NVIDIA's driver"),
    "wrong products": (cupy_that(ones=np.zeros), [], "computes wrong sums", "update NVIDIA's"),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_problem_is_named_with_what_mends_it(pretend_cupy, monkeypatch, name):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(cupy_installation, "has_driver", lambda: True)
    cupy, packages, reason, mend = PROBLEMS[name]
    pretend_cupy(cupy, *packages)
    found = cupy_problem()
    assert re.search(reason, found[0])
    assert re.match(mend, found[1])
    assert "\n" not in "".join(found)


@pytest.mark.parametrize(
    ("platform", "library"), [("linux", "libcuda.so.1"), ("win32", "nvcuda.dll")]
)
def test_without_a_driver_cupy_alone_would_not_help(pretend_cupy, monkeypatch, platform, library):
    asked = []
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(ctypes, "CDLL", asked.append)
    pretend_cupy(not_found("cupy"))
    assert cupy_problem()[0] == "CuPy is not installed"
    assert asked == [library]
    monkeypatch.setattr(ctypes, "CDLL", raising(OSError(f"{library}: cannot open shared object")))
    cupy_problem.cache_clear()
    reason, mend = cupy_problem()
    assert reason == "CuPy is not installed, and no driver of NVIDIA's either"
    assert re.match(rf"install NVIDIA's driver .*, then: {BOTH}", mend)


@pytest.mark.parametrize("visible", ["", "-1", "1"])
def test_gpus_may_be_hidden(pretend_cupy, monkeypatch, visible):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    pretend_cupy(cupy_that(available=False), "cupy-cuda13x")
    reason, mend = cupy_problem()
    assert f"CUDA_VISIBLE_DEVICES is {visible!r}, which may hide it" in reason
    assert mend.startswith("unset CUDA_VISIBLE_DEVICES, or set it to the number of a GPU")


@pytest.mark.parametrize("packages", [[], ["cupy-cuda12x", "cupy-cuda13x"]])
def test_a_cupy_that_works_has_no_problem(pretend_cupy, packages):
    pretend_cupy(cupy_that(), *packages)
    assert cupy_problem() is None


def test_the_gpu_that_is_asked_about_is_the_one_that_is_tried(pretend_cupy):
    """The first may be full while the second is free."""
    cupy, tried = cupy_that(gpus=2), []
    cupy.arange = lambda n: (tried.append(cupy.current()), np.arange(n))[1]
    pretend_cupy(cupy)
    assert cupy_problem(1) is None
    assert cupy_problem() is None
    assert tried == [1, None]


def test_only_packages_that_bring_cupy_are_counted(pretend_cupy):
    others = ["cupy-xarray", "cupyx", "nvidia-cuda-nvrtc", "CuPy", "cupy-rocm-5-0"]
    pretend_cupy(cupy_that(), "cupy-cuda13x", *others)
    assert cupy_packages() == ["cupy", "cupy-cuda13x", "cupy-rocm-5-0"]
