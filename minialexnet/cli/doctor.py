"""`minialexnet doctor`."""

import argparse
import os
import platform
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from threadpoolctl import threadpool_info

from minialexnet.backend import cupy_problem, num_threads, select_device
from minialexnet.cli.common import BUILTIN, add_backend, load_data, positive
from minialexnet.datasets import builtin_archive, colour_std
from minialexnet.errors import InputError
from minialexnet.models import INITIALIZATIONS, VARIANTS
from minialexnet.training import SCHEDULES, default_config
from minialexnet.training.health import Finding, check_health

HELP = """say what is installed, what works, and whether a network is set up to learn
Versions, BLAS and its threads, CuPy and the GPU, with the command that mends what is amiss.
With --data (or --variant) also a check-up of a planned training, with the same options as
`train`: the first loss against ln(classes), the spread of each layer, dead units, the size of a
step, and whether 20 pictures can be learnt by heart.

  minialexnet doctor
  minialexnet doctor --data imagenette2-160.tgz --variant paper --init paper"""

PACKAGES = ("numpy", "pillow", "threadpoolctl", "tqdm", "matplotlib")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--data", metavar="PATH", help="pictures to check a training on")
    parser.add_argument("--variant", choices=VARIANTS, help="the network of that training")
    parser.add_argument("--init", choices=INITIALIZATIONS, help="its initial weights")
    parser.add_argument("--lr", type=float, help="its learning rate")
    parser.add_argument("--schedule", choices=SCHEDULES, help="its schedule")
    parser.add_argument("--batch-size", type=positive, help="its pictures a step")
    parser.add_argument("--picture-size", type=positive, metavar="PIXELS")
    parser.add_argument("--image-size", type=positive, metavar="PIXELS")
    parser.add_argument("--seed", type=int)
    add_backend(parser)


def run(options: argparse.Namespace) -> int:
    """Print what was found; the exit status is 1 if a planned training looks ill."""
    _print_installation()
    if options.data is None and options.variant is None:
        print("\nA check-up of a planned training: minialexnet doctor --data FOLDER")
        return 0
    return _print_health(options)


def _print_installation() -> None:
    print(f"Python         {platform.python_version()} on {platform.system()} {platform.machine()}")
    for package in ("minialexnet", *PACKAGES):
        print(f"{package:14} {_version(package)}")
    blas = [library for library in threadpool_info() if library["user_api"] == "blas"]
    for library in blas:
        print(
            f"BLAS           {library['internal_api']} {library['version']}, "
            f"{library.get('architecture', 'unknown')} kernels, {library['num_threads']} threads"
        )
    if not blas:
        print("BLAS           none found that its threads could be set of; training may be slow")
    print(f"threads        {num_threads()} of {os.cpu_count()} cores (MINIALEXNET_THREADS)")
    print(f"CuPy           {_cupy()}")
    try:
        print(f"built-in set   {builtin_archive()}")
    except InputError as error:
        print(f"built-in set   missing: {error}")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed: pip install " + package


def _cupy() -> str:
    problem = cupy_problem()
    if problem is not None:
        reason, mend = problem
        return f"not usable: {reason}\n               to mend it: {mend}"
    cupy = select_device("cupy").xp
    properties = cupy.cuda.runtime.getDeviceProperties(0)
    memory = properties["totalGlobalMem"] / 2**30
    return f"{cupy.__version__} on {properties['name'].decode()}, {memory:.0f} GiB"


def _print_health(options: argparse.Namespace) -> int:
    device = select_device(options.backend)
    data = options.data or BUILTIN
    pictures = load_data(data, options.picture_size)
    config = default_config(
        data=data,
        num_classes=len(pictures.classes),
        num_pictures=len(pictures.train),
        picture_size=pictures.size,
        pixel_std=float(np.mean(colour_std(pictures.train.images))),
        backend=device.name,
        **{
            name: getattr(options, name)
            for name in ("variant", "init", "lr", "schedule", "batch_size", "image_size", "seed")
        },
    )
    print(
        f"\n{config.variant}, initialisation {config.init}, {config.num_classes} classes, crops of "
        f"{config.image_size} pixels, learning rate up to {config.lr:g}"
    )
    findings = []
    for finding in check_health(config, pictures.train, device.xp):
        findings.append(finding)
        _print_finding(finding)
    bad = sum(not finding.ok for finding in findings)
    print("looks healthy" if not bad else f"{bad} of {len(findings)} findings need attention")
    return 1 if bad else 0


def _print_finding(finding: Finding) -> None:
    mark = "ok " if finding.ok else "BAD"
    print(f"{mark}  {finding.question}: {finding.answer}", flush=True)
    if not finding.ok:
        print(f"     {finding.advice}", flush=True)
