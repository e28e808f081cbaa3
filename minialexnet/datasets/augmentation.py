"""The classical augmentations: what they are called, how strong they are, for whom they are off.

A network that has seen a thing moved, turned and in another light will know it again (for digits:
Simard, Steinkraus and Platt 2003, "Best practices for convolutional neural networks"). But not
every change leaves a thing what it is: a 6 that stands on its head is a 9, a mirrored b is a d. So
each can be switched off for single classes. (What may become what: see lookalikes.py.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from minialexnet.datasets.warp import matrices
from minialexnet.errors import InputError

LIMITS = {
    "shift": 1.0,
    "scale": 3.0,
    "rotation": 180.0,
    "shear": 60.0,
    "contrast": 9.0,
    "brightness": 9.0,
}
"""The augmentations of this file, and the highest strength of each."""

NAMED = 10  # classes, in an error

AUGMENTATIONS = ("crop", "flip", *LIMITS, "colour_noise")
"""All that can be switched off for a class; the others are those of `TrainBatches`."""


@dataclass(frozen=True)
class Changes:
    """What is done to each of N pictures, in this order.

    Attributes:
        matrix, shift: (N, 2, 2) and (N, 2) float64, the map of warp.py.
        contrast, brightness: (N,) float64, factors, see light.py.
        moves, lights: (N,) bool, whether the first two, or the second, change anything.
    """

    matrix: np.ndarray
    shift: np.ndarray
    contrast: np.ndarray
    brightness: np.ndarray
    moves: np.ndarray
    lights: np.ndarray


@dataclass(frozen=True)
class Augmentation:
    """How strongly pictures are changed by chance; 0 is not at all.

    Attributes:
        shift: by up to this share of the side, to the right or left and down or up: 0.1.
        scale, contrast, brightness: by factors from 1 / (1 + x) to 1 + x. Their logarithm is
            uniform, so that twice as large is as likely as half: 0.25.
        rotation: by up to so many degrees to either side: 15.
        shear: slanted by up to so many degrees to either side: 10.
        except_for: {name of AUGMENTATIONS: classes for which it is off}; there, "crop" is random
            crops, in whose place the centre is taken.

    Raises: InputError for a strength or a name which cannot be.
    """

    shift: float = 0.0
    scale: float = 0.0
    rotation: float = 0.0
    shear: float = 0.0
    contrast: float = 0.0
    brightness: float = 0.0
    except_for: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, limit in LIMITS.items():
            if not 0 <= getattr(self, name) <= limit:
                raise InputError(
                    f"{name} is {getattr(self, name)}; expected 0 (not at all) to {limit:g}"
                )
        for name, classes in self.except_for.items():
            if isinstance(classes, str):
                raise InputError(
                    f"{name} is switched off for {classes!r}; expected a list of classes, such as "
                    f"[{classes!r}]"
                )
            if name not in AUGMENTATIONS:
                raise InputError(
                    f"there is no augmentation {name!r} to switch off; there are "
                    f"{', '.join(AUGMENTATIONS)}"
                )

    def spared(self, classes: Sequence[str]) -> dict[str, np.ndarray]:
        """For each name of AUGMENTATIONS: (len(classes),) bool, for which classes it is off.

        Raises: InputError if a class is none of `classes`.
        """
        for name, exceptions in self.except_for.items():
            if unknown := sorted(set(exceptions) - set(classes)):
                more = ", ..." if len(classes) > NAMED else ""
                raise InputError(
                    f"{name} is switched off for the class {unknown[0]!r}, which there is not "
                    f"among these {len(classes)}: {', '.join(map(repr, classes[:NAMED]))}{more}"
                )
        return {
            name: np.array([c in self.except_for.get(name, ()) for c in classes], dtype=bool)
            for name in AUGMENTATIONS
        }

    def draw(
        self, count: int, rng: np.random.Generator, off: Mapping[str, np.ndarray] | None = None
    ) -> Changes:
        """The changes of `count` pictures, by chance.

        Args: off: {name: (count,) bool, the pictures that are spared it}.
        """
        # All are drawn, also those that are off, so that switching one on leaves the others.
        columns = iter(2 * rng.random((7, count)) - 1)

        def within(name: str) -> np.ndarray:
            drawn = getattr(self, name) * next(columns)
            return drawn if off is None else np.where(off[name], 0, drawn)

        def factor(name: str) -> np.ndarray:
            strength = math.log1p(getattr(self, name))
            drawn = np.exp(strength * next(columns))
            return drawn if off is None else np.where(off[name], 1, drawn)

        shift = np.stack([within("shift"), within("shift")], axis=1)
        scale, rotation, shear = factor("scale"), within("rotation"), within("shear")
        contrast, brightness = factor("contrast"), factor("brightness")
        moves = shift.any(axis=1) | (scale != 1) | (rotation != 0) | (shear != 0)
        lights = (contrast != 1) | (brightness != 1)
        return Changes(matrices(scale, rotation, shear), shift, contrast, brightness, moves, lights)
