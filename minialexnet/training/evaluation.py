"""Running a network over pictures without training it."""

from dataclasses import dataclass, field

import numpy as np

from minialexnet.backend import (
    batch_memory,
    batches_ahead,
    fetch,
    get_array_module,
    one_late,
    upload_ahead,
)
from minialexnet.datasets import EvalBatches, PictureSet, Statistics, to_network_input
from minialexnet.errors import InputError
from minialexnet.layers import Layer, SoftmaxCrossEntropy
from minialexnet.layers.base import Array
from minialexnet.models import AlexNet
from minialexnet.ops import log_softmax
from minialexnet.ops.softmax import check_labels
from minialexnet.training.checkpoint import Checkpoint
from minialexnet.training.config import TrainConfig
from minialexnet.training.metrics import Tally


@dataclass(frozen=True)
class Preprocessing:
    """From bytes of pixels to what the network was trained on.

    Attributes:
        mean: (3,) or (S, S, 3), subtracted first; an image's centre is taken for crops.
        scale: multiplied afterwards.
        crop: side of the crops the network sees, in pixels.

    Raises: InputError if the mean is neither a colour nor a picture of at least `crop` pixels.
    """

    mean: np.ndarray
    scale: float
    crop: int
    _means: dict = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        shape = np.shape(self.mean)
        picture = len(shape) == 3 and shape[2] == 3 and shape[0] == shape[1] >= self.crop
        if shape != (3,) and not picture:
            raise InputError(
                f"mean has shape {shape}; expected a colour, (3,), or a square picture (S, S, 3) "
                f"of at least {self.crop} pixels, the side of the crops"
            )

    def __call__(self, pictures: Array, xp, shift: Array | None = None):
        """uint8 (N, crop, crop, 3), of the host or `xp` -> float32 (N, 3, crop, crop) of `xp`."""
        return to_network_input(xp.asarray(pictures), self._mean_on(xp), self.scale, xp, shift)

    def _mean_on(self, xp):
        """The mean for crops, on the device of `xp`; copied there once."""
        if xp.__name__ not in self._means:
            mean = np.asarray(self.mean)
            if mean.ndim == 3:
                top = (mean.shape[0] - self.crop) // 2
                mean = mean[top : top + self.crop, top : top + self.crop]
            self._means[xp.__name__] = xp.asarray(np.ascontiguousarray(mean, dtype=np.float32))
        return self._means[xp.__name__]


def trained_network(checkpoint: Checkpoint) -> tuple[AlexNet, Preprocessing]:
    """The network of a checkpoint, on the host, and what its pictures go through before it.

    Raises: InputError if the configuration is incomplete, or the weights are not those of its
    network.
    """
    config = TrainConfig.from_dict(checkpoint.config)
    network = config.network()
    network.set_params(checkpoint.params)
    return network, Preprocessing(checkpoint.mean, config.pixel_scale, config.image_size)


def mean_to_subtract(kind: str, statistics: Statistics) -> np.ndarray:
    """The mean "image" (S, S, 3) or the mean "colour" (3,), as `TrainConfig.mean` has it."""
    return statistics.mean_image if kind == "image" else statistics.mean_colour


def evaluate(
    network: Layer,
    pictures: PictureSet,
    preprocessing: Preprocessing,
    xp,
    batch_size: int = 128,
    progress=None,
    ten_crop: bool = False,
) -> tuple[Tally, np.ndarray]:
    """Loss and errors over the centre crops of all pictures.

    Args:
        batch_size: of the crops.
        progress: called with the number of pictures done after each batch, or None.
        ten_crop: over ten crops of each picture instead, see `mean_of_views`.
    Returns: the tally;  logits: (N, C) on the host, in the order of the pictures.
    """
    criterion, tally, all_logits = SoftmaxCrossEntropy(), Tally(), []
    batches = EvalBatches(pictures, batch_size, preprocessing.crop, ten_crop)

    def results():
        for (_, labels), (images, same_labels) in upload_ahead(
            batches.iterate(batch_memory(xp), batches_ahead(xp)), xp
        ):
            logits = mean_of_views(network.predict(preprocessing(images, xp)), batches.views)
            yield labels, fetch(criterion.forward(logits, same_labels), logits)

    for labels, result in one_late(results(), xp):
        loss, logits = result()
        check_labels(logits, labels)
        tally.add(float(loss), logits, labels)
        all_logits.append(logits.copy())  # what was fetched may lie in memory that is dear
        if progress is not None:
            progress(tally.pictures)
    return tally, np.concatenate(all_logits)


def mean_of_views(logits: Array, views: int) -> Array:
    """One prediction from several views of each picture: the mean of their probabilities.

    As the paper takes it (section 4.1): of probabilities, after the softmax. It is returned as
    logarithms, whose softmax it is, and which serve as logits.

    Args:    logits: (B views, C), the views of a picture one after the other.
    Returns: (B, C); for one view, the logits themselves.
    Raises:  InputError if the rows cannot be shared out.
    """
    if views == 1:
        return logits
    if logits.ndim != 2 or views < 1 or len(logits) % views:
        raise InputError(
            f"logits of shape {logits.shape} do not hold {views} views of each picture; expected "
            "(pictures x views, classes)"
        )
    log_p = log_softmax(logits).reshape(-1, views, logits.shape[1])
    best = log_p.max(axis=1, keepdims=True)  # taken out, or all of them might underflow
    xp = get_array_module(logits)
    return xp.log(xp.exp(log_p - best).mean(axis=1)) + best[:, 0]
