"""`minialexnet doctor`."""

import argparse
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from threadpoolctl import threadpool_info

import minialexnet
from minialexnet.backend import (
    cupy_packages,
    cupy_problem,
    num_threads,
    python_version,
    select_device,
)
from minialexnet.cli.common import load_data, planned_config
from minialexnet.cli.options import add_backend, add_precision, add_recipe, chosen_device, recipe
from minialexnet.cli.text import hanging
from minialexnet.datasets import BUILTIN, builtin_archive
from minialexnet.errors import InputError
from minialexnet.training.health import Finding, check_health

USAGE = "[options]"
HELP = """say what is missing here, and whether a network can learn

Versions, BLAS and its threads, CuPy and the GPU, with the command that mends what is amiss.

With --data, or any option of a training, also a check-up of that training before its first epoch:
the first loss against ln(classes), the spread of each layer, dead units, the size of a step, and
whether 20 pictures can be memorised. The exit status is 1 if something looks wrong.

  minialexnet doctor
  minialexnet doctor --data imagenette2-160.tgz --variant paper --init paper"""

PACKAGES = ("numpy", "pillow", "threadpoolctl", "tqdm", "matplotlib")

WITHOUT_AVX512 = ("Haswell", "Zen", "Sandybridge", "Nehalem", "Prescott")
"""OpenBLAS's names for kernels of processors before AVX-512."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument(
        "--data", metavar="PATH", help="pictures to check a training on (default: built-in)"
    )
    add_backend(parser)
    add_precision(parser)
    add_recipe(parser)


def run(options: argparse.Namespace) -> int:
    """Print what was found; the exit status is 1 if a planned training looks wrong."""
    _print_installation(options)
    if options.data is not None or options.picture_size or recipe(options):
        return _print_health(options)
    if options.backend != "auto" or options.gpu is not None or options.precision is not None:
        chosen_device(options)  # or say why it cannot be had
    print("\nA check-up of a planned training: minialexnet doctor --data FOLDER")
    return 0


def _print_installation(options: argparse.Namespace) -> None:
    _row("Python", f"{python_version()} on {platform.system()} {platform.machine()}")
    own = _version("minialexnet") or "a clone that was not installed"
    _row("minialexnet", f"{own}, in {Path(minialexnet.__file__).parent}")
    for package in PACKAGES:
        _row(package, _version(package) or f"not installed: pip install {package}")
    blas = [library for library in threadpool_info() if library["user_api"] == "blas"]
    for library in blas:
        kernels = library.get("architecture", "unknown")
        threads = library["num_threads"]
        _row(
            "BLAS",
            f"{library['internal_api']} {library['version']}, {kernels} kernels, {threads} threads",
        )
    advice = slow_kernels(blas, _processor_flags())
    if advice:
        _row("", advice)
    if not blas:
        _row("BLAS", "none found whose threads could be set; training may be slow")
    _row("threads", f"{num_threads()} of {os.cpu_count()} cores (MINIALEXNET_THREADS sets another)")
    _print_cupy(options)
    try:
        _row("built-in set", str(builtin_archive()))
    except InputError as error:
        _row("built-in set", f"missing: {error}")


def slow_kernels(blas: list[dict], flags: set[str]) -> str | None:
    """What to try where OpenBLAS takes kernels of an older processor than this one.

    It may not know this processor, or a variable of the environment may ask for the older kernels.

    Args: blas: libraries as threadpoolctl lists them; flags: the processor's, as Linux names them.
    Returns: the advice in a sentence, None where there is none to give.
    """
    older = any(
        library["internal_api"] == "openblas" and library.get("architecture") in WITHOUT_AVX512
        for library in blas
    )
    if not older or "avx512f" not in flags:
        return None
    asked_for = os.environ.get("OPENBLAS_CORETYPE", "")  # OpenBLAS ignores what it does not know
    if asked_for.lower() in (name.lower() for name in WITHOUT_AVX512):
        return (
            f"OPENBLAS_CORETYPE={asked_for} in your environment asks for these kernels, which do "
            "not use this processor's AVX-512; compare `minialexnet bench` with `env -u "
            "OPENBLAS_CORETYPE minialexnet bench`, and unset the variable if that is faster"
        )
    return (
        "these kernels do not use this processor's AVX-512; compare `minialexnet bench` with "
        "`OPENBLAS_CORETYPE=SkylakeX minialexnet bench`, and set the variable if that is faster"
    )


def _processor_flags() -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not on Linux
        return set()
    return {flag for line in lines if line.startswith("flags") for flag in line.split()}


def _print_cupy(options: argparse.Namespace) -> None:
    problem = cupy_problem(options.gpu)
    if problem is not None:
        reason, mend = problem
        _row("CuPy", f"not usable: {reason}")
        _row("", f"to mend it: {mend}")
        return
    device = select_device("cupy", options.gpu, options.precision)
    cupy = device.xp
    _row("CuPy", f"{cupy.__version__} ({', '.join(cupy_packages()) or 'of unknown origin'})")
    for number in range(cupy.cuda.runtime.getDeviceCount()):
        properties = cupy.cuda.runtime.getDeviceProperties(number)
        memory = properties["totalGlobalMem"] / 2**30
        _row(f"GPU {number}", f"{properties['name'].decode()}, {memory:.0f} GiB")
    _row("", f"multiplies matrices in {device.products} (--precision sets another)")


def _row(what: str, answer: str) -> None:
    print(hanging(what, answer, 15))


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _print_health(options: argparse.Namespace) -> int:
    device = chosen_device(options)
    data = BUILTIN if options.data is None else options.data
    pictures = load_data(data, options.picture_size, options.fit)
    config = planned_config(options, data, pictures, device)
    print(
        f"\n{config.parts.of(config.variant)}, initialisation {config.init}, "
        f"{config.num_classes} classes, crops of {config.image_size} pixels, "
        f"learning rate up to {config.lr:g}"
    )
    findings = []
    for finding in check_health(config, pictures.train, device.xp):
        findings.append(finding)
        _print_finding(finding)
    bad = sum(not finding.ok for finding in findings)
    print("looks healthy" if not bad else f"{bad} of {len(findings)} findings need attention")
    return 1 if bad else 0


def _print_finding(finding: Finding) -> None:
    mark = "ok" if finding.ok else "BAD"
    print(hanging(mark, f"{finding.question}: {finding.answer}", 5), flush=True)
    if not finding.ok:
        print(hanging("", finding.advice, 5), flush=True)
