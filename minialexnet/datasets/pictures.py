"""Pictures as arrays of equal squares, ready to be cut into batches."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from minialexnet.datasets.names import display_name
from minialexnet.datasets.shards import Images
from minialexnet.datasets.statistics import Statistics, statistics_of
from minialexnet.errors import InputError

FINGERPRINTED = 256  # pictures whose pixels go into a fingerprint


@dataclass(frozen=True)
class PictureSet:
    """Equal squares with their labels.

    images: (N, S, S, 3) uint8, RGB, an array, a memory-map or `Shards`; labels: (N,) int64,
    positions in classes; names: N names; known: the statistics of the images, if they are known.

    Raises: InputError if these do not fit together.
    """

    images: Images
    labels: np.ndarray
    classes: tuple[str, ...]
    names: list[str]
    known: Statistics | None = None

    def __post_init__(self) -> None:
        shape, count = self.images.shape, len(self.images)
        square = len(shape) == 4 and shape[1] == shape[2] and shape[3] == 3
        if not square or self.images.dtype != np.uint8:
            raise InputError(
                f"images must be uint8 of shape (N, S, S, 3), not {self.images.dtype} of {shape}"
            )
        if self.labels.shape != (count,) or self.labels.dtype != np.int64:
            raise InputError(
                f"labels must be int64 of shape ({count},), one for each image, not "
                f"{self.labels.dtype} of {self.labels.shape}"
            )
        if len(self.names) != count:
            raise InputError(
                f"there must be {count} names, one for each image, not {len(self.names)}"
            )
        if count and not 0 <= self.labels.min() <= self.labels.max() < len(self.classes):
            raise InputError(
                f"labels must lie in 0..{len(self.classes) - 1}, the positions in classes, not in "
                f"{self.labels.min()}..{self.labels.max()}"
            )

    def __len__(self) -> int:
        return len(self.images)

    @property
    def size(self) -> int:
        """S, the side of every picture in pixels."""
        return self.images.shape[1]

    @cached_property
    def statistics(self) -> Statistics:
        """Means and spread of the pixels; where they are not known, all are read once."""
        return statistics_of(self.images) if self.known is None else self.known

    def fingerprint(self) -> str:
        """A text that changes with names, labels, or the pixels of some pictures spread over all.

        Not of all pixels, for there may be hundreds of gigabytes.
        """
        every = math.ceil(max(len(self), 1) / FINGERPRINTED)
        digest = hashlib.sha256(repr((self.images.shape, self.classes, self.names)).encode())
        digest.update(self.labels.tobytes())
        digest.update(np.ascontiguousarray(self.images[::every]).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Pictures:
    """A whole set: both splits, and (name, reason) of every file that was left out.

    fit: how the pictures became square, see `decode_picture`; display_names: what classes are
    called, where the set says so (see `Source`); folder: of the prepared set that they lie in, if
    they do.
    """

    train: PictureSet
    val: PictureSet
    skipped: list[tuple[str, str]]
    fit: str = "crop"
    display_names: dict[str, str] = field(default_factory=dict)
    folder: Path | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, whose positions are the labels."""
        return self.train.classes

    @property
    def class_names(self) -> list[str]:
        """What the classes are called, for people."""
        return [display_name(folder, self.display_names) for folder in self.classes]

    @property
    def size(self) -> int:
        """The side of every picture in pixels."""
        return self.train.size
