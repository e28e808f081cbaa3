"""What several commands do: read pictures, plan a training, fetch a network from a checkpoint."""

import argparse
import sys
from pathlib import Path

from minialexnet.backend import Device
from minialexnet.cli.options import chosen_device, recipe
from minialexnet.datasets import Pictures, builtin_archive, colour_std, load_pictures
from minialexnet.errors import InputError
from minialexnet.models import AlexNet
from minialexnet.training import (
    Checkpoint,
    Preprocessing,
    Progress,
    TrainConfig,
    default_config,
    load_checkpoint,
)

BUILTIN = "built-in"
NAMED = 10  # files that could not be read are named one by one up to this number


def load_data(data: str, size: int | None = None) -> Pictures:
    """The pictures of the folder or archive `data`; says which files had to be left out."""
    path = builtin_archive() if data == BUILTIN else Path(data).expanduser()
    progress = Progress()
    seen = 0

    def show(done: int, total: int) -> None:
        nonlocal seen
        if seen == 0:
            progress.start("reading pictures", total)
        progress.update(done - seen, f"{done} of {total}")
        seen = done

    try:
        pictures = load_pictures(path, size, progress=show)
    finally:
        progress.finish()
    if pictures.skipped:
        count = len(pictures.skipped)
        progress.say(f"skipped {count} file{'s' * (count > 1)} that could not be read:")
        for name, reason in pictures.skipped[:NAMED]:
            progress.say(f"  {name}: {reason}")
        if count > NAMED:
            progress.say(f"  ... and {count - NAMED} more")
    return pictures


def absolute(data: str) -> str:
    """The path of the pictures, so that it holds from any folder."""
    return data if data == BUILTIN else str(Path(data).expanduser().resolve())


def load_data_again(data: str, size: int, run: Path) -> Pictures:
    """The pictures that `run` was trained on; says what to do if they are no longer there."""
    if data != BUILTIN and not Path(data).exists():
        raise InputError(
            f"the pictures that {run} was trained on are no longer at {data}; say with --data "
            "where they are now"
        )
    return load_data(data, size)


def planned_config(
    options: argparse.Namespace, data: str, pictures: Pictures, device: Device
) -> TrainConfig:
    """The configuration for a training on `pictures`, with what the user chose."""
    return default_config(
        data=absolute(data),
        num_classes=len(pictures.classes),
        num_pictures=len(pictures.train),
        picture_size=pictures.size,
        pixel_std=float(colour_std(pictures.train.images).mean()),
        backend=device.name,
        precision=device.precision,
        **recipe(options),
    )


def find_checkpoint(path: str | None, runs: str) -> Path:
    """The checkpoint that `path` names: a file, or the best of a run folder; None: the newest run.

    Raises InputError when there is none.
    """
    if path is not None:
        chosen = Path(path).expanduser()
        return _best_of(chosen) if chosen.is_dir() else chosen
    written = {last.parent: last.stat().st_mtime for last in Path(runs).glob("*/last.npz")}
    if not written:
        raise InputError(
            f"found no trained network in {Path(runs)}/; train one with `minialexnet train`, or "
            "name one with --checkpoint"
        )
    return _best_of(max(written, key=written.__getitem__))


def _best_of(run: Path) -> Path:
    """The best checkpoint of a run, or the last one while its first epoch is not over."""
    best, last = run / "best.npz", run / "last.npz"
    return last if last.exists() and not best.exists() else best


def load_network(
    path: Path, options: argparse.Namespace
) -> tuple[AlexNet, Checkpoint, Preprocessing, object]:
    """The network of a checkpoint, ready to predict: (network, checkpoint, preprocessing, xp)."""
    checkpoint = load_checkpoint(path)
    was_exact = checkpoint.config.get("precision", "float32") == "float32"
    if options.precision is None and checkpoint.config.get("backend") == "cupy" and was_exact:
        options.precision = "float32"  # or the figures would not be those of the training
    device = chosen_device(options)
    if device.name == "cupy":
        print(f"computing with {device}", file=sys.stderr)
    try:
        config = TrainConfig.from_dict(checkpoint.config)
        network = config.network()
        network.set_params(checkpoint.params)
    except InputError as error:
        raise InputError(f"checkpoint {path} does not fit its own configuration: {error}") from None
    preprocessing = Preprocessing(checkpoint.mean, config.pixel_scale, config.image_size)
    return network.to(device.xp), checkpoint, preprocessing, device.xp
