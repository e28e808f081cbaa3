"""The pictures of all runs of a process, decoded once for each size."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from minialexnet.cli.common import absolute, load_data
from minialexnet.datasets import Pictures, colour_std, mean_colour, mean_image


@dataclass(frozen=True)
class Shelved:
    """A set at one size, and what is worked out of its training pictures, once.

    data: its path, or "built-in"; pictures: both splits.
    """

    data: str
    pictures: Pictures

    @property
    def name(self) -> str:
        """That of the set, without its folder and its ending."""
        return Path(self.data).name.split(".")[0]

    @cached_property
    def pixel_std(self) -> float:
        """The standard deviation of the pixels, on the scale of 0 to 255."""
        return float(colour_std(self.pictures.train.images).mean())

    @cached_property
    def means(self) -> dict[str, np.ndarray]:
        """What is subtracted from the pixels, by its name in `TrainConfig`."""
        images = self.pictures.train.images
        return {"colour": mean_colour(images), "image": mean_image(images)}


class Shelf:
    """Reads a folder or archive of pictures as often as sizes are asked for. Args: data: it."""

    def __init__(self, data: str) -> None:
        self.data = absolute(data)
        self._sets: dict[int, Shelved] = {}

    def at(self, size: int) -> Shelved:
        """The pictures, `size` pixels a side. Raises InputError if they cannot be read."""
        if size not in self._sets:
            self._sets[size] = Shelved(self.data, load_data(self.data, size))
        return self._sets[size]
