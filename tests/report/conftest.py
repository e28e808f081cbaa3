"""Networks and pictures that a report can be about, without any training."""

from pathlib import Path

import numpy as np
import pytest

from minialexnet.datasets import Pictures, PictureSet
from minialexnet.models import alexnet
from minialexnet.report import Subject
from minialexnet.training import Checkpoint, Preprocessing

EPOCH = {
    "lr": 0.01,
    "train_loss": 2.0,
    "train_top1_error": 0.8,
    "train_top5_error": 0.4,
    "val_loss": 1.5,
    "val_top1_error": 0.7,
    "val_top5_error": 0.3,
    "images_per_second": 100.0,
    "seconds": 30.0,
}


def noise(classes: list[str], each: int, size: int, seed: int) -> PictureSet:
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(classes)), each)
    images = rng.integers(0, 256, (len(labels), size, size, 3), dtype=np.uint8)
    return PictureSet(images, labels, tuple(classes), [f"{i}.png" for i in range(len(labels))])


@pytest.fixture
def new_subject(tmp_path):
    """new_subject(classes, ...) -> a Subject with an untrained `mini` and pictures of noise."""

    def make(
        classes: int | list[str], each: int = 2, size: int = 36, crop: int = 32, epochs: int = 3
    ) -> Subject:
        names = [f"class {i}" for i in range(classes)] if isinstance(classes, int) else classes
        network = alexnet("mini", len(names), crop)
        path = tmp_path / "best.npz"
        path.touch()
        history = [EPOCH | {"epoch": i} for i in range(1, epochs + 1)]
        checkpoint = Checkpoint(
            params=dict(network.params),
            velocity={},
            mean=np.full(3, 128.0),
            config={"data": "noise", "variant": "mini", "epochs": 3, "lr": 0.01},
            classes=names,
            progress={
                "epoch": epochs,
                "step": 0,
                "history": history,
                "pictures": {"train_count": 9},
            },
        )
        train, val = noise(names, each, size, seed=1), noise(names, each, size, seed=2)
        preprocessing = Preprocessing(checkpoint.mean, 1 / 70, crop)
        return Subject(
            Path(path),
            network,
            checkpoint,
            preprocessing,
            np,
            "noise",
            Pictures(train, val, []),
            history,
            epochs,
        )

    return make
