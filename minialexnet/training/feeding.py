"""The pictures of a training, as its configuration wants them."""

from minialexnet.datasets import PictureSet, TrainBatches, principal_colours, steps_per_epoch
from minialexnet.training.config import TrainConfig
from minialexnet.training.schedules import make_schedule


def training_batches(config: TrainConfig, pictures: PictureSet) -> TrainBatches:
    """The batches that a run with this configuration learns from."""
    steps = steps_per_epoch(len(pictures), config.batch_size)
    # Of its own: how strongly colours vary depends on the epoch alone, not on how training went.
    schedule = make_schedule(config.schedule, config.lr, steps, config.epochs)
    return TrainBatches(
        pictures,
        config.batch_size,
        config.image_size,
        config.seed,
        config.flip,
        colours=principal_colours(pictures.statistics) if config.colour_noise else None,
        colour_noise=lambda epoch: config.colour_noise * schedule.colour_noise_factor(epoch),
        min_crop=config.min_crop or None,
        random_crop=config.random_crop,
        augmentation=config.augmentation,
    )
