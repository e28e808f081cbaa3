"""What several commands share: pictures, networks out of checkpoints, bars."""

import argparse
import sys
from pathlib import Path

from minialexnet.backend import select_device
from minialexnet.datasets import Pictures, builtin_archive, load_pictures
from minialexnet.errors import InputError
from minialexnet.models import AlexNet, alexnet
from minialexnet.training import (
    Checkpoint,
    Preprocessing,
    Progress,
    TrainConfig,
    load_checkpoint,
)

BUILTIN = "built-in"


def load_data(data: str, size: int | None = None) -> Pictures:
    """The pictures of the folder or archive `data`; says which files had to be left out."""
    path = builtin_archive() if data == BUILTIN else Path(data).expanduser()
    progress = Progress()
    seen = 0

    def show(done: int, total: int) -> None:
        nonlocal seen
        if done == 1 or seen == 0:
            progress.start("reading pictures", total)
        progress.update(done - seen, f"{done} of {total}")
        seen = done

    pictures = load_pictures(path, size, progress=show)
    progress.finish()
    if pictures.skipped:
        count = len(pictures.skipped)
        progress.say(f"skipped {count} file{'s' * (count > 1)} that could not be read:")
        for name, reason in pictures.skipped[:10]:
            progress.say(f"  {name}: {reason}")
        if count > 10:
            progress.say(f"  ... and {count - 10} more")
    return pictures


def find_checkpoint(path: str | None, runs: str, file: str = "best.npz") -> Path:
    """The checkpoint that `path` names: a file, or a run folder; None is the newest run.

    Raises InputError when there is none.
    """
    if path is None:
        folders = sorted(Path(runs).glob(f"*/{file}"), key=lambda p: p.stat().st_mtime)
        if not folders:
            raise InputError(
                f"found no trained network in {Path(runs)}/; train one with `minialexnet train`, "
                "or name one with --checkpoint"
            )
        return folders[-1]
    chosen = Path(path).expanduser()
    return chosen / file if chosen.is_dir() else chosen


def load_network(path: Path, backend: str) -> tuple[AlexNet, Checkpoint, Preprocessing, object]:
    """The network of a checkpoint, ready to predict: (network, checkpoint, preprocessing, xp)."""
    checkpoint = load_checkpoint(path)
    config = TrainConfig.from_dict(checkpoint.config)
    xp = select_device(backend).xp
    network = alexnet(
        config.variant, config.num_classes, config.image_size, config.seed, config.init
    )
    try:
        network.set_params(checkpoint.params)
    except InputError as error:
        raise InputError(f"checkpoint {path} does not fit its own configuration: {error}") from None
    preprocessing = Preprocessing(checkpoint.mean, config.pixel_scale, config.image_size)
    return network.to(xp), checkpoint, preprocessing, xp


def add_backend(parser: argparse.ArgumentParser) -> None:
    """The option --backend."""
    parser.add_argument(
        "--backend",
        choices=("auto", "numpy", "cupy"),
        default="auto",
        help="compute with NumPy on the CPU or CuPy on a GPU (default: CuPy where it works)",
    )


def add_checkpoint(parser: argparse.ArgumentParser) -> None:
    """The options --checkpoint and --runs."""
    parser.add_argument(
        "--checkpoint",
        metavar="FILE",
        help="a checkpoint or run folder (default: best.npz of the newest run)",
    )
    parser.add_argument(
        "--runs", default="runs", metavar="FOLDER", help="where runs are kept (default: runs)"
    )


def bar(share: float, width: int = 24) -> str:
    """A share of 0 to 1 as a bar of text."""
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower()
    full, empty = ("█", "·") if "utf" in encoding else ("#", ".")
    filled = round(share * width)
    return full * filled + empty * (width - filled)


def positive(text: str) -> int:
    """A whole number of at least 1, for argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not at least 1")
    return number
