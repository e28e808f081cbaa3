"""A network that the reader trained, for the notebooks that look inside one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from minialexnet.datasets import BUILTIN, builtin_archive, load_or_prepare
from minialexnet.errors import InputError
from minialexnet.files import expanded
from minialexnet.learn.trained import Trained, from_checkpoint
from minialexnet.training import RunFolder, TrainConfig, load_checkpoint


def own_run(run: str | Path, data: str | Path | None = None, xp: Any = np) -> Trained:
    """The best network of a run of `minialexnet train`, and its pictures.

    Sets of 10,000 or more pictures are prepared in a folder beside them, as `train` does.

    Args:
        run: the run's folder, such as "../runs/imagenette2-160-1".
        data: where the pictures are, if they are no longer where it was trained.
        xp: numpy or cupy, where the network goes.
    Raises:
        InputError: there is no such run, or no pictures, or they have other classes.
    """
    if not isinstance(run, str | Path):
        raise InputError(f"a run must be given as the path of its folder, not {run!r}")
    folder = RunFolder(expanded(run))
    best = load_checkpoint(folder.best)
    last = load_checkpoint(folder.last) if folder.last.exists() else best
    config = TrainConfig.from_dict(best.config)
    where = config.data if data is None else data
    where = builtin_archive() if where == BUILTIN else expanded(where)
    pictures = load_or_prepare(where, config.picture_size, fit=config.fit)
    if list(pictures.classes) != best.classes:
        raise InputError(
            f"{where} has {len(pictures.classes)} classes, beginning with {pictures.classes[0]!r}; "
            f"{folder.path} was trained on {len(best.classes)}, beginning with "
            f"{best.classes[0]!r}: give the pictures it was trained on with data="
        )
    return from_checkpoint(best, pictures, last.progress["history"], xp)
