"""A folder of pictures, as `source` reads it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator
from pathlib import Path

from minialexnet.datasets.decode import MAX_FILE_BYTES
from minialexnet.errors import InputError

# Only these are searched to the bottom, for the folder given may have all the world beside them.
SEARCHED = ("train", "val")
SAMPLES, SAMPLE_BYTES = 256, 1 << 12
"""Of so many files so many bytes tell whether they are still the same."""

KAGGLE_FOLDER = ("ILSVRC", "Data", "CLS-LOC")  # where Kaggle's copy of ImageNet has them


class Folder:
    """The files below `root`. Links are followed, for sets are often put together of links."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def entries(self) -> tuple[list[str], set[str]]:
        """Relative paths of files and of folders: two levels, and all below train and val.

        Raises: InputError if a folder cannot be listed.
        """
        files: list[str] = []
        folders: set[str] = set()
        self._walk("", (), files, folders)
        return files, folders

    def _walk(self, below: str, above: tuple[str, ...], files: list[str], folders: set[str]):
        here = self.root / below
        real = os.path.realpath(here)
        if real in above:  # a link to a folder which it lies in
            return
        try:
            with os.scandir(here) as scan:
                entries = [(entry.name, entry.is_dir()) for entry in scan]
        except OSError as error:
            raise InputError(f"the folder '{here}' cannot be read: {error.strerror}") from None
        for name, is_folder in entries:
            path = f"{below}{name}"
            if not is_folder:
                files.append(path)
                continue
            folders.add(path)
            if not name.startswith(".") and _is_searched(tuple(path.split("/"))):
                self._walk(path + "/", (*above, real), files, folders)

    def read(self, paths: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """Yield (path, content) of the files, in the order given.

        Raises: InputError if one cannot be read.
        """
        for path in paths:
            full = self.root / path
            try:
                if not full.is_file():  # opening a named pipe would wait for ever
                    raise OSError(0, "it is not a regular file, or a link to nowhere")
                with open(full, "rb") as file:
                    content = file.read(MAX_FILE_BYTES + 1)
            except OSError as error:
                raise InputError(
                    f"'{full}' cannot be read: {error.strerror}; mend or remove it"
                ) from None
            yield path, content

    def signature(self, paths: Collection[str]) -> str:
        """A text that changes with the names, sizes or times of change of these files.

        And with how some of them begin: what was unpacked has the times of the archive, and
        pictures that are not compressed all have the same size.

        Raises: InputError if one of them has gone.
        """
        digest, apart = hashlib.sha256(), max(1, len(paths) // SAMPLES)
        for number, path in enumerate(paths):
            full = self.root / path
            try:
                found, beginning = os.stat(full), b""
                if number % apart == 0 and full.is_file():
                    with open(full, "rb") as file:
                        beginning = file.read(SAMPLE_BYTES)
            except OSError as error:
                raise InputError(f"'{full}' cannot be read: {error.strerror}") from None
            digest.update(ascii((path, found.st_size, found.st_mtime_ns, beginning)).encode())
        return digest.hexdigest()


def _is_searched(parts: tuple[str, ...]) -> bool:
    """Whether to look into the folder whose relative path has these parts."""
    depth = len(KAGGLE_FOLDER)
    if parts[:depth] == KAGGLE_FOLDER[: len(parts)]:  # one of them, or a folder in the last
        return len(parts) <= depth or parts[depth] in SEARCHED
    return len(parts) == 1 or any(name in parts[:2] for name in SEARCHED)
