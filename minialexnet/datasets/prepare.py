"""From a folder or archive of pictures to a prepared set; it may be interrupted at any moment."""

from __future__ import annotations

import dataclasses
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import numpy as np

from minialexnet.datasets.decode import DECODER, PictureError
from minialexnet.datasets.decode_all import TooLittleMemory, decode_all
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
from minialexnet.datasets.plan import (
    MANIFEST,
    PLAN,
    Plan,
    is_prepared,
    prepared_folder,
    read_plan,
    write_plan,
)
from minialexnet.datasets.prepared import open_prepared, open_shard, write_manifest
from minialexnet.datasets.shards import Shards
from minialexnet.datasets.source import SPLITS, Source, open_source
from minialexnet.datasets.statistics import statistics_of
from minialexnet.errors import InputError
from minialexnet.files import TEMPORARY, expanded, sync_folder
from minialexnet.lock import Busy, only_one

MANY = 10_000  # pictures, which take long enough to decode
SHARD_BYTES = 2**30
SYNC_SECONDS = 5.0  # what is done within it would be done again after the power failed
LOOK_AGAIN_SECONDS = 1.0  # whether another process is done


def prepare(
    path: str | os.PathLike[str],
    folder: str | os.PathLike[str] | None = None,
    size: int | None = None,
    fit: str | None = None,
    progress: Callable[..., None] | None = None,
    workers: int | None = None,
) -> tuple[Path, Pictures]:
    """Decode all pictures of a folder or archive into `folder`, see prepared.py.

    folder: by default `prepared_folder`; progress: called as progress(done, total), and at the end
    with of_what="taking the mean of train"; the rest as `load_pictures` has it. Interrupted, by
    whatever, it goes on when it is called again. What is there already is not made again.

    Returns: the folder, and the set in it.
    Raises: InputError if the source is wrong, a class is left without any picture, the folder holds
    something else, or there is no room.
    """
    workers = checked_workers(workers)
    if isinstance(path, str | os.PathLike) and is_prepared(expanded(path)):
        open_prepared(expanded(path))  # which says how to go on, if it is not finished
        raise InputError(f"'{path}' is a prepared set already: give the pictures it was made of")
    source = open_source(path)
    plan = _plan(source, size, fit)
    if folder is None:
        folder = prepared_folder(source.path, plan.size, plan.fit)
    folder = expanded(folder)
    return folder, _prepare(source, plan, folder, progress, workers)


def load_or_prepare(
    path: str | os.PathLike[str],
    size: int | None = None,
    progress: Callable[..., None] | None = None,
    workers: int | None = None,
    fit: str | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Pictures:
    """What `load_pictures` returns; but many pictures are prepared beside where they are.

    Then they need to be decoded only once. Where there is no room for it, or something else in its
    place, or nothing may be written there, they are decoded into memory. say: told what the user
    should know of that.
    """
    if prepared_already(path, size, fit) is not None:
        return load_pictures(path, size, progress, workers, fit)
    workers = checked_workers(workers)
    source = open_source(path)
    if sum(map(len, source.splits.values())) < MANY:
        return load_pictures(path, size, progress, workers, fit)
    plan = _plan(source, size, fit)
    if prepared_already(path, plan.size, plan.fit) is not None:
        return load_pictures(path, plan.size, progress, workers, plan.fit)
    folder = prepared_folder(source.path, plan.size, plan.fit)
    if not os.access(folder if folder.exists() else folder.parent, os.W_OK):
        return load_pictures(source, plan.size, progress, workers, plan.fit)
    if not _is_free_for(plan, folder):
        say(f"'{folder}' holds something else or older, so these are decoded anew each time")
        return load_pictures(source, plan.size, progress, workers, plan.fit)
    if not (folder / PLAN).is_file() and _free(folder) < 2 * _needed(plan):
        return load_pictures(source, plan.size, progress, workers, plan.fit)
    waiting = False
    while True:
        try:
            return _prepare(source, plan, folder, progress, workers)
        except Busy:
            if not waiting:
                say("another process is preparing these pictures: waiting for it")
            waiting = True
            time.sleep(LOOK_AGAIN_SECONDS)


def _plan(source: Source, size: int | None, fit: str | None) -> Plan:
    side = chosen_size(source) if size is None else checked_size(size)
    return Plan(
        source=str(source.path.resolve()),
        signature=source.signature(),
        size=side,
        fit=checked_fit(fit),
        size_chosen=size is None,
        decoder=DECODER,
        counts={split: len(source.splits[split]) for split in SPLITS},
        per_shard=max(1, SHARD_BYTES // (side * side * 3)),
    )


def _needed(plan: Plan) -> int:
    """Bytes on disk."""
    return sum(plan.counts.values()) * plan.size**2 * 3


def _free(folder: Path) -> int:
    """Bytes on the disk where `folder` is, or would be."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _is_free_for(plan: Plan, folder: Path) -> bool:
    """Whether nothing is there, or what was begun by the same plan."""
    try:
        if not folder.exists() or all(map(_is_temporary, folder.iterdir())):
            return True
        return (folder / PLAN).is_file() and read_plan(folder / PLAN)[0].gives_the_pixels_of(plan)
    except (InputError, OSError):
        return False


def _prepare(
    source: Source, plan: Plan, folder: Path, progress: Callable[..., None] | None, workers: int
) -> Pictures:
    inside = folder.resolve().is_relative_to(source.path.resolve())
    if source.path.is_dir() and inside:
        raise InputError(
            f"'{folder}' lies in '{source.path}', whose pictures are to be prepared: name a folder "
            "beside it"
        )

    def make() -> None:
        folder.mkdir(parents=True, exist_ok=True)

    busy = f"another process is preparing pictures in '{folder}': wait for it"
    try:
        with only_one(folder, make, busy):
            _remove_temporaries(folder)
            plan = _begin_or_go_on(folder, plan)
            if not (folder / MANIFEST).is_file():
                _decode(source, plan, folder, progress, workers)
            _remove(folder, PLAN, *(_marks(split) for split in SPLITS))
    except BrokenPipeError:  # of who was shown the progress
        raise
    except OSError as error:
        raise InputError(
            f"the pictures cannot be prepared in '{folder}' ({error.strerror or error}): mend that "
            "and go on with the same command, or name another folder"
        ) from None
    return open_prepared(folder)


def _begin_or_go_on(folder: Path, plan: Plan) -> Plan:
    """Leave `folder` with its plan or manifest in it, and return that, or raise InputError."""
    for name in (MANIFEST, PLAN):
        if not (folder / name).is_file():
            continue
        there, _ = read_plan(folder / name)
        if (there.size, there.fit) != (plan.size, plan.fit):
            what = f"pictures of {there.size} pixels (fit {there.fit})"
        elif there.signature != plan.signature:
            what = f"other pictures (of '{there.source}'), or they have changed since"
        elif there.decoder != plan.decoder:
            what = f"these pictures as decoded by {there.decoder}, not {plan.decoder}"
        else:
            return there
        raise InputError(
            f"'{folder}' already holds {what}: delete it to prepare these, or name another folder"
        )
    if not all(map(_is_temporary, folder.iterdir())):
        raise InputError(
            f"'{folder}' is not empty and holds no prepared pictures: name another folder"
        )
    if _free(folder) < _needed(plan):
        raise InputError(
            f"the prepared pictures need {_needed(plan) / 2**30:.1f} GiB, and in '{folder}' "
            f"{_free(folder) / 2**30:.1f} GiB are free: name a folder on another disk, or ask for "
            "a smaller size"
        )
    write_plan(folder, plan)
    return plan


def _decode(
    source: Source, plan: Plan, folder: Path, progress: Callable[..., None] | None, workers: int
) -> None:
    total = sum(plan.counts.values())
    broken: Broken = {split: {} for split in SPLITS}
    with ExitStack() as at_the_end:
        rooms = {split: at_the_end.enter_context(_room(folder, plan, split)) for split in SPLITS}
        done = sum(int(room.done.sum()) for room in rooms.values())
        to_do = source.read({split: room.done.astype(bool) for split, room in rooms.items()})
        synced = time.monotonic()
        for split, position, pixels in decode_all(to_do, plan.size, plan.fit, workers):
            if isinstance(pixels, TooLittleMemory):  # else it would be left out for good
                raise InputError(
                    f"'{source.splits[split].names[position]}': {pixels}; end other programs or "
                    "take fewer --workers, and go on with the same command"
                )
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
        _discard(folder, plan)
        raise
    sets = {}
    for split in SPLITS:
        pictures = _finished(folder, plan, source, split, broken[split])
        show = (
            None if progress is None else partial(progress, of_what=f"taking the mean of {split}")
        )
        known = statistics_of(pictures.images, show)
        sets[split] = dataclasses.replace(pictures, known=known)
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
    marks, files, count = folder / _marks(split), plan.shards(split), plan.counts[split]
    try:
        if marks.stat().st_size != count:
            raise ValueError("the marks were not written to their end")
        shards = [open_shard(folder / name, held, plan.size, "r+") for name, held in files]
    except (FileNotFoundError, ValueError):  # it was not begun, or the power failed then
        marks.unlink(missing_ok=True)
        shape = (plan.size, plan.size, 3)
        for name, held in files:
            np.lib.format.open_memmap(folder / name, "w+", np.uint8, (held, *shape)).flush()
            _allocate(folder / name)
        sync_folder(folder)
        with open(marks, "wb") as file:  # real zeros, for a full disk would kill us later
            file.write(bytes(count))
            os.fsync(file.fileno())
        shards = [open_shard(folder / name, held, plan.size, "r+") for name, held in files]
    room = _Room(shards, np.memmap(marks, np.uint8, "r+", shape=(count,)))
    try:
        yield room
    finally:
        room.sync()


def _allocate(path: Path) -> None:
    """Take the whole file's room on the disk: running out of it later would kill us."""
    if hasattr(os, "posix_fallocate"):
        with open(path, "r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
            os.fsync(file.fileno())


def _finished(
    folder: Path, plan: Plan, source: Source, split: str, broken: dict[int, str]
) -> PictureSet:
    files = source.splits[split]
    good = np.array([i for i in range(len(files)) if i not in broken], np.int64)
    maps = [open_shard(folder / name, count, plan.size) for name, count in plan.shards(split)]
    labels = np.array(files.labels, np.int64)[good]
    names = [files.names[i] for i in good]
    return PictureSet(Shards(maps, good), labels, source.classes, names)


def _discard(folder: Path, plan: Plan) -> None:
    """Remove what we made there, and nothing else."""
    ours = [name for split in SPLITS for name, _ in plan.shards(split)]
    _remove(folder, *ours, *(_marks(split) for split in SPLITS), PLAN)
    with suppress(OSError):  # somebody else has something there
        folder.rmdir()


def _remove(folder: Path, *names: str) -> None:
    for name in names:
        if (folder / name).exists():  # a finished set may lie where nothing can be changed
            (folder / name).unlink(missing_ok=True)


def _remove_temporaries(folder: Path) -> None:
    """What killed processes left when they wrote something here, where that can be changed."""
    for path in folder.iterdir():
        if _is_temporary(path):
            with suppress(OSError):
                path.unlink()


def _is_temporary(path: Path) -> bool:
    """Whether it is the beginning of one of our files (see `write_atomically`)."""
    ours = (PLAN, MANIFEST, *(f"{split}{end}" for split in SPLITS for end in (".tsv", "-mean.npy")))
    return path.name.endswith(TEMPORARY) and path.name.startswith(tuple(f".{n}." for n in ours))


def _marks(split: str) -> str:
    return f"{split}.done"
