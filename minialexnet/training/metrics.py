"""Loss and errors, counted over batches."""

from dataclasses import asdict, dataclass

import numpy as np

from minialexnet.backend import to_host

TOP_K = 5


def hits(logits, labels, k: int) -> int:
    """How many pictures have their true class among the k largest logits.

    A class as large as the true one counts as larger if it comes first: so equal logits are no
    better than chance. Nor is NaN: it counts as larger in other classes, as wrong in the true one.

    Args: logits (N, C); labels (N,), both on the host.
    """
    true = np.take_along_axis(logits, labels[:, None], axis=1)
    earlier = np.arange(logits.shape[1]) < labels[:, None]
    behind = (logits < true) | ((logits == true) & ~earlier)  # the true class itself included
    ahead = logits.shape[1] - behind.sum(axis=1)
    return int(((ahead < k) & ~np.isnan(true[:, 0])).sum())


@dataclass
class Tally:
    """Sums over the batches seen so far.

    Attributes:
        pictures: how many; loss_sum: of their losses; top1, top5: how many were right.
    """

    pictures: int = 0
    loss_sum: float = 0.0
    top1: int = 0
    top5: int = 0

    def add(self, loss: float, logits, labels) -> None:
        """Count one batch. Args: loss: its mean; logits (N, C) of any backend; labels (N,)."""
        logits, labels = to_host(logits), to_host(labels)
        self.pictures += len(labels)
        self.loss_sum += loss * len(labels)
        self.top1 += hits(logits, labels, 1)
        self.top5 += hits(logits, labels, TOP_K)

    @property
    def loss(self) -> float:
        """Mean loss."""
        return self.loss_sum / max(self.pictures, 1)

    @property
    def top1_error(self) -> float:
        """Share of the pictures whose best-rated class is wrong."""
        return 1 - self.top1 / max(self.pictures, 1)

    @property
    def top5_error(self) -> float:
        """Share of the pictures whose true class is not among the five best-rated."""
        return 1 - self.top5 / max(self.pictures, 1)

    def state(self) -> dict[str, float]:
        """The sums, for a checkpoint."""
        return asdict(self)
