"""A tar archive of pictures, as `source` reads it: from front to back, and never unpacked."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

from minialexnet.datasets.decode import MAX_FILE_BYTES
from minialexnet.datasets.tar import check_safe, infos, opened_tar, read_to_the_end

SAMPLES, SAMPLE_BYTES = 5, 1 << 16
"""At so many places of it so many bytes tell whether an archive is still the same."""


class Archive:
    """The files in the tar archive at `path`, compressed or not (its content tells)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._last: dict[str, int] = {}  # path -> position of its last, and so valid, entry

    def entries(self) -> tuple[list[str], set[str]]:
        """Paths of all files and folders, after reading the whole archive once.

        Raises: InputError if it is no tar archive, or is damaged, or has an entry other than a
        file or folder inside the folder it would be unpacked to.
        """
        folders: set[str] = set()
        with opened_tar(self.path) as (tar, _):
            for position, info in enumerate(infos(tar)):
                check_safe(self.path, info)
                path = PurePosixPath(info.name)  # drops "./" and "//"
                folders.update(str(parent) for parent in path.parents)
                if info.isdir():
                    folders.add(str(path))
                else:
                    self._last[str(path)] = position
            read_to_the_end(tar)
        folders.discard(".")
        return list(self._last), folders

    def read(self, paths: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """Yield (path, content) of these files, in the order of the archive.

        Raises: InputError if the archive is damaged, or no longer the one which was listed.
        """
        wanted = {self._last[path]: path for path in paths}
        if not wanted:
            return
        with opened_tar(self.path) as (tar, _):
            for position, info in enumerate(infos(tar)):
                path = wanted.pop(position, None)
                if path is None:
                    continue
                if str(PurePosixPath(info.name)) != path:
                    raise tarfile.ReadError("it was changed meanwhile")
                yield path, tar.extractfile(info).read(MAX_FILE_BYTES + 1)
                if not wanted:
                    return
            if wanted:
                raise tarfile.ReadError("it was changed meanwhile")

    def signature(self, paths: Collection[str] = ()) -> str:
        """A text that changes with the archive, whatever the paths.

        Its size and time of change, and what stands in some places of it: archives that are made
        reproducibly all have the same time, and often the same size.
        """
        found, digest = self.path.stat(), hashlib.sha256()
        with open(self.path, "rb") as file:
            for part in range(SAMPLES):
                file.seek(max(0, found.st_size - SAMPLE_BYTES) * part // (SAMPLES - 1))
                digest.update(file.read(SAMPLE_BYTES))
        return f"{found.st_size} bytes of {found.st_mtime_ns}, {digest.hexdigest()}"
