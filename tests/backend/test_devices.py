"""Asking for a device gives it, or says what is missing and how to mend it."""

import importlib
import subprocess
import sys
import textwrap
import types

import numpy as np
import pytest

from minialexnet.backend import cupy_problem, devices, select_device
from minialexnet.errors import InputError


@pytest.fixture
def pretend_cupy(monkeypatch):
    """pretend_cupy(x) makes `import cupy` give the module x, or raise the exception x."""

    def pretend(cupy):
        original = importlib.import_module

        def import_module(name, package=None):
            if name != "cupy":
                return original(name, package)
            if isinstance(cupy, Exception):
                raise cupy
            return cupy

        monkeypatch.setattr(importlib, "import_module", import_module)
        cupy_problem.cache_clear()

    yield pretend
    cupy_problem.cache_clear()


def cupy_that(available=True, arange=np.arange):
    """A module that answers what `cupy_problem` asks."""
    cuda = types.SimpleNamespace(is_available=lambda: available)
    return types.SimpleNamespace(cuda=cuda, arange=arange)


def no_compiler(*_):
    raise RuntimeError("NVRTC is not there\nand more lines")


def missing(name):
    return ModuleNotFoundError(f"No module named '{name}'", name=name)


PROBLEMS = {
    "not installed": (missing("cupy"), "CuPy is not installed", "pip install '"),
    "broken": (missing("cupy_backends"), "does not import: .*cupy_backends", "reinstall one"),
    "no GPU": (cupy_that(available=False), "no usable NVIDIA GPU", "nvidia-smi"),
    "no compiler": (cupy_that(arange=no_compiler), "RuntimeError: NVRTC is not there", "pip"),
    "wrong": (cupy_that(arange=lambda n: np.zeros(n)), "computes wrong sums", "driver"),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_cupy_that_does_not_work_is_refused_with_reason_and_mend(pretend_cupy, name):
    cupy, reason, mend = PROBLEMS[name]
    pretend_cupy(cupy)
    message = f"CuPy backend cannot be used: .*{reason}.*; to mend it: .*{mend}"
    with pytest.raises(InputError, match=message) as refusal:
        select_device("cupy")
    assert "\n" not in str(refusal.value)
    assert select_device("auto") == devices.Device("numpy", np)


def test_a_cupy_that_works_is_taken(pretend_cupy):
    cupy = cupy_that()
    pretend_cupy(cupy)
    assert cupy_problem() is None
    for name in ("cupy", "auto"):
        assert select_device(name) == devices.Device("cupy", cupy)


def test_numpy_is_taken_without_a_look_at_cupy(pretend_cupy):
    pretend_cupy(AssertionError("cupy was imported"))
    assert select_device("numpy") == devices.Device("numpy", np)


def test_an_unknown_device_is_refused():
    with pytest.raises(InputError, match="backend is 'gpu'; expected 'auto', 'numpy' or 'cupy'"):
        select_device("gpu")


def test_importing_the_package_does_not_import_cupy():
    """CuPy takes seconds to import, and most readers have none."""
    code = """
        import sys

        class NoCupy:
            def find_spec(name, path=None, target=None):
                assert name != "cupy", "somebody imports cupy"

        sys.meta_path.insert(0, NoCupy)
        import minialexnet.models
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)
