"""Asking for a device gives it, or says what is missing and how to mend it."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest
from pretend_cupy import cupy_that

from minialexnet.backend import cupy_problem, devices, select_device
from minialexnet.errors import InputError


def test_a_cupy_that_works_is_taken(pretend_cupy):
    cupy = cupy_that()
    pretend_cupy(cupy)
    assert cupy_problem() is None
    for name in ("cupy", "auto"):
        assert select_device(name) == devices.Device("cupy", cupy, "tf32")


def test_numpy_is_taken_without_a_look_at_cupy(pretend_cupy):
    pretend_cupy(AssertionError("cupy was imported"))
    assert select_device("numpy") == devices.Device("numpy", np)


def test_without_a_usable_cupy_auto_is_numpy_and_cupy_is_refused(pretend_cupy):
    pretend_cupy(cupy_that(available=False))
    assert select_device("auto") == devices.Device("numpy", np)
    with pytest.raises(
        InputError, match=r"CuPy backend cannot be used: .*; to mend it: "
    ) as refusal:
        select_device("cupy")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ["auto", "cupy"])
def test_the_gpu_that_is_asked_for_becomes_the_current_one(pretend_cupy, name):
    cupy = cupy_that(gpus=3)
    pretend_cupy(cupy)
    assert select_device(name, gpu=2).xp is cupy
    assert cupy.used == [2]
    assert select_device(name).xp is cupy
    assert cupy.used == [2]  # and stays it


@pytest.mark.parametrize(("gpus", "which"), [(1, "GPU 0 only"), (3, "GPUs 0 to 2")])
def test_a_gpu_that_is_not_there_is_refused(pretend_cupy, gpus, which):
    cupy = cupy_that(gpus=gpus)
    pretend_cupy(cupy)
    for gpu in (gpus, -1):
        with pytest.raises(InputError, match=f"there is no GPU {gpu}, CuPy sees {which}"):
            select_device("auto", gpu)
    assert cupy.used == []


def test_a_gpu_is_no_wish_to_pass_over(pretend_cupy):
    """Neither by computing on the CPU because CuPy does not work, nor for the backend's name."""
    pretend_cupy(cupy_that(available=False))
    with pytest.raises(InputError, match="CuPy backend cannot be used"):
        select_device("auto", gpu=0)
    with pytest.raises(InputError, match="GPU 0 was asked for with the backend 'numpy'"):
        select_device("numpy", gpu=0)


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
