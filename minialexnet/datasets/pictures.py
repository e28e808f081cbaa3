"""A source of pictures -> arrays of equal squares, ready to be cut into batches."""

from __future__ import annotations

import hashlib
import math
import operator
import os
import warnings
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from minialexnet.datasets.decode import PictureError, decode_picture, shorter_side
from minialexnet.datasets.source import SPLITS, Source, open_source
from minialexnet.datasets.storage import empty_pictures
from minialexnet.errors import InputError

CHOSEN_SIZE_LIMIT = 256  # pixels, the size of the paper
CHOSEN_FROM = 200  # pictures looked at to choose a size
FINGERPRINTED = 256  # pictures whose pixels go into a fingerprint
WAITING_PER_WORKER = 4  # pictures read but not yet decoded; they bound the memory


@dataclass(frozen=True)
class PictureSet:
    """Equal squares with their labels.

    images: (N, S, S, 3) uint8, RGB; labels: (N,) int64, positions in classes; names: N names.
    The arrays may be memory-maps.

    Raises: InputError if these do not fit together.
    """

    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    names: list[str]

    def __post_init__(self) -> None:
        shape, count = self.images.shape, len(self.images)
        square = len(shape) == 4 and shape[1] == shape[2] and shape[3] == 3
        if not square or self.images.dtype != np.uint8:
            raise InputError(
                f"images must be uint8 of shape (N, S, S, 3), not {self.images.dtype} of {shape}"
            )
        if self.labels.shape != (count,) or self.labels.dtype != np.int64:
            raise InputError(
                f"labels must be int64 of shape ({count},), one for each image, not "
                f"{self.labels.dtype} of {self.labels.shape}"
            )
        if len(self.names) != count:
            raise InputError(
                f"there must be {count} names, one for each image, not {len(self.names)}"
            )
        if count and not 0 <= self.labels.min() <= self.labels.max() < len(self.classes):
            raise InputError(
                f"labels must lie in 0..{len(self.classes) - 1}, the positions in classes, not in "
                f"{self.labels.min()}..{self.labels.max()}"
            )

    def __len__(self) -> int:
        return len(self.images)

    @property
    def size(self) -> int:
        """S, the side of every picture in pixels."""
        return self.images.shape[1]

    def fingerprint(self) -> str:
        """A text that changes with names, labels, or the pixels of some pictures spread over all.

        Not of all pixels, for there may be hundreds of gigabytes.
        """
        every = math.ceil(max(len(self), 1) / FINGERPRINTED)
        digest = hashlib.sha256(repr((self.images.shape, self.classes, self.names)).encode())
        digest.update(self.labels.tobytes())
        digest.update(np.ascontiguousarray(self.images[::every]).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Pictures:
    """A whole set: both splits, (name, reason) of every file that was left out, and names.

    display_names says what classes are called, where the set does (see `Source`).
    """

    train: PictureSet
    val: PictureSet
    skipped: list[tuple[str, str]]
    display_names: dict[str, str] = field(default_factory=dict)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, whose positions are the labels."""
        return self.train.classes

    @property
    def size(self) -> int:
        """The side of every picture in pixels."""
        return self.train.size


def load_pictures(
    path: str | os.PathLike[str],
    size: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    workers: int | None = None,
) -> Pictures:
    """Decode all pictures of a folder or archive (see `open_source`) into squares of `size`.

    size: side in pixels; None takes the median of the shorter sides of up to 200 training
    pictures, at most 256. progress: called as progress(done, total) after each file. workers:
    threads which decode, by default one per CPU; the result does not depend on their number.

    What cannot be decoded is left out and listed in `skipped`. Arrays too large for memory lie in
    a temporary file (see `storage`).

    Raises: InputError if the source is wrong, or a class is left without any picture.
    """
    if size is not None:
        size = _at_least_one("size", size)
    workers = _cpus() if workers is None else _at_least_one("workers", workers)
    source = open_source(path)
    # Pillow warns of odd notes in a picture, which do not matter, and of huge ones, which are
    # skipped. Filters belong to the whole process, so this must be around all threads.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        if size is None:
            size = _choose_size(source)
        counts = [len(source.splits[name]) for name in SPLITS]
        arrays = dict(zip(SPLITS, empty_pictures(counts, size), strict=True))
        broken = _decode_all(source, arrays, progress, workers)
    _check_something_is_left(source, broken)
    sets = {name: _without(broken[name], arrays[name], source, name) for name in SPLITS}
    skipped = [(name, "it lies in no class folder") for name in source.loose]
    for name in SPLITS:
        names = source.splits[name].names
        skipped += [(names[i], reason) for i, reason in sorted(broken[name].items())]
    return Pictures(sets["train"], sets["val"], skipped, source.display_names)


def _choose_size(source: Source) -> int:
    """The median shorter side of training pictures spread over all of them, at most 256."""
    train = source.splits["train"]
    every = math.ceil(len(train) / CHOSEN_FROM)
    sides, reasons = [], []
    for _, content in train.reader.read(train.paths[::every]):
        try:
            sides.append(shorter_side(content))
        except PictureError as error:
            reasons.append(str(error))
    if not sides:
        raise InputError(
            f"'{source.path}': none of {len(reasons)} training pictures looked at can be decoded; "
            f"the first: {reasons[0]}"
        )
    return min(sorted(sides)[len(sides) // 2], CHOSEN_SIZE_LIMIT)


def _decode_all(
    source: Source,
    arrays: dict[str, np.ndarray],
    progress: Callable[[int, int], None] | None,
    workers: int,
) -> dict[str, dict[int, str]]:
    """Fill `arrays` in one pass over the source. Returns {split: {position: what is wrong}}."""
    broken: dict[str, dict[int, str]] = {name: {} for name in SPLITS}
    total = sum(map(len, source.splits.values()))
    done = 0

    def decode(split: str, position: int, content: bytes) -> None:
        try:
            arrays[split][position] = decode_picture(content, arrays[split].shape[1])
        except PictureError as error:
            broken[split][position] = str(error)

    def finish(job: Future[None]) -> None:
        nonlocal done
        job.result()
        done += 1
        if progress is not None:
            progress(done, total)

    jobs: deque[Future[None]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for split, position, content in source.read():
            jobs.append(pool.submit(decode, split, position, content))
            if len(jobs) > WAITING_PER_WORKER * workers:
                finish(jobs.popleft())
        while jobs:
            finish(jobs.popleft())
    return broken


def _check_something_is_left(source: Source, broken: dict[str, dict[int, str]]) -> None:
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


def _without(broken: dict[int, str], images: np.ndarray, source: Source, name: str) -> PictureSet:
    """The set of those which are not broken, moved together in place to save memory."""
    split = source.splits[name]
    good = [i for i in range(len(split)) if i not in broken]
    for to, i in enumerate(good):
        if to != i:
            images[to] = images[i]
    labels = np.array(split.labels, dtype=np.int64)[good]
    return PictureSet(images[: len(good)], labels, source.classes, [split.names[i] for i in good])


def _at_least_one(name: str, value: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        number = 0
    if number < 1 or isinstance(value, bool):
        raise InputError(f"{name} must be a whole number of at least 1, not {value!r}")
    return number


def _cpus() -> int:
    """The CPUs this process may use, which in a container or job are fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
