"""What a network does with pictures, in numbers."""

from dataclasses import dataclass

import numpy as np

from minialexnet.errors import InputError
from minialexnet.ops import softmax
from minialexnet.report.choice import one_of_each_class
from minialexnet.report.neighbours import Neighbours, find_neighbours
from minialexnet.report.subject import Subject
from minialexnet.training import Progress, Tally, evaluate

QUERIES = 6
"""Validation pictures whose neighbours are looked for."""


@dataclass(frozen=True)
class Findings:
    """The result of measuring a network on the validation pictures.

    Attributes:
        tally: loss and errors, as `minialexnet eval` has them.
        labels: (N,) the true classes; answers: (N,) the best-rated ones.
        shares: (N, C) the probability that the network gives to each class.
        neighbours: the training pictures that are most alike to it.
    """

    tally: Tally
    labels: np.ndarray
    shares: np.ndarray
    neighbours: Neighbours

    @property
    def answers(self) -> np.ndarray:
        """(N,) the best-rated class of each picture."""
        return self.shares.argmax(axis=1)


def examine(subject: Subject, progress: Progress) -> Findings:
    """Run the network over the validation pictures, and over training pictures for neighbours.

    Raises InputError if what it answers is not a number.
    """
    train, val = subject.pictures.train, subject.pictures.val
    done = 0

    def show(now: int) -> None:
        nonlocal done
        progress.update(now - done, f"{now} of {len(val)}")
        done = now

    progress.start("evaluating", len(val))
    try:
        tally, logits = evaluate(
            subject.network,
            val,
            subject.preprocessing,
            subject.xp,
            progress=show,
            ten_crop=subject.ten_crop,
        )
        if not np.isfinite(logits).all():
            raise InputError(
                f"the network in {subject.path} answers with NaN or infinity, so there is nothing "
                "to report; give an earlier checkpoint, such as best.npz, or train again"
            )
        neighbours = find_neighbours(
            subject.network,
            val,
            one_of_each_class(val.labels, QUERIES),
            train,
            subject.preprocessing,
            subject.xp,
            progress,
        )
    finally:
        progress.finish()
    return Findings(tally, val.labels, softmax(logits), neighbours)
