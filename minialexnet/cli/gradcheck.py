"""`minialexnet gradcheck`."""

import argparse
from collections.abc import Iterator

from minialexnet.backend import host_generator
from minialexnet.cli.options import add_backend, chosen_device, number, whole
from minialexnet.errors import InputError
from minialexnet.gradcheck import TOLERANCE, Report, all_cases, check_layer
from minialexnet.models import VARIANTS, alexnet

USAGE = "[options]"
HELP = """check every gradient against a numeric one

Each layer with each of its options, in float64, by central differences with random upstream
gradients: one line each with the largest relative error, which is

  |analytic - numeric| / max(|analytic|, |numeric|)

where gradients below a thousandth of the array's largest count as that large. Points where a
function has a kink (ReLU at 0, ties in pooling) have no gradient; they are counted, not compared,
and when they outnumber the others there is no verdict.

  minialexnet gradcheck                    all layers, about half a minute
  minialexnet gradcheck --layer norm       those whose name contains "norm"
  minialexnet gradcheck --variant mini     some numbers of a whole network

Your own functions: see `help(minialexnet.gradcheck.check_function)`."""

IMAGE_SIZE = 67
"""Of networks: small, and enough for all variants."""

NETWORK_POINTS = 8
NETWORK_STEP = (
    3e-5  # one number moves many units: with longer steps some ReLU is always at its kink
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--layer", metavar="TEXT", help="only layers whose name contains this")
    what.add_argument("--variant", choices=VARIANTS, help="a whole network instead of layers")
    parser.add_argument(
        "--image-size",
        type=whole(at_least=1),
        metavar="PIXELS",
        help=f"of that network (default: {IMAGE_SIZE})",
    )
    parser.add_argument(
        "--tolerance",
        type=number(above=0),
        default=TOLERANCE,
        metavar="X",
        help=f"largest relative error allowed (default: {TOLERANCE:g})",
    )
    parser.add_argument(
        "--seed",
        type=whole(at_least=0),
        default=0,
        metavar="N",
        help="of inputs and gradients (default: 0)",
    )
    add_backend(parser)


def run(options: argparse.Namespace) -> int:
    """Run the checks; the exit status is 1 if a gradient is wrong or has no verdict."""
    if options.image_size is not None and not options.variant:
        raise InputError(
            "--image-size is that of a network, and layers are checked here: name one with "
            "--variant, or leave it out"
        )
    xp = chosen_device(options).xp
    reports = list(_check_network(options, xp) if options.variant else _check_layers(options, xp))
    verdicts = [{result.verdict for result in report.results} for report in reports]
    wrong = sum("WRONG" in found for found in verdicts)
    undecided = sum(not report.ok for report in reports) - wrong
    points = sum(report.points for report in reports)
    faults = [f"{wrong} of them WRONG"] if wrong else []
    faults += [f"{undecided} of them without a verdict"] if undecided else []
    verdict = ", ".join(faults) or "all gradients agree"
    checks = f"{len(reports)} check{'s' * (len(reports) > 1)}"
    print(f"{checks}, {points:,} numbers compared: {verdict}")
    print(
        f"largest relative error {max(report.error for report in reports):.1e}, allowed "
        f"{options.tolerance:.1e}"
    )
    return 1 if faults else 0


def _check_layers(options: argparse.Namespace, xp) -> Iterator[Report]:
    text = (options.layer or "").lower()
    cases = [case for case in all_cases() if text in f"{case.group} {case.option}".lower()]
    if not cases:
        names = ", ".join(dict.fromkeys(case.group for case in all_cases()))
        raise InputError(f"no layer's name contains {options.layer!r}; there are {names}")
    _print_row("layer", "option", "error", "points", "kinks")
    for case in cases:
        report = case.check(xp, seed=options.seed, tolerance=options.tolerance)
        _print_report(case.group, case.option, report)
        yield report


def _check_network(options: argparse.Namespace, xp) -> Iterator[Report]:
    size = IMAGE_SIZE if options.image_size is None else options.image_size
    network = alexnet(options.variant, 10, size, options.seed, init="he").to(xp)
    x = host_generator(options.seed, 5).standard_normal((1, *network.input_shape))
    _print_row("network", "gradient of", "error", "points", "kinks")
    results = check_layer(
        network,
        xp.asarray(x),
        max_points=NETWORK_POINTS,
        seed=options.seed,
        tolerance=options.tolerance,
        step=NETWORK_STEP,
    ).results
    for result in results:
        report = Report((result,))
        _print_report(options.variant, result.target, report)
        yield report


def _print_report(group: str, option: str, report: Report) -> None:
    bad = [result for result in report.results if result.verdict != "ok"]
    verdict = ", ".join(sorted({result.verdict for result in bad})) or "ok"
    _print_row(group, option, f"{report.error:.1e}", report.points, report.kinks, verdict)
    for result in bad:
        print(f"    {result}")


def _print_row(group: str, option: str, error: str, points, kinks, verdict: str = "") -> None:
    row = f"{group:19}  {option:31}  {error:>7}  {points:>6}  {kinks:>5}  {verdict}"
    print(row.rstrip(), flush=True)
