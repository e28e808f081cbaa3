"""`minialexnet models`."""

import argparse

from minialexnet.cli.options import add_parts, chosen_parts, whole
from minialexnet.cli.text import fold, hanging
from minialexnet.models import VARIANTS, alexnet

USAGE = "[VARIANT] [options]"
HELP = """show the networks called AlexNet, layer by layer

Layers, output shapes, parameters and multiply-adds of each variant, and how they differ.

  minialexnet models                   all variants compared
  minialexnet models paper             one of them, layer by layer
  minialexnet models mini --image-size 112 --classes 10
  minialexnet models paper --no-groups --no-lrn"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument(
        "variant",
        nargs="?",
        choices=VARIANTS,
        metavar="VARIANT",
        help=f"one of them in full: {', '.join(VARIANTS)}",
    )
    parser.add_argument(
        "--classes", type=whole(at_least=2), default=1000, metavar="N", help="default: 1000"
    )
    parser.add_argument(
        "--image-size",
        type=whole(at_least=1),
        metavar="PIXELS",
        help="side of the pictures (default: the variant's own)",
    )
    add_parts(parser)


def run(options: argparse.Namespace) -> int:
    """Print one table, or the comparison."""
    parts = chosen_parts(options)
    if options.variant:
        network = alexnet(options.variant, options.classes, options.image_size, parts=parts)
        print(fold(f"{options.variant}: {VARIANTS[options.variant].summary}"))
        if str(parts):
            print(f"here: {parts}")
        print(f"\n{network}")
        return 0
    rows = [("variant", "picture", "parameters", "multiply-adds", "initialisation")]
    for name in VARIANTS:
        network = alexnet(name, options.classes, options.image_size, parts=parts)
        work = network.multiply_adds(network.input_shape)
        rows.append(
            (name, f"{network.image_size}", f"{network.num_params:,}", f"{work:,}", network.init)
        )
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:4], widths[1:4], strict=True)]
        print("  ".join([*cells, row[4]]))
    print()
    for name, variant in VARIANTS.items():
        print(hanging(name, variant.summary, widths[0] + 2))
    print("\nLayer by layer: minialexnet models VARIANT")
    return 0
