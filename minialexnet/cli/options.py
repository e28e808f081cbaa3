"""Options that several commands have, and the kinds of number they take."""

import argparse
import math
from collections.abc import Callable
from typing import Any

from minialexnet.backend import PRECISIONS, Device, select_device
from minialexnet.datasets import AUGMENTATIONS, FITS, LIMITS
from minialexnet.models import (
    ACTIVATIONS,
    INITIALIZATIONS,
    PART_NAMES,
    POOLINGS,
    POOLS,
    VARIANTS,
    Parts,
)
from minialexnet.training import PRESETS, SCHEDULES, TrainConfig, read_preset

RECIPE = (
    "variant",
    "init",
    "image_size",
    "mean",
    "random_crop",
    "min_crop",
    "flip",
    "colour_noise",
    "shift",
    "scale",
    "rotation",
    "shear",
    "contrast",
    "brightness",
    "except_for",
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
"""Options which, where given, replace what the preset says."""


SWITCHES = {"flip", "random_crop", "lrn", "groups"}
"""Those of RECIPE that are on unless they are taken away."""


def flag(name: str) -> str:
    """The option that sets what is called `name` in RECIPE: "--lr", "--no-flip"."""
    if name in SWITCHES:
        return f"--no-{spelled(name)}"
    return {"except_for": "--except"}.get(name, f"--{spelled(name)}")


MOST = 10**12
"""No option needs a larger whole number, and with some of them arithmetic ends."""


def whole(at_least: int) -> Callable[[str], int]:
    """For argparse: whole numbers from `at_least` on."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = at_least - 1
        if number < at_least or number > MOST:
            raise argparse.ArgumentTypeError(
                f"expected a whole number of at least {at_least}, not {text!r}"
                if number < at_least
                else f"expected a whole number of at most {MOST:,}"
            )
        return number

    return parse


def number(
    above: float = -math.inf,
    at_least: float = -math.inf,
    below: float = math.inf,
    at_most: float = math.inf,
) -> Callable[[str], float]:
    """For argparse: finite numbers above or at least one bound, and below or at most another."""
    bounds = {"above": above, "of at least": at_least, "below": below, "at most": at_most}
    wanted = " and ".join(f"{word} {b:g}" for word, b in bounds.items() if math.isfinite(b))

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and above < value < below and at_least <= value <= at_most):
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
        "--gpu", type=whole(at_least=0), metavar="N", help="number of the GPU, from 0 (default: 0)"
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


RUNS = "runs"
"""The folder where runs are kept if nobody says."""


def add_runs(parser: argparse.ArgumentParser, default: str | None = RUNS) -> None:
    """The option --runs. Args: default: None where it matters whether it was given."""
    parser.add_argument(
        "--runs", default=default, metavar="FOLDER", help=f"where runs are kept (default: {RUNS})"
    )


def add_checkpoint(parser: argparse.ArgumentParser) -> None:
    """The options --checkpoint and --runs."""
    parser.add_argument(
        "--checkpoint", metavar="PATH", help="a run folder or .npz file (default: the newest run)"
    )
    add_runs(parser)


def add_run_path(parser: argparse.ArgumentParser) -> None:
    """The argument RUN (`options.run_path`, as `run` is a command's function) and --runs."""
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "run_path",
        nargs="?",
        default=argparse.SUPPRESS,  # or its absence would undo --checkpoint
        metavar="RUN",
        help="a run folder or .npz file (default: the newest run)",
    )
    either.add_argument(
        "--checkpoint", dest="run_path", metavar="RUN", help="the same, as `predict` takes it"
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
    add("--activation", choices=ACTIVATIONS, help="after each hidden layer (default: relu)")
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


def exception(text: str) -> tuple[str, list[str]]:
    """For argparse: "6:rotation,flip" -> ("6", ["rotation", "flip"]); a class may have a colon."""
    class_name, colon, names = text.rpartition(":")
    chosen = names.replace("-", "_").split(",")
    if not class_name or not colon:
        raise argparse.ArgumentTypeError(
            f"expected a class, a colon and what is off for it, like 6:rotation, not {text!r}"
        )
    for name in chosen:
        if name not in AUGMENTATIONS:
            raise argparse.ArgumentTypeError(
                f"there is no augmentation {spelled(name)!r}; there are "
                f"{', '.join(map(spelled, AUGMENTATIONS))}"
            )
    return class_name, chosen


def spelled(name: str) -> str:
    """A name of an option's value as the command line has it: colour_noise -> colour-noise."""
    return name.replace("_", "-")


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
    """The options of a training: --preset, those of RECIPE, and --picture-size and --fit."""
    add_parts(parser)
    size, count = whole(at_least=1), whole(at_least=1)
    parser.add_argument(
        "--preset",
        choices=PRESETS,
        help="the recipe that supplies every setting you do not give (default: photos, or mini for "
        "--variant mini, and for pictures below 96 pixels without --variant)",
    )
    add = parser.add_argument_group("network and pictures").add_argument
    add(
        "--variant",
        choices=VARIANTS,
        help="which network; `minialexnet models` shows them " + _by_preset("variant"),
    )
    add("--init", choices=INITIALIZATIONS, help=f"initial weights {_by_preset('init')}")
    add_squares(add)
    add(
        "--image-size",
        type=size,
        metavar="PIXELS",
        help="side of the crops the network sees (presets: 7/8 of the pictures)",
    )
    add(
        "--mean",
        choices=("colour", "image"),
        help="what is subtracted from pictures: one colour, or a mean image as in 2012 "
        + _by_preset("mean", absent="colour"),
    )
    _add_augmentations(parser)
    add = parser.add_argument_group("training").add_argument
    add(
        "--epochs",
        type=count,
        metavar="N",
        help="how often the pictures are gone through, each time but for a last batch that is not "
        "full (presets: by their number)",
    )
    add(
        "--batch-size",
        type=count,
        metavar="N",
        help=f"pictures in a step {_by_preset('batch_size')}",
    )
    add(
        "--lr",
        type=number(above=0),
        metavar="RATE",
        help=f"highest learning rate; the schedule lowers it {_by_preset('lr')}",
    )
    add(
        "--schedule",
        choices=SCHEDULES,
        help=f"how the learning rate changes during training {_by_preset('schedule')}",
    )
    add(
        "--momentum",
        type=number(at_least=0, below=1),
        metavar="X",
        help=f"momentum of SGD {_by_preset('momentum')}",
    )
    add(
        "--weight-decay",
        type=number(at_least=0),
        metavar="X",
        help=f"weight decay of SGD {_by_preset('weight_decay')}",
    )
    add(
        "--label-smoothing",
        type=number(at_least=0, below=1),
        metavar="X",
        help="share of each label that is spread over all classes "
        + _by_preset("label_smoothing", absent=0),
    )
    add(
        "--seed",
        type=whole(at_least=0),
        metavar="N",
        help="of weights, order, crops and dropout (default: 0)",
    )


def _by_preset(name: str, absent: Any = None) -> str:
    """What the presets say, in brackets; `absent` where one says nothing."""
    presets: dict[Any, list[str]] = {}
    for preset in PRESETS:
        presets.setdefault(read_preset(preset).get(name, absent), []).append(preset)
    if len(presets) == 1:
        return f"(default: {next(iter(presets))})"
    choices = [f"{value} in {' and '.join(names)}" for value, names in presets.items()]
    return f"(default: {', '.join(choices)})"


def _add_augmentations(parser: argparse.ArgumentParser) -> None:
    """How pictures are changed in training, by chance."""
    group = parser.add_argument_group(
        "changes of the pictures in training, by chance", "see them: minialexnet data show"
    )
    add = group.add_argument
    add(
        "--no-random-crop",
        dest="random_crop",
        action="store_const",
        const=False,
        help="always cut the middle of pictures",
    )
    add(
        "--min-crop",
        type=whole(at_least=0),
        metavar="PIXELS",
        help="cut squares of random size, from this side up to the whole picture, and scale them "
        "to the crops'; 0: cut all in the size of the crops, as in 2012 (default: 0; "
        f"{read_preset('photos')['min_crop']:g} of the pictures' side in photos)",
    )
    add("--no-flip", dest="flip", action="store_const", const=False, help="never mirror pictures")
    add(
        "--colour-noise",
        type=number(at_least=0),
        metavar="X",
        help="vary the colours: 0.1 as in the paper, 0 not at all "
        + _by_preset("colour_noise", absent=0),
    )
    for name, metavar, text in (
        ("shift", "X", "by up to this share of the side: 0.1"),
        ("scale", "X", "from 1/(1+X) to 1+X times as large: 0.25"),
        ("rotation", "DEGREES", "to either side, up to this: 15"),
        ("shear", "DEGREES", "slant to either side, up to this: 10"),
        ("contrast", "X", "from 1/(1+X) to 1+X times: 0.3"),
        ("brightness", "X", "likewise: 0.3"),
    ):
        strength = number(at_least=0, at_most=LIMITS[name])
        add(flag(name), type=strength, metavar=metavar, help=text)
    add(
        "--except",
        dest="except_for",
        type=exception,
        action="append",
        metavar="CLASS:NAME,...",
        help="switch augmentations off for one class, which they would turn into another, as in "
        "--except 6:rotation,flip; repeat it for other classes. Names: "
        f"{', '.join(map(spelled, AUGMENTATIONS))}",
    )


def recipe(options: argparse.Namespace) -> dict[str, Any]:
    """What `add_recipe` asked for and the user gave."""
    given = {name: getattr(options, name) for name in RECIPE}
    return {name: value for name, value in given.items() if value is not None}


def exception_arguments(class_name: str, augmentation: str) -> list[str]:
    """The option that switches an augmentation off for a class."""
    option, value = flag("except_for"), f"{class_name}:{spelled(augmentation)}"
    # A word that begins with a dash would be taken for an option of its own.
    return [f"{option}={value}"] if value.startswith("-") else [option, value]


def as_arguments(config: TrainConfig) -> list[str]:
    """The options of `train` that ask for the configuration of a run, whatever the defaults are."""
    arguments = []
    for name in ("data", "backend", "precision", "preset", "picture_size", "fit", *RECIPE):
        value = getattr(config, name)
        if isinstance(value, bool):
            arguments += [] if value else [flag(name)]
        elif name == "except_for":
            for augmentation, classes in value.items():
                for each in classes:
                    arguments += exception_arguments(each, augmentation)
        elif value not in (None, "") and (name != "precision" or config.backend == "cupy"):
            arguments += [flag(name), str(value)]
    return arguments
