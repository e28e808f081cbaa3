"""What machine it is, and which versions; whether the GPU can be used at all."""

import configparser
import importlib.metadata
import platform
import subprocess
from datetime import UTC, datetime

from machine import blas, processor, with_commit

from gpu import ROOT
from gpu.part import Part
from gpu.place import Place
from minialexnet.backend import PRECISIONS, python_version, usable_cores
from minialexnet.backend.precision import TF32_SINCE


def run(part: Part) -> None:
    """Find the facts. Raises InputError if the GPU cannot be used."""
    place = part.place()
    part.result("precisions", known=_precisions(place))
    part.facts(
        date=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        minialexnet=_version(),
        **(_gpu(place.xp) if place.on_gpu else {"GPU": "none: NumPy in its place"}),
        processor=f"{processor()}, {usable_cores()} cores",
        system=f"{platform.system()} {platform.machine()}",
        Python=python_version(),
        NumPy=f"{importlib.metadata.version('numpy')} with {blas()}",
        PyTorch=_installed("torch"),
    )


def _precisions(place: Place) -> list[str]:
    """Those that the GPU has; a trial plays through them all."""
    if place.on_gpu and int(place.xp.cuda.Device().compute_capability) < TF32_SINCE:
        return ["float32"]
    return list(PRECISIONS)


def _gpu(cupy) -> dict[str, str]:
    """Name, driver, CUDA and CuPy."""
    runtime, device = cupy.cuda.runtime, cupy.cuda.Device()
    properties = runtime.getDeviceProperties(device.id)
    capability = device.compute_capability
    return {
        "GPU": f"{properties['name'].decode()}, compute capability {capability[:-1]}."
        f"{capability[-1]}, {properties['multiProcessorCount']} multiprocessors, "
        f"{properties['totalGlobalMem'] / 2**30:.0f} GiB",
        "driver": f"{_driver()}, for CUDA up to {_cuda(runtime.driverGetVersion())}",
        "CUDA runtime": _cuda(runtime.runtimeGetVersion()),
        "CuPy": cupy.__version__,
    }


def _cuda(number: int) -> str:
    """CUDA's numbers of versions: 13020 is 13.2."""
    return f"{number // 1000}.{number % 1000 // 10}"


def _driver() -> str:
    """NVIDIA's version of the driver, where the system says it."""
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
        return found.stdout.split()[0]
    except (OSError, subprocess.SubprocessError, IndexError):
        return "version unknown"


def _version() -> str:
    """Of this checkout, and the commit where there is git."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    version = config.get("metadata", "version", fallback="version unknown")
    return with_commit(version)


def _installed(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
