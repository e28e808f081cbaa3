"""The pictures of all runs of a process, decoded once for each size."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from minialexnet.cli.common import absolute, load_data
from minialexnet.datasets import Pictures, PictureSet


@dataclass(frozen=True)
class Shelved:
    """A set at one size.

    data: its path, or "built-in"; pictures: both splits.
    """

    data: str
    pictures: Pictures

    @property
    def name(self) -> str:
        """That of the set, without its folder and its ending."""
        return Path(self.data).name.split(".")[0]

    @cached_property
    def fingerprints(self) -> dict[str, str]:
        """What tells whether two sets hold the same pictures, whatever their name."""
        parts = {"train": self.pictures.train, "val": self.pictures.val}
        return {name: part.fingerprint() for name, part in parts.items()}

    @property
    def pixel_std(self) -> float:
        """The standard deviation of the training pixels, on the scale of 0 to 255."""
        return float(self.pictures.train.statistics.colour_std.mean())


class Shelf:
    """Reads a folder or archive of pictures as often as sizes are asked for. Args: data: it."""

    def __init__(self, data: str) -> None:
        self.data = absolute(data)
        self._sets: dict[tuple[int, int], Shelved] = {}

    def at(self, size: int, one_in: int = 1) -> Shelved:
        """The pictures, `size` pixels a side, of each class one in so many to train on.

        Raises InputError if they cannot be read.
        """
        if (size, one_in) not in self._sets:
            if one_in == 1:
                pictures = load_data(self.data, size)
            else:
                pictures = self.at(size).pictures
                pictures = replace(pictures, train=thinned(pictures.train, one_in))
            self._sets[size, one_in] = Shelved(self.data, pictures)
        return self._sets[size, one_in]


def thinned(pictures: PictureSet, one_in: int) -> PictureSet:
    """Of each class the first picture of every so many, in the order that they had."""
    of_classes = [np.flatnonzero(pictures.labels == c) for c in range(len(pictures.classes))]
    kept = np.sort(np.concatenate([places[::one_in] for places in of_classes]))
    names = [pictures.names[place] for place in kept]
    return PictureSet(pictures.images[kept], pictures.labels[kept], pictures.classes, names)
