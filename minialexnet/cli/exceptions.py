"""Augmentations switched off for classes: what was given, and what had better be."""

import shlex
import unicodedata
from collections.abc import Iterable, Sequence

from minialexnet.cli.options import exception_arguments
from minialexnet.cli.text import listing
from minialexnet.datasets import Pictures, lookalikes, printable
from minialexnet.errors import InputError
from minialexnet.training import TrainConfig

NAMED = 3  # pairs of classes, in a warning

DOING = {
    "crop": "cutting squares of random size",
    "flip": "mirroring",
    "scale": "scaling",
    "rotation": "turning",
    "shear": "slanting",
    "brightness": "changing the brightness",
    "colour_noise": "noise in the colours",
}


def by_augmentation(
    exceptions: Iterable[tuple[str, Sequence[str]]], pictures: Pictures
) -> dict[str, list[str]]:
    """[(class, its augmentations)] -> {augmentation: classes}, by the names of their folders.

    Raises: InputError for a class which there is not.
    """
    folders = dict(zip(pictures.class_names, pictures.classes, strict=True))
    folders |= {folder: folder for folder in pictures.classes}
    folders = {_as_typed(name): folder for name, folder in folders.items()}
    collected: dict[str, list[str]] = {}
    for given, names in exceptions:
        if _as_typed(given) not in folders:
            raise InputError(
                f"--except names the class {given!r}, which there is not; there are "
                f"{listing(pictures.class_names, 20)}"
            )
        for name in names:
            collected.setdefault(name, []).append(folders[_as_typed(given)])
    return collected


def _as_typed(name: str) -> str:
    """A name as it comes from a keyboard: macOS writes letters and accents of files apart."""
    return unicodedata.normalize("NFC", printable(name))


def warnings(config: TrainConfig, pictures: Pictures) -> list[str]:
    """One line for each augmentation that may turn classes into each other, by their names."""
    names = dict(zip(pictures.classes, pictures.class_names, strict=True))
    pairs = lookalikes(
        pictures.classes,
        config.augmentation,
        config.flip,
        config.colour_noise,
        random_sizes=config.min_crop > 0,
        names=pictures.class_names,
    )
    return [
        _warning(augmentation, [(names[one], names[other]) for one, other in found])
        for augmentation, found in pairs.items()
    ]


def _warning(augmentation: str, pairs: list[tuple[str, str]]) -> str:
    described = listing([f"{one!r} and {other!r}" for one, other in pairs], NAMED)
    concerned = dict.fromkeys(name for pair in pairs[:NAMED] for name in pair)
    exceptions = (shlex.join(exception_arguments(name, augmentation)) for name in concerned)
    off = " ".join(exceptions)
    if augmentation == "flip":  # mirrored, most characters are none at all
        off = f"--no-flip, or for these alone with {off}"
    return (
        f"note: {DOING[augmentation]} may make one class look like another: {described}; where it "
        f"does, switch it off with {off}"
    )
