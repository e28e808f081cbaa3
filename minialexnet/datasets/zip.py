"""Zip archives, as strictly as tar archives are read."""

from __future__ import annotations

import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from minialexnet.datasets.entries import BLOCK, Entry, damage_named, refused, wrong_name

BROKEN = (
    zipfile.BadZipFile,
    EOFError,
    OSError,
    ValueError,  # names that are not text
    NotImplementedError,  # a way of compressing that Python does not know
    struct.error,
    zlib.error,
    lzma.LZMAError,
)
PLAIN = (0, stat.S_IFREG, stat.S_IFDIR)  # kinds of file; 0 where none was noted
ENCRYPTED = 1  # bit of the flags


def zip_entries(path: Path) -> Iterator[Entry]:
    """All files and folders of the archive. Raises: InputError as soon as one is not safe."""
    with damage_named(path, *BROKEN), open(path, "rb") as file, zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            _check_safe(path, info)

            def blocks(info: zipfile.ZipInfo = info) -> Iterator[bytes]:
                with damage_named(path, *BROKEN), archive.open(info) as content:
                    while block := content.read(BLOCK):
                        yield block

            yield Entry(info.filename, info.is_dir(), info.file_size, blocks, info.header_offset)


def _check_safe(path: Path, info: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    wrong = wrong_name(info.filename)
    if wrong is None and kind not in PLAIN:
        wrong = "is a link" if kind == stat.S_IFLNK else "is a device or another special file"
    if wrong is None and info.flag_bits & ENCRYPTED:
        wrong = "is encrypted"
    if wrong is not None:
        raise refused(path, info.filename, wrong)
