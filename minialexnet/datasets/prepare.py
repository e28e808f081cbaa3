"""From a folder or archive of pictures to a prepared set; it may be interrupted at any moment."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from minialexnet.datasets.decode import PictureError
from minialexnet.datasets.decode_all import decode_all
from minialexnet.datasets.load import (
    Broken,
    check_something_is_left,
    checked_fit,
    checked_size,
    checked_workers,
    chosen_size,
    load_pictures,
    prepared_already,
    skipped_files,
)
from minialexnet.datasets.pictures import Pictures, PictureSet
from minialexnet.datasets.prepared import (
    MANIFEST,
    PLAN,
    Plan,
    open_prepared,
    open_shard,
    prepared_folder,
    read_plan,
    write_manifest,
    write_plan,
)
from minialexnet.datasets.shards import Shards
from minialexnet.datasets.source import SPLITS, Source, open_source
from minialexnet.errors import InputError
from minialexnet.files import remove_leftovers
from minialexnet.lock import only_one

MANY = 10_000  # pictures, which take long enough to decode
SHARD_BYTES = 2**30
SYNC_SECONDS = 5.0  # what is done within it would be done again after the power failed


def prepare(
    path: str | os.PathLike[str],
    folder: str | os.PathLike[str] | None = None,
    size: int | None = None,
    fit: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    workers: int | None = None,
) -> tuple[Path, Pictures]:
    """Decode all pictures of a folder or archive into `folder`, see prepared.py.

    folder: by default `prepared_folder`; the rest as `load_pictures` has it. Interrupted, by
    whatever, it goes on when it is called again. What is there already is not made again.

    Returns: the folder, and the set in it.
    Raises: InputError if the source is wrong, a class is left without any picture, the folder holds
    something else, or there is no room.
    """
    workers = checked_workers(workers)
    source = open_source(path)
    plan = _plan(source, size, fit)
    if folder is None:
        folder = prepared_folder(source.path, plan.size, plan.fit)
    return Path(folder), _prepare(source, plan, Path(folder), progress, workers)


def load_or_prepare(
    path: str | os.PathLike[str],
    size: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    workers: int | None = None,
    fit: str | None = None,
) -> Pictures:
    """What `load_pictures` returns; but many pictures are prepared beside where they are.

    Then they need to be decoded only once. Where there is no room for it, or another folder in its
    place, they are decoded into memory.
    """
    if prepared_already(path, size, fit) is not None:
        return load_pictures(path, size, progress, workers, fit)
    workers = checked_workers(workers)
    source = open_source(path)
    if sum(map(len, source.splits.values())) < MANY:
        return load_pictures(source, size, progress, workers, fit)
    plan = _plan(source, size, fit)
    folder = prepared_folder(source.path, plan.size, plan.fit)
    if not _has_room(folder, plan) or (folder.exists() and not (folder / PLAN).is_file()):
        return load_pictures(source, plan.size, progress, workers, fit)
    return _prepare(source, plan, folder, progress, workers)


def _plan(source: Source, size: int | None, fit: str | None) -> Plan:
    side = chosen_size(source) if size is None else checked_size(size)
    return Plan(
        source=str(source.path.resolve()),
        signature=source.signature(),
        size=side,
        fit=checked_fit(fit),
        size_chosen=size is None,
        counts={split: len(source.splits[split]) for split in SPLITS},
        per_shard=max(1, SHARD_BYTES // (side * side * 3)),
    )


def _has_room(folder: Path, plan: Plan) -> bool:
    """Whether the set may be put there, and the disk is not nearly full then."""
    needed = sum(plan.counts.values()) * plan.size**2 * 3
    free = shutil.disk_usage(folder.parent).free
    return os.access(folder.parent, os.W_OK) and free > 2 * needed


def _prepare(
    source: Source,
    plan: Plan,
    folder: Path,
    progress: Callable[[int, int], None] | None,
    workers: int,
) -> Pictures:
    def make() -> None:
        folder.mkdir(parents=True, exist_ok=True)

    busy = f"another process is preparing pictures in '{folder}': wait for it"
    try:
        with only_one(folder, make, busy):
            plan = _begin_or_go_on(folder, plan)
            if not (folder / MANIFEST).is_file():
                _decode(source, plan, folder, progress, workers)
            (folder / PLAN).unlink(missing_ok=True)
            for split in SPLITS:
                _marks(folder, split).unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            f"the pictures cannot be prepared in '{folder}' ({error.strerror or error}): mend that "
            "and go on with the same command, or name another folder"
        ) from None
    return open_prepared(folder)


def _begin_or_go_on(folder: Path, plan: Plan) -> Plan:
    """Leave `folder` with its plan or manifest in it, and return that, or raise InputError."""
    remove_leftovers(folder)
    for name in (MANIFEST, PLAN):
        if not (folder / name).is_file():
            continue
        there, _ = read_plan(folder / name)
        if (there.size, there.fit) != (plan.size, plan.fit):
            what = f"pictures of {there.size} pixels (fit {there.fit})"
        elif there.signature != plan.signature:
            what = f"other pictures (of '{there.source}'), or they have changed since"
        else:
            return there
        raise InputError(
            f"'{folder}' already holds {what}: delete it to prepare these, or name another folder"
        )
    if any(folder.iterdir()):
        raise InputError(
            f"'{folder}' is not empty and holds no prepared pictures: name another folder"
        )
    write_plan(folder, plan)
    return plan


def _decode(
    source: Source,
    plan: Plan,
    folder: Path,
    progress: Callable[[int, int], None] | None,
    workers: int,
) -> None:
    total = sum(plan.counts.values())
    broken: Broken = {split: {} for split in SPLITS}
    with ExitStack() as at_the_end:
        rooms = {split: at_the_end.enter_context(_room(folder, plan, split)) for split in SPLITS}
        done = sum(int(room.done.sum()) for room in rooms.values())
        to_do = source.read({split: room.done.astype(bool) for split, room in rooms.items()})
        synced = time.monotonic()
        for split, position, pixels in decode_all(to_do, plan.size, plan.fit, workers):
            if isinstance(pixels, PictureError):
                broken[split][position] = str(pixels)
            else:
                rooms[split].put(position, pixels)
            done += 1
            if progress is not None:
                progress(done, total)
            if time.monotonic() - synced > SYNC_SECONDS:
                for room in rooms.values():
                    room.sync()
                synced = time.monotonic()
    try:
        check_something_is_left(source, broken)
    except InputError:  # it will never be finished
        shutil.rmtree(folder)
        raise
    sets = {split: _finished(folder, plan, source, split, broken[split]) for split in SPLITS}
    skipped = skipped_files(source, broken)
    write_manifest(folder, plan, source.classes, source.display_names, sets, skipped)


class _Room:
    """The shards of a split while they are filled, and a mark for each picture that is in them.

    A picture is marked only once it is safe on disk; a picture without a mark is decoded again.
    """

    def __init__(self, shards: list[np.memmap], marks: np.memmap) -> None:
        self.done = marks
        self._shards, self._per_shard, self._new = shards, len(shards[0]), []

    def put(self, position: int, pixels: np.ndarray) -> None:
        shard, row = divmod(position, self._per_shard)
        self._shards[shard][row] = pixels
        self._new.append(position)

    def sync(self) -> None:
        touched = {position // self._per_shard for position in self._new}
        for shard in touched:
            self._shards[shard].flush()
        self.done[self._new] = 1
        self.done.flush()
        self._new.clear()


@contextmanager
def _room(folder: Path, plan: Plan, split: str) -> Iterator[_Room]:
    """The room for the pictures of a split; what was put there is safe at the end."""
    shape = (plan.size, plan.size, 3)
    marks = _marks(folder, split)
    begun = marks.is_file() and marks.stat().st_size == plan.counts[split]
    if not begun:
        for name, count in plan.shards(split):
            np.lib.format.open_memmap(folder / name, "w+", np.uint8, (count, *shape))
            _allocate(folder / name)
        np.memmap(marks, np.uint8, "w+", shape=(plan.counts[split],)).flush()
    shards = [
        open_shard(folder / name, count, plan.size, "r+") for name, count in plan.shards(split)
    ]
    room = _Room(shards, np.memmap(marks, np.uint8, "r+", shape=(plan.counts[split],)))
    try:
        yield room
    finally:
        room.sync()


def _allocate(path: Path) -> None:
    """Take the whole file's room on the disk: running out of it later would kill us."""
    if hasattr(os, "posix_fallocate"):
        with open(path, "r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def _finished(
    folder: Path, plan: Plan, source: Source, split: str, broken: dict[int, str]
) -> PictureSet:
    files = source.splits[split]
    good = np.array([i for i in range(len(files)) if i not in broken], np.int64)
    maps = [open_shard(folder / name, count, plan.size) for name, count in plan.shards(split)]
    labels = np.array(files.labels, np.int64)[good]
    names = [files.names[i] for i in good]
    return PictureSet(Shards(maps, good), labels, source.classes, names)


def _marks(folder: Path, split: str) -> Path:
    return folder / f"{split}.done"
