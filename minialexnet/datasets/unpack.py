"""Unpacks an archive of pictures: only what is safe, and all of it or nothing."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from minialexnet.datasets.entries import Entry, refused
from minialexnet.datasets.source import IGNORED, SPLITS
from minialexnet.datasets.tar import tar_entries
from minialexnet.datasets.zip import zip_entries
from minialexnet.errors import InputError
from minialexnet.lock import only_one

MARK = ".unpacked-from"  # a file in each folder that was unpacked; its line tells the archive
EXPANSION = 20  # pictures hardly grow when they are unpacked; what grows more is a bomb
SLACK = 100 * 2**20  # bytes that any archive may have in it
ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # what zip archives begin with
MAX_ENTRIES = 3_000_000  # twice as many as ImageNet's


def unpacked_from(folder: Path) -> str | None:
    """The line that `unpack` was given for this folder; None if it was never unpacked here."""
    try:
        return (folder / MARK).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None


def is_unpacked(folder: Path, origin: str) -> bool:
    """Whether `folder` is whole, and from the archive that `origin` tells.

    Raises: InputError if something else has its name.
    """
    found = unpacked_from(folder)
    if found == origin:
        return True
    if os.path.lexists(folder):
        what = f"was unpacked from another archive ({found})" if found else "was not made by this"
        raise InputError(
            f"'{folder}' is there already, and {what}: train on it as it is, or rename or remove "
            "it, or give another folder with --root"
        )
    return False


def unpack(
    archive: Path,
    folder: Path,
    origin: str,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Unpack a tar or zip archive to `folder`, unless that was done before.

    Where it holds one folder with everything inside, `folder` takes that one's place. origin: a
    line which tells the archive. progress: called as progress(done, total), in bytes of the
    archive. Everything goes into a hidden folder first, which is renamed once it is whole.

    Raises: InputError if an entry is not safe, the archive is damaged, or the disk is full; nothing
    is left behind then.
    """
    hidden = folder.with_name(f".{folder.name}.unpacking")
    busy = f"another process is unpacking {folder} right now; wait for it"
    try:
        with only_one(hidden, lambda: hidden.mkdir(exist_ok=True), busy):
            try:
                if not is_unpacked(folder, origin):
                    _unpack(archive, hidden / "whole", folder, origin, progress)
            finally:
                shutil.rmtree(hidden, ignore_errors=True)
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        raise InputError(
            f"could not unpack '{archive}' to '{folder}' ({reason}); nothing of it was left "
            "behind: free some space, or give another folder with --root"
        ) from None


def _unpack(
    archive: Path,
    inside: Path,
    folder: Path,
    origin: str,
    progress: Callable[[int, int], None] | None,
) -> None:
    if inside.exists():  # left by a process that was killed
        shutil.rmtree(inside)
    inside.mkdir()
    total, furthest = archive.stat().st_size, 0
    written: set[PurePosixPath] = set()
    for entry in _bounded(archive, total):
        _write(archive, entry, inside, written)
        furthest = max(furthest, entry.position)
        if progress is not None:
            progress(min(furthest, total), total)
    if not written:
        raise InputError(f"the archive '{archive}' is empty: give one with pictures")
    whole = _without_top(inside)
    (whole / MARK).write_text(origin + "\n", encoding="utf-8")
    if hasattr(os, "sync"):
        os.sync()  # or a power cut might leave the new name, and empty files
    os.rename(whole, folder)


def _bounded(archive: Path, size: int) -> Iterator[Entry]:
    """The entries, as long as they are not too many and too large."""
    limit, total = EXPANSION * size + SLACK, 0
    for count, entry in enumerate(_entries(archive), 1):
        total += entry.size
        if count > MAX_ENTRIES:
            raise InputError(
                f"the archive '{archive}' is refused, for it holds more than {MAX_ENTRIES:,} "
                "files: give a smaller one"
            )
        if total > limit:
            raise InputError(
                f"the archive '{archive}' is refused, for its {size:,} bytes would become more "
                f"than {limit:,}: if that is right, unpack it yourself and train on the folder"
            )
        yield entry


def _entries(archive: Path) -> Iterator[Entry]:
    with open(archive, "rb") as file:
        start = file.read(4)
    return zip_entries(archive) if start in ZIP else tar_entries(archive)


def _write(archive: Path, entry: Entry, inside: Path, written: set[PurePosixPath]) -> None:
    if "\\" in entry.name:  # on Windows that is a slash
        raise refused(archive, entry.name, "has a backslash in its name")
    path = PurePosixPath(entry.name)
    target = inside / path
    try:
        if entry.is_folder:
            target.mkdir(parents=True, exist_ok=True)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        # Of two entries with one name the last counts. If the file is there by another name, this
        # disk does not tell the two apart.
        with open(target, "wb" if path in written else "xb") as file:
            left = entry.size
            for block in entry.blocks():
                left -= len(block)
                if left < 0:
                    raise refused(archive, entry.name, f"has more than its {entry.size:,} bytes")
                file.write(block)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise refused(
            archive, entry.name, "has the place of another, as this disk sees it"
        ) from None
    written.add(path)


def _without_top(inside: Path) -> Path:
    """The one folder that everything is in, or `inside` itself."""
    there = [e for e in inside.iterdir() if e.name not in IGNORED and not e.name.startswith(".")]
    if len(there) == 1 and there[0].is_dir() and there[0].name not in SPLITS:
        return there[0]
    return inside
