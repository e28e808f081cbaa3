"""A source of pictures -> arrays of equal squares, ready to be cut into batches."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from minialexnet.backend import num_threads
from minialexnet.datasets.arguments import whole
from minialexnet.datasets.decode import FITS, PictureError, check_fit, shorter_side
from minialexnet.datasets.decode_all import decode_all
from minialexnet.datasets.pictures import Pictures, PictureSet
from minialexnet.datasets.plan import find_prepared, is_prepared
from minialexnet.datasets.prepared import open_prepared
from minialexnet.datasets.source import SPLITS, Source, open_source
from minialexnet.datasets.storage import empty_pictures
from minialexnet.errors import InputError
from minialexnet.files import expanded

CHOSEN_SIZE_LIMIT = 256  # pixels, the size of the paper
CHOSEN_FROM = 200  # pictures looked at to choose a size

Broken = dict[str, dict[int, str]]  # {split: {position: why this picture cannot be decoded}}


def load_pictures(
    path: str | os.PathLike[str] | Source,
    size: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    workers: int | None = None,
    fit: str | None = None,
) -> Pictures:
    """The pictures of a folder or archive (see `open_source`) as squares of `size`.

    A prepared set is opened, and so is what was prepared beside `path`; otherwise all are decoded.

    size: side in pixels; None takes the median of the shorter sides of up to 200 training
    pictures, at most 256. progress: called as progress(done, total) after each file. workers:
    threads which decode, by default `num_threads()`; the result does not depend on their number.
    fit: how pictures become square, see `decode_picture`; None stands for "crop".

    What cannot be decoded is left out and listed in `skipped`. Arrays too large for memory lie in
    a temporary file (see `storage`).

    Raises: InputError if the source is wrong, or a class is left without any picture.
    """
    if (folder := prepared_already(path, size, fit)) is not None:
        return open_prepared(folder, size, fit)
    workers, fit = checked_workers(workers), checked_fit(fit)
    source = path if isinstance(path, Source) else open_source(path)
    if size is None:
        size = chosen_size(source)
        if (folder := prepared_already(path, size, fit)) is not None:
            return open_prepared(folder)
    size = checked_size(size)
    counts = [len(source.splits[name]) for name in SPLITS]
    arrays = dict(zip(SPLITS, empty_pictures(counts, size), strict=True))
    broken: Broken = {name: {} for name in SPLITS}
    for done, (split, position, pixels) in enumerate(decode_all(source.read(), size, fit, workers)):
        if isinstance(pixels, PictureError):
            broken[split][position] = str(pixels)
        else:
            arrays[split][position] = pixels
        if progress is not None:
            progress(done + 1, sum(counts))
    check_something_is_left(source, broken)
    sets = {name: _without(broken[name], arrays[name], source, name) for name in SPLITS}
    skipped = skipped_files(source, broken)
    return Pictures(sets["train"], sets["val"], skipped, fit, source.display_names)


def prepared_already(
    path: str | os.PathLike[str] | Source, size: int | None, fit: str | None
) -> Path | None:
    """`path` itself if it is a prepared set, or the folder where it was prepared like that."""
    if not isinstance(path, str | os.PathLike):
        return None
    path = expanded(path)
    return path if is_prepared(path) else find_prepared(path, size, fit)


def chosen_size(source: Source) -> int:
    """The median shorter side of training pictures spread over all of them, at most 256.

    Raises: InputError if none of them can be decoded.
    """
    train = source.splits["train"]
    every = math.ceil(len(train) / CHOSEN_FROM)
    sides, reasons = [], []
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")  # see decode_all
        names = dict(zip(train.paths[::every], train.names[::every], strict=True))
        for path, content in train.reader.read(names):
            try:
                sides.append(shorter_side(content))
            except PictureError as error:
                reasons.append(f"one of them, '{names[path]}': {error}")
    if not sides:
        raise InputError(
            f"'{source.path}': none of {len(reasons)} training pictures looked at can be decoded; "
            f"{reasons[0]}"
        )
    return min(sorted(sides)[len(sides) // 2], CHOSEN_SIZE_LIMIT)


def check_something_is_left(source: Source, broken: Broken) -> None:
    """Raise InputError if nothing of a class could be decoded."""
    total = sum(map(len, source.splits.values()))
    if sum(map(len, broken.values())) == total:
        first, reason = source.splits["train"].names[0], broken["train"][0]
        raise InputError(
            f"'{source.path}': none of its {total} files can be decoded; the first, '{first}': "
            f"{reason}"
        )
    for name, split in source.splits.items():
        good = {label for i, label in enumerate(split.labels) if i not in broken[name]}
        for i, label in enumerate(split.labels):
            if label not in good:
                raise InputError(
                    f"'{source.path}': class '{name}/{source.classes[label]}' has no pictures, "
                    f"for none of its {split.labels.count(label)} files can be decoded; the "
                    f"first, '{split.names[i]}': {broken[name][i]}"
                )


def skipped_files(source: Source, broken: Broken) -> list[tuple[str, str]]:
    """The name of each file that is left out, and why."""
    skipped = [(name, "it lies in no class folder") for name in source.loose]
    for split in SPLITS:
        names = source.splits[split].names
        skipped += [(names[i], reason) for i, reason in sorted(broken[split].items())]
    return skipped


def _without(broken: dict[int, str], images: np.ndarray, source: Source, name: str) -> PictureSet:
    """The set of those which are not broken, moved together in place to save memory."""
    split = source.splits[name]
    good = [i for i in range(len(split)) if i not in broken]
    for to, i in enumerate(good):
        if to != i:
            images[to] = images[i]
    labels = np.array(split.labels, dtype=np.int64)[good]
    return PictureSet(images[: len(good)], labels, source.classes, [split.names[i] for i in good])


def checked_size(size: int) -> int:
    """The side of the pictures in pixels. Raises InputError."""
    return whole("size", size)


def checked_workers(workers: int | None) -> int:
    """How many threads are to decode. Raises InputError."""
    return num_threads() if workers is None else whole("workers", workers)


def checked_fit(fit: str | None) -> str:
    """How pictures are to become square. Raises InputError."""
    fit = FITS[0] if fit is None else fit
    check_fit(fit)
    return fit
