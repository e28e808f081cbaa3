"""Options that several commands have, and the kinds of number they take."""

import argparse
import math
from collections.abc import Callable
from typing import Any

from minialexnet.backend import PRECISIONS, Device, select_device
from minialexnet.datasets import FITS
from minialexnet.models import (
    ACTIVATIONS,
    INITIALIZATIONS,
    PART_NAMES,
    POOLINGS,
    POOLS,
    VARIANTS,
    Parts,
)
from minialexnet.training import SCHEDULES

RECIPE = (
    "variant",
    "init",
    "image_size",
    "mean",
    "random_crop",
    "min_crop",
    "flip",
    "colour_noise",
    "epochs",
    "batch_size",
    "schedule",
    "lr",
    "momentum",
    "weight_decay",
    "label_smoothing",
    "seed",
    *PART_NAMES,
)
"""Options which, where given, replace what `default_config` would choose."""


SWITCHES = {"flip", "random_crop", "lrn", "groups"}
"""Those of RECIPE that are on unless they are taken away."""


def flag(name: str) -> str:
    """The option that sets `name`: "--lr", "--no-flip"."""
    return f"--{'no-' * (name in SWITCHES)}{name.replace('_', '-')}"


def whole(at_least: int) -> Callable[[str], int]:
    """For argparse: whole numbers from `at_least` on."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = at_least - 1
        if number < at_least:
            raise argparse.ArgumentTypeError(
                f"expected a whole number of at least {at_least}, not {text!r}"
            )
        return number

    return parse


def number(
    above: float = -math.inf, at_least: float = -math.inf, below: float = math.inf
) -> Callable[[str], float]:
    """For argparse: finite numbers above or at least one bound, and below another."""
    bounds = {"above": above, "of at least": at_least, "below": below}
    wanted = " and ".join(f"{word} {b:g}" for word, b in bounds.items() if math.isfinite(b))

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and above < value < below and at_least <= value):
            raise argparse.ArgumentTypeError(f"expected a number {wanted}, not {text!r}")
        return value

    return parse


def add_backend(parser: argparse.ArgumentParser) -> None:
    """The options --backend and --gpu."""
    parser.add_argument(
        "--backend",
        choices=("auto", "numpy", "cupy"),
        default="auto",
        help="NumPy on the CPU or CuPy on a GPU (default: CuPy where it works)",
    )
    parser.add_argument(
        "--gpu", type=whole(at_least=0), metavar="N", help="which GPU, if there are several"
    )


def add_precision(parser: argparse.ArgumentParser) -> None:
    """The option --precision."""
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        help="in which a GPU multiplies matrices (default: tf32, where it has that)",
    )


def chosen_device(options: argparse.Namespace) -> Device:
    """The device that the options ask for. Raises InputError where it cannot be had."""
    return select_device(options.backend, options.gpu, getattr(options, "precision", None))


def add_runs(parser: argparse.ArgumentParser) -> None:
    """The option --runs."""
    parser.add_argument(
        "--runs", default="runs", metavar="FOLDER", help="where runs are kept (default: runs)"
    )


def add_checkpoint(parser: argparse.ArgumentParser) -> None:
    """The options --checkpoint and --runs."""
    parser.add_argument(
        "--checkpoint", metavar="PATH", help="a run folder or .npz file (default: the newest run)"
    )
    add_runs(parser)


def add_ten_crop(parser: argparse.ArgumentParser) -> None:
    """The option --ten-crop."""
    parser.add_argument(
        "--ten-crop",
        action="store_true",
        help="average over ten crops, as the paper: centre and corners, as they are and mirrored",
    )


def add_parts(parser: argparse.ArgumentParser) -> None:
    """The options that take parts of the network out, or put others in their place."""
    add = parser.add_argument_group("parts of the network").add_argument
    add("--activation", choices=ACTIVATIONS, help="after each layer (default: relu)")
    add(
        "--no-lrn",
        dest="lrn",
        action="store_const",
        const=False,
        help="leave local response normalisation out",
    )
    add(
        "--pooling",
        choices=POOLINGS,
        help="windows of 3 pixels that are 2 apart, or of 2 (default: overlapped)",
    )
    add("--pool", choices=POOLS, help="what is taken of a window (default: max)")
    add(
        "--dropout",
        type=number(at_least=0, below=1),
        metavar="P",
        help="how likely a hidden unit is dropped in training (default: 0.5; 0: no dropout)",
    )
    add(
        "--no-groups",
        dest="groups",
        action="store_const",
        const=False,
        help="one tower instead of two, with twice the weights in conv2, conv4 and conv5",
    )


def chosen_parts(options: argparse.Namespace) -> Parts:
    """What `add_parts` asked for, and the default where the user gave nothing."""
    given = {name: getattr(options, name) for name in PART_NAMES}
    return Parts(**{name: value for name, value in given.items() if value is not None})


def add_squares(add: Callable[..., Any]) -> None:
    """The options --picture-size and --fit, by the method `add_argument` of a parser or group."""
    add(
        "--picture-size",
        type=whole(at_least=1),
        metavar="PIXELS",
        help="side that pictures are resized to (default: their own, at most 256)",
    )
    add(
        "--fit",
        choices=FITS,
        help="how pictures become square: crop keeps the central square, as in 2012; stretch keeps "
        "all of it, squashed (default: crop)",
    )


def add_recipe(parser: argparse.ArgumentParser) -> None:
    """The options of a training: those of RECIPE, and --picture-size and --fit."""
    add_parts(parser)
    size, count = whole(at_least=1), whole(at_least=1)
    add = parser.add_argument_group("network and pictures").add_argument
    add("--variant", choices=VARIANTS, help="default: paper, or mini below 96 pixels")
    add("--init", choices=INITIALIZATIONS, help="initial weights (default: he)")
    add_squares(add)
    add(
        "--image-size",
        type=size,
        metavar="PIXELS",
        help="side of the crops the network sees (default: 7/8 of the pictures)",
    )
    add(
        "--mean",
        choices=("colour", "image"),
        help="subtract one colour, or a mean image as in 2012 (default: what goes with --init)",
    )
    add(
        "--no-random-crop",
        dest="random_crop",
        action="store_const",
        const=False,
        help="always cut the middle of pictures (default: anywhere, by chance)",
    )
    add(
        "--min-crop",
        type=size,
        metavar="PIXELS",
        help="cut squares of random size in training, from this side up to the whole picture, and "
        "scale them to the crops' (default: all of that size, as in 2012)",
    )
    add("--no-flip", dest="flip", action="store_const", const=False, help="never mirror pictures")
    add(
        "--colour-noise",
        type=number(at_least=0),
        metavar="X",
        help="vary the colours in training; 0.1 as in the paper (default: 0, not at all)",
    )
    add = parser.add_argument_group("training").add_argument
    add(
        "--epochs",
        type=count,
        metavar="N",
        help="how often every picture is seen (default: by their number)",
    )
    add("--batch-size", type=count, metavar="N", help="pictures a step (default: 64)")
    add(
        "--lr",
        type=number(above=0),
        metavar="RATE",
        help="highest learning rate (default: what goes with --init, 0.02 or 0.01)",
    )
    add("--schedule", choices=SCHEDULES, help="of the learning rate (default: one-cycle)")
    add("--momentum", type=number(at_least=0, below=1), metavar="X", help="default: 0.9")
    add("--weight-decay", type=number(at_least=0), metavar="X", help="default: 0.0005")
    add("--label-smoothing", type=number(at_least=0, below=1), metavar="X", help="default: 0")
    add(
        "--seed",
        type=whole(at_least=0),
        metavar="N",
        help="of weights, order, crops and dropout (default: 0)",
    )


def recipe(options: argparse.Namespace) -> dict[str, Any]:
    """What `add_recipe` asked for and the user gave."""
    given = {name: getattr(options, name) for name in RECIPE}
    return {name: value for name, value in given.items() if value is not None}
