"""The work that all contestants do: which network, how many pictures, which constants."""

from dataclasses import dataclass

import numpy as np

IMAGE_SIZES = {"paper": 224, "owt": 224, "mini": 56}

LEARNING_RATE = 1e-3
"""Small, since the same batch comes again and again: nothing may overflow or die out."""
MOMENTUM, WEIGHT_DECAY = 0.9, 5e-4


@dataclass(frozen=True)
class Work:
    """A variant, a batch size, and the number of classes."""

    variant: str
    batch_size: int
    classes: int = 1000

    @property
    def image_size(self) -> int:
        """The side of the pictures in pixels."""
        return IMAGE_SIZES[self.variant]

    def batch(self) -> tuple[np.ndarray, np.ndarray]:
        """Pixels (N, 3, S, S) of mean 0 and spread 1, float32, and labels: always the same."""
        generator = np.random.default_rng(0)
        shape = (self.batch_size, 3, self.image_size, self.image_size)
        pixels = generator.standard_normal(shape, dtype=np.float32)
        return pixels, generator.integers(0, self.classes, self.batch_size)
