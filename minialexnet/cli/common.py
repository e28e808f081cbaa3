"""What several commands do: read pictures, plan a training, fetch a network from a checkpoint."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from minialexnet.backend import Device
from minialexnet.cli.exceptions import by_augmentation
from minialexnet.cli.options import chosen_device, recipe
from minialexnet.cli.text import class_difference, listing
from minialexnet.datasets import (
    BUILTIN,
    MANIFEST,
    Pictures,
    builtin_archive,
    load_or_prepare,
    load_pictures,
)
from minialexnet.errors import InputError
from minialexnet.files import expanded
from minialexnet.models import AlexNet
from minialexnet.training import (
    Checkpoint,
    Preprocessing,
    Progress,
    TrainConfig,
    load_checkpoint,
    planned_for,
    trained_network,
)

NAMED = 10  # files that could not be read are named one by one up to this number


class Interrupted(InputError):
    """Somebody pressed Ctrl-C; the message says how to go on."""

    exit_status = 130


def load_data(
    data: str, size: int | None = None, fit: str | None = None, prepares: bool = False
) -> Pictures:
    """The pictures of `data`: a folder, an archive, or a prepared set of them.

    Says which files had to be left out. prepares: see `load_or_prepare`.
    """
    path = builtin_archive() if data == BUILTIN else expanded(data)
    with decoding_progress() as show:
        if prepares:
            pictures = load_or_prepare(path, size, show, fit=fit, say=_note)
        else:
            pictures = load_pictures(path, size, show, fit=fit)
    say_skipped(pictures)
    return pictures


def _note(text: str) -> None:
    print(f"note: {text}", file=sys.stderr, flush=True)


@contextmanager
def decoding_progress() -> Iterator[Callable[..., None]]:
    """Within the block a function which shows how many pictures of how many are done."""
    progress = Progress()
    seen, shown = 0, ""

    def show(done: int, total: int, of_what: str = "decoding pictures") -> None:
        nonlocal seen, shown
        if of_what != shown:
            seen, shown = done - 1, of_what
            progress.start(of_what, total, seen)
        progress.update(done - seen, f"{done} of {total}")
        seen = done

    try:
        yield show
    finally:
        progress.finish()


def say_skipped(pictures: Pictures) -> None:
    """Name the files that could not be read, or the first of them."""
    skipped = pictures.skipped
    if skipped:
        count = len(skipped)
        lines = [f"skipped {count} file{'s' * (count > 1)} that could not be read:"]
        lines += [f"  {name}: {reason}" for name, reason in skipped[:NAMED]]
        if count > NAMED:
            lines.append(f"  ... and {count - NAMED} more")
            if pictures.folder is not None:
                lines[-1] += f", all of them in {pictures.folder / MANIFEST}"
        print("\n".join(lines), file=sys.stderr, flush=True)


def absolute(data: str) -> str:
    """The path of the pictures, so that it holds from any folder.

    A link stays one: what was prepared lies beside it, not beside what it points to.
    """
    return data if data == BUILTIN else os.path.abspath(expanded(data))


def load_data_again(config: TrainConfig, run: Path, prepares: bool = False) -> Pictures:
    """The pictures that `run` was trained on; says what to do if they are no longer there."""
    if config.data != BUILTIN and not Path(config.data).exists():
        raise InputError(
            f"the pictures that {run} was trained on are no longer at {config.data}; say with "
            "--data where they are now"
        )
    return load_data(config.data, config.picture_size, config.fit, prepares)


def load_data_for(checkpoint: Checkpoint, path: Path, given: str | None) -> tuple[str, Pictures]:
    """The pictures `given`, or those that the checkpoint at `path` was trained on.

    Returns: where they are, as the user would say it;  the pictures.
    Raises InputError if they have other classes.
    """
    config = TrainConfig.from_dict(checkpoint.config)
    if given:
        data, pictures = given, load_data(given, config.picture_size, config.fit)
    else:
        data, pictures = config.data, load_data_again(config, path)
    found, expected = pictures.classes, checkpoint.classes
    if list(found) != expected:
        shared = set(found) & set(expected)  # without any, the lists themselves say it all
        difference = f": {class_difference(found, expected)}" if shared else ""
        raise InputError(
            f"{data} has the classes {listing(found)}, but {path} was trained on "
            f"{listing(expected)}{difference}; give pictures of those with --data"
        )
    return data, pictures


def planned_config(
    options: argparse.Namespace, data: str, pictures: Pictures, device: Device
) -> TrainConfig:
    """The configuration for a training on `pictures`, with what the user chose."""
    chosen = recipe(options)
    if "except_for" in chosen:
        chosen["except_for"] = by_augmentation(chosen["except_for"], pictures)
    return planned_for(
        pictures,
        data=absolute(data),
        backend=device.name,
        preset=options.preset,
        precision=device.precision,
        **chosen,
    )


def find_checkpoint(path: str | None, runs: str, named_with: str = "--checkpoint") -> Path:
    """The checkpoint that `path` names: a file, or the best of a run folder; None: the newest run.

    Args: named_with: the option or argument that the path came from.

    Raises InputError when there is none.
    """
    if path is not None:
        chosen = expanded(path)
        return _best_of(chosen) if chosen.is_dir() else chosen
    written = {last.parent: last.stat().st_mtime for last in Path(runs).glob("*/last.npz")}
    if not written:
        raise InputError(
            f"found no trained network in {Path(runs)}/; train one with `minialexnet train`, or "
            f"name one with {named_with}"
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
        network, preprocessing = trained_network(checkpoint)
    except InputError as error:
        raise InputError(f"checkpoint {path} does not fit its own configuration: {error}") from None
    return network.to(device.xp), checkpoint, preprocessing, device.xp


def own_version() -> str:
    """Which minialexnet this is."""
    try:
        return version("minialexnet")
    except PackageNotFoundError:
        return "(a clone that was not installed)"
