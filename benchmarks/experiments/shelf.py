"""The pictures of all runs of a process, decoded once for each size."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from minialexnet.cli.common import absolute, load_data
from minialexnet.datasets import Pictures


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
        self._sets: dict[int, Shelved] = {}

    def at(self, size: int) -> Shelved:
        """The pictures, `size` pixels a side. Raises InputError if they cannot be read."""
        if size not in self._sets:
            self._sets[size] = Shelved(self.data, load_data(self.data, size))
        return self._sets[size]
