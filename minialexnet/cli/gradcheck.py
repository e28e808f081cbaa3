"""`minialexnet gradcheck`."""

import argparse

from minialexnet.backend import host_generator, select_device
from minialexnet.cli.common import add_backend, positive
from minialexnet.errors import InputError
from minialexnet.gradcheck import TOLERANCE, Report, all_cases, check_layer
from minialexnet.models import VARIANTS, alexnet

HELP = """check every gradient against a numeric one
Each layer with each of its options, in float64, by central differences with random upstream
gradients: one line each with the largest relative error. Points where a function has a kink
(ReLU at 0, ties in pooling) have no gradient; they are counted, not compared.

  minialexnet gradcheck                                all layers, about ten seconds
  minialexnet gradcheck --layer norm                   those whose name contains "norm"
  minialexnet gradcheck --variant mini                 a whole network, some numbers of each array

Your own functions: see `help(minialexnet.gradcheck.check_function)`."""

NETWORK_POINTS = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--layer", metavar="TEXT", help="only layers whose name contains this")
    parser.add_argument("--variant", choices=VARIANTS, help="a whole network instead of layers")
    parser.add_argument(
        "--image-size", type=positive, default=67, help="for --variant (default: 67 pixels)"
    )
    parser.add_argument(
        "--tolerance", type=float, default=TOLERANCE, help=f"default: {TOLERANCE:g}"
    )
    parser.add_argument("--seed", type=int, default=0, help="of inputs and gradients (default: 0)")
    add_backend(parser)


def run(options: argparse.Namespace) -> int:
    """Run the checks; the exit status is 1 if a gradient is wrong."""
    xp = select_device(options.backend).xp
    print(f"{'layer':20} {'option':34} {'largest error':>13} {'points':>7} {'kinks':>6}")
    if options.variant:
        reports = [_check_network(options, xp)]
    else:
        reports = list(_check_layers(options, xp))
    wrong = sum(not report.ok for report in reports)
    largest = max(report.error for report in reports)
    points = sum(report.points for report in reports)
    print(
        f"{len(reports)} checks, {points} numbers compared, largest relative error {largest:.1e} "
        f"(allowed: {options.tolerance:g}): {f'{wrong} WRONG' if wrong else 'all gradients agree'}"
    )
    return 1 if wrong else 0


def _check_layers(options: argparse.Namespace, xp):
    text = (options.layer or "").lower()
    cases = [case for case in all_cases() if text in f"{case.group} {case.option}".lower()]
    if not cases:
        names = ", ".join(dict.fromkeys(case.group for case in all_cases()))
        raise InputError(f"no layer's name contains {options.layer!r}; there are {names}")
    for case in cases:
        report = case.check(xp, seed=options.seed, tolerance=options.tolerance)
        _print_line(case.group, case.option, report)
        yield report


def _check_network(options: argparse.Namespace, xp) -> Report:
    network = alexnet(options.variant, 10, options.image_size, options.seed, init="he").to(xp)
    x = host_generator(options.seed).standard_normal((1, *network.input_shape))
    report = check_layer(
        network,
        xp.asarray(x),
        max_points=NETWORK_POINTS,
        seed=options.seed,
        tolerance=options.tolerance,
    )
    for result in report.results:
        _print_line(options.variant, result.target, Report((result,)))
    return report


def _print_line(group: str, option: str, report: Report) -> None:
    verdict = "ok" if report.ok else ", ".join(
        sorted({r.verdict for r in report.results if r.verdict != "ok"})
    )
    print(
        f"{group:20} {option:34} {report.error:13.1e} {report.points:7} {report.kinks:6}  {verdict}",
        flush=True,
    )
    if not report.ok:
        for result in report.results:
            if result.verdict != "ok":
                print(f"    {result}")
