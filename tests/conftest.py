"""The backends and dtypes that the tests run on.

`pytest` takes NumPy and the strict stand-in for CuPy (tests/strict); `pytest --backend cupy` runs
the same tests on CuPy alone, and without a usable GPU they fail.
"""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import hypothesis
import numpy as np
import pytest

from minialexnet.backend import cupy_problem, register_array_module, select_device, to_host

os.environ.setdefault("CUPY_TF32", "0")  # what is compared with the CPU is computed as exactly
sys.path.append(str(Path(__file__).parent))  # so that every test can say `from strict import …`
from archive_server import serve  # noqa: F401 (a fixture)
from kernels_on_host import kernels_on_host
from pretend_cupy import pretend_cupy  # noqa: F401 (a fixture)
from strict import StrictArray, strict

register_array_module(StrictArray, strict)

# The same examples on every run, so that a change is judged by what it changed; look for new
# ones with `--hypothesis-profile random`.
hypothesis.settings.register_profile("fixed", deadline=None, derandomize=True, max_examples=50)
hypothesis.settings.register_profile("random", deadline=None, max_examples=500)
hypothesis.settings.load_profile("fixed")


class BackendUnderTest:
    """One array module, and the ways to it and back.

    Attributes:
        name: "numpy", "strict", "kernels" (strict, with the GPU's kernels run on the host) or
            "cupy".
        xp: the module.
    """

    def __init__(self, name: str, xp: ModuleType) -> None:
        self.name, self.xp = name, xp

    def put(self, array: Any, dtype: Any = None) -> Any:
        """A copy of a host array on this backend; only floats are converted to `dtype`."""
        array = np.asarray(array)
        if dtype is not None and array.dtype.kind == "f":
            array = array.astype(dtype)
        return self.xp.array(array)

    def get(self, array: Any) -> np.ndarray:
        """The values as a NumPy array; the array must be of this backend."""
        kinds = (np.ndarray, np.generic) if self.name == "numpy" else self.xp.ndarray
        assert isinstance(array, kinds), f"{type(array)} is no array of {self.name}"
        return np.asarray(array) if self.name == "numpy" else to_host(array)

    def check(self, result: Any, expected: Any, dtype: Any, tolerance: float = 0.0) -> None:
        """`result` is of this backend, of `dtype` and of the shape and values of `expected`.

        The largest difference may be `tolerance` times the largest value: by default 1e-5 for
        float32 and 1e-12 for float64.
        """
        result, expected = self.get(result), np.asarray(expected)
        assert result.dtype == dtype
        assert result.shape == expected.shape
        if expected.size:
            tolerance = tolerance or (1e-5 if result.dtype == np.float32 else 1e-12)
            difference = np.abs(result.astype(np.float64) - expected).max()
            assert difference <= tolerance * np.abs(expected).max()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--backend",
        choices=["numpy", "strict", "kernels", "cupy"],
        help="run the tests on this backend alone (default: numpy, strict and kernels)",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes more than a few seconds")
    # What a shell starts in the background ignores Ctrl-C, and what `nohup` starts a closed
    # terminal; a training respects that, but some tests press the one and close the other.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        only = metafunc.config.getoption("--backend")
        names = [only] if only else ["numpy", "strict", "kernels"]
        metafunc.parametrize("backend", names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def backend(request: pytest.FixtureRequest) -> Iterator[BackendUnderTest]:
    """The backend to test: one after the other, or the one of `--backend`."""
    if request.param == "kernels":
        with kernels_on_host(strict):
            yield BackendUnderTest("kernels", strict)
    elif request.param == "strict":
        yield BackendUnderTest("strict", strict)
    elif request.param == "cupy" and cupy_problem() is not None:
        pytest.fail("--backend cupy, but {}; to mend it: {}".format(*cupy_problem()))
    else:
        # float32, so that what is within rounding of the CPU can be asked for
        device = select_device(request.param, precision="float32")
        yield BackendUnderTest(request.param, device.xp)


@pytest.fixture(scope="session")
def xp(backend: BackendUnderTest) -> ModuleType:
    """The array module of `backend`."""
    return backend.xp


@pytest.fixture(scope="session", params=["float32", "float64"])
def dtype(request: pytest.FixtureRequest) -> str:
    """float32, in which networks train, and float64, in which gradients are checked."""
    return request.param


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator that begins anew in every test."""
    return np.random.default_rng(2012)
