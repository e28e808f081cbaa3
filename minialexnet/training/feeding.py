"""The pictures of a training, as its configuration wants them."""

from minialexnet.datasets import PictureSet, TrainBatches, principal_colours
from minialexnet.training.config import TrainConfig


def training_batches(config: TrainConfig, pictures: PictureSet) -> TrainBatches:
    """The batches that a run with this configuration learns from."""
    return TrainBatches(
        pictures,
        config.batch_size,
        config.image_size,
        config.seed,
        config.flip,
        colours=principal_colours(pictures.images) if config.colour_noise else None,
        colour_noise=config.colour_noise,
        min_crop=config.min_crop,
        augmentation=config.augmentation,
    )
