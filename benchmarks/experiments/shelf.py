"""The pictures of all runs of a process, decoded once for each size."""

from dataclasses import dataclass
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
        """Of the set, as `name_of` has it."""
        return name_of(self.data)

    @property
    def pixel_std(self) -> float:
        """The standard deviation of the training pixels, on the scale of 0 to 255."""
        return float(self.pictures.train.statistics.colour_std.mean())


def name_of(data: str) -> str:
    """The name of the set at this path, without its folder and its ending."""
    return Path(data).name.split(".")[0]


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
