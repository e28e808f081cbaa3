"""`minialexnet bench`."""

import argparse
import dataclasses
import json

from threadpoolctl import threadpool_info

from minialexnet.backend import Device, num_threads
from minialexnet.cli.options import (
    add_backend,
    add_parts,
    add_precision,
    chosen_device,
    chosen_parts,
    whole,
)
from minialexnet.cli.text import bar, hanging
from minialexnet.models import VARIANTS, AlexNet, alexnet
from minialexnet.training import Progress
from minialexnet.training.benchmark import Benchmark, measure

USAGE = "[VARIANT] [options]"
HELP = """measure how fast this machine trains and predicts

Training steps on random pictures: images per second, how long forward, loss, backward and update
take, and which layers take the time; then inference, of a batch and of one picture by itself.
The floor is the time the plain matrix products alone would take at the machine's best rate. Close
other programs first.

  minialexnet bench                      the paper's network, batches of 128
  minialexnet bench mini --batch-size 64 --image-size 42 --classes 10
  minialexnet bench owt --json > owt.json

When threads are in several layers at the same time, each of these counts its part of it, so that
the layers add up to the time on the wall. On a GPU they are timed with a wait after each, which
makes that step longer."""

LARGEST = 1 << 40  # pixels of a batch; far more than any machine holds, and no overflow yet


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    count = whole(at_least=1)
    parser.add_argument(
        "variant",
        nargs="?",
        choices=VARIANTS,
        default="paper",
        metavar="VARIANT",
        help=f"one of {', '.join(VARIANTS)} (default: paper)",
    )
    add = parser.add_argument
    add("--batch-size", type=count, default=128, metavar="N", help="pictures a step (default: 128)")
    add(
        "--image-size",
        type=count,
        metavar="PIXELS",
        help="side of the pictures (default: the variant's own)",
    )
    add("--classes", type=whole(at_least=2), default=1000, metavar="N", help="default: 1000")
    add(
        "--steps",
        type=count,
        default=5,
        metavar="N",
        help="training steps to take the median of (default: 5)",
    )
    add_backend(parser)
    add_precision(parser)
    add_parts(parser)
    add("--json", action="store_true", help="print the figures as JSON, in bytes and seconds")


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    size = options.image_size or VARIANTS[options.variant].image_size
    if options.batch_size * size**2 > LARGEST:
        raise MemoryError
    device = chosen_device(options)
    parts = chosen_parts(options)
    network = alexnet(options.variant, options.classes, size, init="he", parts=parts).to(device.xp)
    if not options.json:
        _print_head(options, network, device)
    progress = Progress()

    def show(done: int, total: int, text: str) -> None:
        if done == 0:
            progress.start("measuring", total)
        progress.update(min(done, 1), text)

    try:
        found = measure(network, options.batch_size, options.steps, progress=show)
    finally:
        progress.finish()
    if options.json:
        print(json.dumps(_figures(options, network, device, found), indent=2))
    else:
        _print_step(found)
        _print_layers(found)
        _print_machine(found, device)
    return 0


def _print_head(options: argparse.Namespace, network: AlexNet, device: Device) -> None:
    print(
        f"{network.parts.of(network.variant)} with {network.num_params:,} parameters, "
        f"{network.image_size} pixels, batches of {options.batch_size}, "
        f"{network.num_classes:,} classes"
    )
    print(hanging("", f"computing with {_where(device)}", 0), flush=True)


def _print_step(found: Benchmark) -> None:
    count, step = found.batch_size, found.step
    median = f"median of {found.steps} steps" if found.steps > 1 else "one step"
    print()
    _row("training step", step.total, f"{_rate(count / step.total)}  ({median})")
    for name, seconds in dataclasses.asdict(step).items():
        _row(f"  {name}", seconds, f"{seconds / step.total:4.0%}")
    if count > 1:
        _row("inference", found.inference, _rate(count / found.inference))
    _row("one picture", found.latency, _rate(1 / found.latency))


def _row(name: str, seconds: float, text: str) -> None:
    print(f"{name:14} {_time(seconds):>9}  {text}")


def _print_layers(found: Benchmark) -> None:
    print(
        f"\n{'layer':9} {'kind':17} {'forward ms':>10} {'backward ms':>11}  {'share':17} "
        f"{'GFLOP/s':>7}"
    )
    longest = max(found.watched.update, *(layer.total for layer in found.layers))

    def line(cells: str, seconds: float, rate: str = "") -> None:
        length = bar(min(max(seconds, 0) / longest, 1), 12)
        print(f"{cells:50}  {length} {seconds / found.watched.total:4.0%} {rate:>7}".rstrip())

    for layer in found.layers:
        times = f"{1000 * layer.forward:10,.1f} {1000 * layer.backward:11,.1f}"
        rate = f"{layer.operations / layer.total / 1e9:,.0f}" if layer.operations else ""
        line(f"{layer.name:9} {layer.kind:17} {times}", layer.total, rate)
    line("between the layers", found.between_layers)
    line("loss", found.watched.loss)
    line("update", found.watched.update)


def _print_machine(found: Benchmark, device: Device) -> None:
    print()
    if found.peak_memory is not None:
        print(hanging("memory", f"{_size(found.peak_memory)} at most in this process", 9))
    if device.name == "cupy":
        held = device.xp.get_default_memory_pool().total_bytes()
        print(hanging("", f"{_size(held)} of the GPU's memory", 9))
    text = (
        f"plain matrix products alone ({found.operations / 1e9:,.1f} GFLOP a step, at the "
        f"{found.sgemm / 1e9:,.0f} GFLOP/s this machine reaches) would take {_time(found.floor)}, "
        f"{found.reached:.0%} of the step (convolutions of stride 1 take fewer multiplications, so "
        "more than 100% is possible)"
    )
    print(hanging("floor", text, 9))


def _where(device: Device) -> str:
    if device.name == "cupy":
        return str(device)
    return f"{device} ({', '.join(_blas()) or 'no BLAS found whose threads could be set'})"


def _blas() -> list[str]:
    return [
        f"{library['internal_api']} {library['version']}, "
        f"{library.get('architecture', 'unknown')} kernels"
        for library in threadpool_info()
        if library["user_api"] == "blas"
    ]


def _time(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{1000 * seconds:.{0 if seconds >= 0.1 else 1}f} ms"


def _rate(per_second: float) -> str:
    return f"{per_second:,.0f} images/s" if per_second >= 10 else f"{per_second:.2g} images/s"


def _size(count: int) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"


def _figures(
    options: argparse.Namespace, network: AlexNet, device: Device, found: Benchmark
) -> dict[str, object]:
    """All that is known, under names that say what it is."""
    return {
        "variant": network.variant,
        "parts": dataclasses.asdict(network.parts),
        "image_size": network.image_size,
        "classes": network.num_classes,
        "parameters": network.num_params,
        "backend": device.name,
        "threads": num_threads(),
        "blas": _blas(),
        "gpu": device.gpu,
        "precision": device.precision,
        **dataclasses.asdict(found),
        "between_layers": found.between_layers,
        "images_per_second": {
            "training": found.batch_size / found.step.total,
            "inference": found.batch_size / found.inference,
            "inference_one_by_one": 1 / found.latency,
        },
        "floor": found.floor,
        "floor_reached": found.reached,
    }
