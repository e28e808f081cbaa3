"""A module in the place of CuPy that answers what is asked before CuPy is used."""

import importlib
from collections.abc import Iterator
from importlib import metadata
from types import SimpleNamespace

import numpy as np
import pytest

from minialexnet.backend import cupy_problem, precision


@pytest.fixture
def pretend_cupy(monkeypatch) -> Iterator:
    """pretend_cupy(x) makes `import cupy` give the module x, or raise the exception x.

    pretend_cupy(x, "cupy-cuda12x", ...) has these packages installed as well.
    """

    def pretend(cupy, *packages: str) -> None:
        original = importlib.import_module

        def import_module(name, package=None):
            if name != "cupy":
                return original(name, package)
            if isinstance(cupy, Exception):
                raise cupy
            return cupy

        installed = [SimpleNamespace(metadata={"Name": name}) for name in ("NumPy", *packages)]
        monkeypatch.setattr(importlib, "import_module", import_module)
        monkeypatch.setattr(metadata, "distributions", lambda: iter(installed))
        cupy_problem.cache_clear()

    monkeypatch.setattr(precision, "_chosen", None)
    monkeypatch.setenv(precision.VARIABLE, "")  # or what is set here would stay
    monkeypatch.delenv(precision.VARIABLE)
    yield pretend
    cupy_problem.cache_clear()


def cupy_that(
    available=True,
    gpus=1,
    driver=13020,
    arange=np.arange,
    ones=np.ones,
    capability="90",
    core=None,
):
    """A CuPy with GPUs or without, whose `used` lists those that were made the current one."""
    used: list[int] = []

    within: list[int] = []

    class Gpu:
        compute_capability = capability

        def __init__(self, number=None):
            self.id = self.number = (used or [0])[-1] if number is None else number

        def __enter__(self):
            within.append(self.number)

        def __exit__(self, *error):
            within.pop()

        def use(self):
            used.append(self.number)

    properties = {"name": b"A GPU", "totalGlobalMem": 80 * 2**30}
    cuda = SimpleNamespace(
        is_available=lambda: available,
        runtime=SimpleNamespace(
            getDeviceCount=lambda: gpus,
            driverGetVersion=lambda: driver,
            getDeviceProperties=lambda gpu: properties,
        ),
        Device=Gpu,
    )
    private = {} if core is None else {"_core": core}
    return SimpleNamespace(
        **private,
        cuda=cuda,
        arange=arange,
        ones=ones,
        used=used,
        current=lambda: within[-1] if within else None,
        __version__="14.2.0",
        __name__="cupy",
    )
