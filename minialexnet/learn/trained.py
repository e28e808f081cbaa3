"""A trained `mini`, for the notebooks that look at what a network has learnt.

The first notebook that asks for it trains it, in less than a minute; the others find it in `runs`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minialexnet.backend import to_host
from minialexnet.datasets import BUILTIN, Pictures, builtin_archive, cut_views, load_pictures
from minialexnet.errors import InputError
from minialexnet.models import AlexNet
from minialexnet.ops import softmax
from minialexnet.training import (
    Checkpoint,
    Preprocessing,
    RunFolder,
    TrainConfig,
    Trainer,
    load_checkpoint,
    planned_for,
    trained_network,
)

SIDE, EPOCHS, BATCH_SIZE, NAME = 32, 5, 32, "course"


@dataclass(frozen=True)
class Trained:
    """A network, and what it takes to show it pictures.

    Attributes:
        network: with the weights of its best epoch.
        preprocessing: from uint8 crops to what the network takes.
        pictures: those it was trained and validated on.
        history: losses and errors, one entry an epoch.
        xp: the module of its arrays.
    """

    network: AlexNet
    preprocessing: Preprocessing
    pictures: Pictures
    history: list[dict[str, float]]
    xp: Any

    def crops(self, images: np.ndarray) -> np.ndarray:
        """The middle of uint8 pictures (N, S, S, 3), as large as the network takes them."""
        return np.concatenate([cut_views(image, self.preprocessing.crop) for image in images])

    def inputs(self, images: np.ndarray) -> Any:
        """What the network is given for these pictures: float32 (N, 3, crop, crop)."""
        return self.preprocessing(self.crops(images), self.xp)

    def shares(self, images: np.ndarray) -> np.ndarray:
        """How sure it is of each class: (N, C), each row sums to 1."""
        return to_host(softmax(self.network.predict(self.inputs(images))))


def trained_mini(runs: str | Path = "runs", xp: Any = np, side: int = SIDE) -> Trained:
    """A `mini` trained on the built-in pictures; from `runs` if it was trained before.

    Args:
        runs: folder in which the trained network is kept, as `course-SIDE`.
        xp: numpy or cupy, where it is trained and stays.
        side: of the pictures, in pixels: larger ones take longer, and are recognised better.
    Raises:
        InputError: the folder cannot be made; the pictures are too small for the network.
    """
    pictures = load_pictures(builtin_archive(), size=side)
    config = planned_for(
        pictures, BUILTIN, backend=xp.__name__, epochs=EPOCHS, batch_size=BATCH_SIZE
    )
    run = RunFolder(Path(runs) / f"{NAME}-{side}")
    if not _is_done(run, config):
        try:
            run.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"cannot make the folder {run.path} ({error.strerror}); give another with runs="
            ) from None
        mean = pictures.train.statistics.mean_colour
        Trainer(config, pictures.train, pictures.val, mean, run).fit()
    history = load_checkpoint(run.last).progress["history"]
    return from_checkpoint(load_checkpoint(run.best), pictures, history, xp)


def from_checkpoint(
    best: Checkpoint, pictures: Pictures, history: list[dict[str, float]], xp: Any
) -> Trained:
    """The network of a checkpoint, with what it takes to show it pictures."""
    network, preprocessing = trained_network(best)
    return Trained(network.to(xp), preprocessing, pictures, history, xp)


def _is_done(run: RunFolder, config: TrainConfig) -> bool:
    """Whether the run is there, to its end, and of this configuration (on whatever backend)."""
    if not (run.last.exists() and run.best.exists()):
        return False
    last = load_checkpoint(run.last)
    ours = config.as_dict() | {"backend": None, "precision": None}
    return (
        last.progress["epoch"] == config.epochs
        and last.config | {"backend": None, "precision": None} == ours
    )
