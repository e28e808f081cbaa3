"""A tar archive of pictures, as `source` reads it: from front to back, and never unpacked."""

from __future__ import annotations

import lzma
import tarfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

from minialexnet.datasets.decode import MAX_FILE_BYTES
from minialexnet.errors import InputError

BROKEN = (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError)
COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ")  # what gzip, bzip2 and xz files begin with
LONG_NAME_TYPES = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
LONG_NAME_LIMIT = 1 << 20  # bytes


class _StrictTarInfo(tarfile.TarInfo):
    """Refuses what the tarfile module lets pass."""

    @classmethod
    def fromtarfile(cls, tar):
        # A header which is cut off or damaged reads as the end of the archive otherwise, and the
        # pictures behind it would be missed without a word.
        try:
            return super().fromtarfile(tar)
        except tarfile.EOFHeaderError:
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(str(error)) from None

    @classmethod
    def frombuf(cls, buf, encoding, errors):
        # Names which are too long for a header are read into memory, whatever their length.
        info = super().frombuf(buf, encoding, errors)
        if info.type in LONG_NAME_TYPES and info.size > LONG_NAME_LIMIT:
            raise tarfile.ReadError(f"a file name of {info.size} bytes")
        return info


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
        with self._opened() as tar:
            for position, info in enumerate(_infos(tar)):
                self._check_safe(info)
                path = PurePosixPath(info.name)  # drops "./" and "//"
                folders.update(str(parent) for parent in path.parents)
                if info.isdir():
                    folders.add(str(path))
                else:
                    self._last[str(path)] = position
            # What is left is padding, and with it the checksum of a compressed archive.
            while tar.fileobj.read(1 << 20):
                pass
        folders.discard(".")
        return list(self._last), folders

    def read(self, paths: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """Yield (path, content) of these files, in the order of the archive.

        Raises: InputError if the archive is damaged, or no longer the one which was listed.
        """
        wanted = {self._last[path]: path for path in paths}
        with self._opened() as tar:
            for position, info in enumerate(_infos(tar)):
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
        """A text that changes with the archive's size or time of change, whatever the paths."""
        found = self.path.stat()
        return f"{found.st_size} bytes of {found.st_mtime_ns}"

    @contextmanager
    def _opened(self) -> Iterator[tarfile.TarFile]:
        try:
            with open(self.path, "rb") as file, self._tar(file) as tar:
                yield tar
        except PermissionError as error:
            raise InputError(f"'{self.path}' cannot be read: {error.strerror}") from None
        except BROKEN as error:
            raise InputError(
                f"the archive '{self.path}' is cut off or damaged ({error}): download or make it "
                "again"
            ) from None

    def _tar(self, file: BinaryIO) -> tarfile.TarFile:
        try:
            return tarfile.open(fileobj=file, mode="r:*", tarinfo=_StrictTarInfo)
        except tarfile.TarError:
            file.seek(0)
            start = file.read(16)
        if start.startswith(COMPRESSED):
            raise tarfile.ReadError("or there is no tar archive inside it")
        what = "a zip archive" if start.startswith(b"PK") else f"it begins with {start!r}"
        raise InputError(
            f"'{self.path}' is not a .tar/.tgz archive ({what}): give such an archive, or "
            "unpack it and give the folder"
        )

    def _check_safe(self, info: tarfile.TarInfo) -> None:
        windows = PureWindowsPath(info.name)  # it knows both kinds of slash, and drives
        if windows.anchor:
            wrong = "has an absolute path"
        elif ".." in windows.parts:
            wrong = "leads out of the archive with '..'"
        elif info.issym() or info.islnk():
            wrong = f"is a link (to {info.linkname!r})"
        elif not (info.isreg() or info.isdir()):
            wrong = "is a device or another special file"
        else:
            return
        raise InputError(
            f"the archive '{self.path}' is refused, for its entry {info.name!r} {wrong}: make it "
            "again with plain files and folders only"
        )


def _infos(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    while (info := tar.next()) is not None:
        tar.members.clear()  # or else it keeps them all
        yield info
