"""`minialexnet eval`."""

import argparse

import numpy as np

from minialexnet.cli.common import (
    BUILTIN,
    add_backend,
    add_checkpoint,
    bar,
    find_checkpoint,
    load_data,
    load_network,
)
from minialexnet.datasets import display_name
from minialexnet.errors import InputError
from minialexnet.training import TOP_K, evaluate

HELP = """measure a trained network on validation pictures
Prints loss, top-1 and top-5 error, and how many pictures of each class are right.

  minialexnet eval                                     the newest run, on its own pictures
  minialexnet eval --checkpoint runs/imagenette-1 --data imagenette2-160.tgz"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    add_checkpoint(parser)
    parser.add_argument(
        "--data", metavar="PATH", help="pictures to measure on (default: those trained on)"
    )
    parser.add_argument(
        "--split", choices=("val", "train"), default="val", help="which part (default: val)"
    )
    add_backend(parser)


def run(options: argparse.Namespace) -> int:
    """Evaluate and print the result."""
    path = find_checkpoint(options.checkpoint, options.runs)
    network, checkpoint, preprocessing, xp = load_network(path, options.backend)
    data = options.data or checkpoint.config["data"] or BUILTIN
    pictures = load_data(data, checkpoint.config["picture_size"])
    if list(pictures.classes) != checkpoint.classes:
        raise InputError(
            f"{data} has the classes {', '.join(pictures.classes[:5])} ...; {path} was trained on "
            f"{', '.join(checkpoint.classes[:5])} ...; give the pictures it was trained for"
        )
    part = getattr(pictures, options.split)
    tally, logits = evaluate(network, part, preprocessing, xp)
    print(f"{path}: {checkpoint.config['variant']} on {tally.pictures} pictures of {data}")
    line = f"loss {tally.loss:.4f}, top-1 error {tally.top1_error:.2%}"
    if len(checkpoint.classes) > TOP_K:
        line += f", top-5 error {tally.top5_error:.2%}"
    print(line)
    right = logits.argmax(axis=1) == part.labels
    names = [display_name(name) for name in checkpoint.classes]
    width = max(len(name) for name in names)
    for label, name in enumerate(names):
        of_class = part.labels == label
        if of_class.any():
            share = float(np.mean(right[of_class]))
            print(f"  {name:{width}}  {bar(share)} {share:4.0%} of {of_class.sum()}")
    return 0
