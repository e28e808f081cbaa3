"""Tar archives, read from front to back and more strictly than the tarfile module does."""

from __future__ import annotations

import lzma
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from minialexnet.datasets.entries import BLOCK, Entry, damage_named, refused, wrong_name
from minialexnet.errors import InputError

try:
    from compression.zstd import ZstdError
except ImportError:  # before Python 3.14, or where it was built without Zstandard
    ZstdError = None

BROKEN = (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError)
COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ")  # what gzip, bzip2 and xz files begin with
ZSTANDARD = b"\x28\xb5\x2f\xfd"
if ZstdError:
    BROKEN += (ZstdError,)
    COMPRESSED += (ZSTANDARD,)
LONG_NAME_TYPES = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
LONG_NAME_LIMIT = 1 << 20  # bytes
LARGEST_FILE = 1 << 60  # bytes; beyond any disk, and yet a place that can be sought


class _StrictTarInfo(tarfile.TarInfo):
    """Refuses what the tarfile module lets pass."""

    @classmethod
    def fromtarfile(cls, tar):
        # A header which is cut off or damaged reads as the end of the archive otherwise, and the
        # pictures behind it would be missed without a word.
        try:
            info = super().fromtarfile(tar)
        except tarfile.EOFHeaderError:
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(str(error)) from None
        except (ValueError, OverflowError, IndexError, RecursionError) as error:
            # tarfile takes numbers and lists in headers for what they should be, and one header
            # leads to the next by recursion.
            raise tarfile.ReadError(f"a header that cannot be: {error}") from None
        info._check_size()  # again: a header before its own may have said another
        return info

    def _proc_member(self, tar):
        # Each header comes through here, where tarfile's own comment lets subclasses step in. (It
        # does not through `frombuf` in newer releases, 3.13.15 and 3.14.7 among them.)
        self._check_size()
        # Names which are too long for a header are read into memory, whatever their length.
        if self.type in LONG_NAME_TYPES and self.size > LONG_NAME_LIMIT:
            raise tarfile.ReadError(f"a file name of {self.size} bytes")
        return super()._proc_member(tar)

    def _check_size(self) -> None:
        # A size below zero would lead back, and round and round.
        if not 0 <= self.size <= LARGEST_FILE:
            raise tarfile.ReadError(f"a file of {self.size} bytes")


@contextmanager
def opened_tar(path: Path) -> Iterator[tuple[tarfile.TarFile, BinaryIO]]:
    """The archive at `path`, compressed or not (its content tells), and the file it is read from.

    Raises: InputError if it is none, or in the place of any error that damage in it leads to.
    """
    with damage_named(path, *BROKEN), open(path, "rb") as file, _tar(path, file) as tar:
        yield tar, file


def _tar(path: Path, file: BinaryIO) -> tarfile.TarFile:
    try:
        return tarfile.open(fileobj=file, mode="r:*", tarinfo=_StrictTarInfo)
    except tarfile.TarError:
        file.seek(0)
        start = file.read(16)
    if start.startswith(COMPRESSED):
        raise tarfile.ReadError("or there is no tar archive inside it")
    if start.startswith(ZSTANDARD):
        what = "compressed with Zstandard, which this Python cannot read"
    else:
        what = "a zip archive" if start.startswith(b"PK") else f"it begins with {start!r}"
    raise InputError(
        f"'{path}' is not a .tar/.tgz archive ({what}): give such an archive, or unpack it and "
        "give the folder"
    )


def infos(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """What the headers say, one after the other."""
    while (info := tar.next()) is not None:
        tar.members.clear()  # or else it keeps them all
        yield info


def read_to_the_end(tar: tarfile.TarFile) -> None:
    """Read what is left behind the last entry: padding, and a compressed archive's checksum."""
    while tar.fileobj.read(BLOCK):
        pass


def check_safe(path: Path, info: tarfile.TarInfo) -> None:
    """Raise InputError unless this is a file or folder inside the folder it would go to."""
    wrong = wrong_name(info.name)
    if wrong is None and (info.issym() or info.islnk()):
        wrong = f"is a link (to {info.linkname!r})"
    if wrong is None and not (info.isreg() or info.isdir()):
        wrong = "is a device or another special file"
    if wrong is not None:
        raise refused(path, info.name, wrong)


def tar_entries(path: Path) -> Iterator[Entry]:
    """All files and folders of the archive. Raises: InputError as soon as one is not safe."""
    with opened_tar(path) as (tar, file):
        for info in infos(tar):
            check_safe(path, info)

            def blocks(info: tarfile.TarInfo = info) -> Iterator[bytes]:
                with damage_named(path, *BROKEN):
                    content = tar.extractfile(info)
                    while block := content.read(BLOCK):
                        yield block

            yield Entry(info.name, info.isdir(), info.size, blocks, file.tell())
        read_to_the_end(tar)
