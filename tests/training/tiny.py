"""Pictures and a network so small that an epoch of training takes a moment."""

from pathlib import Path

import numpy as np

from minialexnet.datasets import PictureSet
from minialexnet.training import Progress, RunFolder, TrainConfig, Trainer

CLASSES = ("red", "green", "blue", "grey")
COLOURS = np.array([[170, 90, 90], [90, 170, 90], [90, 90, 170], [120, 120, 120]])
SIZE, CROP = 20, 16
STEPS = 3
"""An epoch has so many steps."""


def tiny_pictures(count: int = 24, seed: int = 0, size: int = SIZE) -> PictureSet:
    """Coloured noise: each class has a colour of its own."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % len(CLASSES)
    images = rng.normal(COLOURS[labels][:, None, None], 30, (count, size, size, 3))
    images = images.clip(0, 255).astype(np.uint8)
    return PictureSet(images, labels.astype(np.int64), CLASSES, [f"{i}.png" for i in range(count)])


def tiny_config(**changes) -> TrainConfig:
    """Three epochs of three steps, with flips and dropout."""
    values = {
        "data": "noise",
        "variant": "mini",
        "init": "he",
        "num_classes": len(CLASSES),
        "picture_size": SIZE,
        "image_size": CROP,
        "epochs": 3,
        "batch_size": 8,
        "schedule": "one-cycle",
        "lr": 0.02,
        "pixel_scale": 1 / 40,
    }
    return TrainConfig(**(values | changes))


class Silent(Progress):
    """Tells nobody, but remembers the lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def start(self, *args, **kwargs) -> None:
        pass

    def update(self, *args) -> None:
        pass

    def finish(self) -> None:
        pass

    def say(self, text: str) -> None:
        self.lines.append(text)


def tiny_trainer(folder: Path, train=None, val=None, progress=None, **changes) -> Trainer:
    """A trainer whose results go to `folder`; `changes` are attributes of `TrainConfig`."""
    folder.mkdir(parents=True, exist_ok=True)
    train = tiny_pictures() if train is None else train
    val = tiny_pictures(8, seed=1) if val is None else val
    return Trainer(
        tiny_config(**changes),
        train,
        val,
        train.statistics.mean_colour,
        RunFolder(folder),
        Silent() if progress is None else progress,
    )
