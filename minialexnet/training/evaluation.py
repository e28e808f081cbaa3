"""Running a network over pictures without training it."""

from dataclasses import dataclass

import numpy as np

from minialexnet.backend import to_host
from minialexnet.datasets import EvalBatches, PictureSet, to_network_input
from minialexnet.layers import Layer, SoftmaxCrossEntropy
from minialexnet.training.metrics import Tally


@dataclass(frozen=True)
class Preprocessing:
    """From bytes of pixels to what the network was trained on.

    Attributes:
        mean: (3,) or (S, S, 3), subtracted first; an image's centre is taken for crops.
        scale: multiplied afterwards.
        crop: side of the crops the network sees, in pixels.
    """

    mean: np.ndarray
    scale: float
    crop: int

    def __call__(self, pictures: np.ndarray, xp):
        """uint8 (N, crop, crop, 3) on the host -> float32 (N, 3, crop, crop) of `xp`."""
        mean = self.mean
        if mean.ndim == 3:
            top = (mean.shape[0] - self.crop) // 2
            mean = mean[top : top + self.crop, top : top + self.crop]
        mean = xp.asarray(np.ascontiguousarray(mean, dtype=np.float32))
        return to_network_input(xp.asarray(pictures), mean, self.scale, xp)


def evaluate(
    network: Layer,
    pictures: PictureSet,
    preprocessing: Preprocessing,
    xp,
    batch_size: int = 128,
    progress=None,
) -> tuple[Tally, np.ndarray]:
    """Loss and errors over the centre crops of all pictures.

    Args: progress: called with the number of pictures done after each batch, or None.
    Returns: the tally;  logits: (N, C) on the host, in the order of the pictures.
    """
    criterion, tally, all_logits = SoftmaxCrossEntropy(), Tally(), []
    for images, labels in EvalBatches(pictures, batch_size, preprocessing.crop).iterate():
        logits = network.predict(preprocessing(images, xp))
        tally.add(float(criterion.forward(logits, labels)), logits, labels)
        all_logits.append(to_host(logits))
        if progress is not None:
            progress(tally.pictures)
    return tally, np.concatenate(all_logits)
