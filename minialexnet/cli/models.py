"""`minialexnet models`."""

import argparse
import textwrap

from minialexnet.cli.common import positive
from minialexnet.models import VARIANTS, alexnet

HELP = """show the networks called AlexNet, layer by layer
Layers, output shapes, parameters and multiply-adds of each variant, and how they differ.

  minialexnet models                                   all variants compared
  minialexnet models paper                             one of them, layer by layer
  minialexnet models mini --image-size 112 --classes 10"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("variant", nargs="?", choices=VARIANTS, help="one of them, in full")
    parser.add_argument("--classes", type=positive, default=1000, help="default: 1000")
    parser.add_argument(
        "--image-size", type=positive, help="side of the pictures (default: the variant's own)"
    )


def run(options: argparse.Namespace) -> int:
    """Print one table, or the comparison."""
    if options.variant:
        network = alexnet(options.variant, options.classes, options.image_size)
        print(f"{options.variant}: {VARIANTS[options.variant].summary}\n")
        print(network)
        return 0
    networks = {
        name: alexnet(name, options.classes, options.image_size) for name in VARIANTS
    }
    rows = [("variant", "picture", "parameters", "multiply-adds", "initialisation")]
    for name, network in networks.items():
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
        print(textwrap.fill(f"{name:14}{variant.summary}", 96, subsequent_indent=" " * 14))
    print("\nLayer by layer: minialexnet models VARIANT")
    return 0
