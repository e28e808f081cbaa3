"""Pictures that are alike to the network: its last hidden layer makes nearly the same of them."""

from dataclasses import dataclass

import numpy as np

from minialexnet.backend import to_host
from minialexnet.datasets import PictureSet, cut_views
from minialexnet.layers import Sequential
from minialexnet.report.choice import spread
from minialexnet.training import Preprocessing, Progress

MOST_SEARCHED = 10_000
"""Of more training pictures so many are looked at, at even distances: some minutes on a CPU."""

SHOWN = 6
BATCH = 128


@dataclass(frozen=True)
class Neighbours:
    """Training pictures nearest to some validation pictures.

    Attributes:
        queries: (Q,) positions of the validation pictures.
        nearest: (Q, K) positions of training pictures, the nearest first.
        distances: (Q, K) Euclidean distances to them.
        searched: how many training pictures were looked at.
    """

    queries: np.ndarray
    nearest: np.ndarray
    distances: np.ndarray
    searched: int


def find_neighbours(
    network: Sequential,
    val: PictureSet,
    queries: np.ndarray,
    train: PictureSet,
    preprocessing: Preprocessing,
    xp,
    progress: Progress,
    most_searched: int = MOST_SEARCHED,
) -> Neighbours:
    """Krizhevsky 2012, figure 4: the smallest Euclidean distances in the last hidden layer.

    Its features are the input of the last layer, the one that makes logits; of central crops.
    """
    hidden = network.before(list(network.layers)[-1])
    wanted = _features(hidden, val, queries, preprocessing, xp)
    searched = spread(len(train), most_searched)
    distances = np.empty((len(queries), len(searched)), dtype=np.float32)
    progress.start("looking for neighbours", len(searched))
    for start in range(0, len(searched), BATCH):
        batch = searched[start : start + BATCH]
        features = _features(hidden, train, batch, preprocessing, xp)
        for row, query in zip(distances, wanted, strict=True):
            row[start : start + len(batch)] = np.linalg.norm(features - query, axis=1)
        progress.update(len(batch), f"{start + len(batch)} of {len(searched)}")
    order = np.argsort(distances, axis=1, kind="stable")[:, :SHOWN]
    return Neighbours(
        queries, searched[order], np.take_along_axis(distances, order, axis=1), len(searched)
    )


def _features(
    hidden: Sequential, pictures: PictureSet, chosen: np.ndarray, preprocessing: Preprocessing, xp
) -> np.ndarray:
    """What the hidden layers make of the chosen pictures: (len(chosen), F) on the host."""
    crops = [cut_views(pictures.images[i], preprocessing.crop) for i in chosen]
    return to_host(hidden.predict(preprocessing(np.concatenate(crops), xp)))
