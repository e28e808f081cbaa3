"""Sets of pictures that are published: where they lie, and how to tell that they came whole."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from minialexnet.errors import InputError

FAST_AI = "https://s3.amazonaws.com/fast-ai-imageclas"


@dataclass(frozen=True)
class Published:
    """One archive as it is published.

    name and size are what a person asks for; folder is what it is unpacked to. The checksum is
    SHA-256 where that is known, otherwise MD5, which tells damage but not malice.
    """

    name: str
    size: str
    url: str
    bytes: int
    folder: str
    sha256: str | None = None
    md5: str | None = None

    @property
    def file(self) -> str:
        """The archive's file name."""
        return self.url.rpartition("/")[2]

    @property
    def checksum(self) -> tuple[str, str]:
        """The kind of checksum, as hashlib has it, and its value."""
        return ("sha256", self.sha256) if self.sha256 is not None else ("md5", self.md5)

    @property
    def origin(self) -> str:
        """A line that tells this archive from any other."""
        return origin(self.file, self.bytes, *self.checksum)


CATALOGUE = (
    Published(
        "imagenette",
        "160",
        f"{FAST_AI}/imagenette2-160.tgz",
        99_003_388,
        "imagenette2-160",
        sha256="64d0c4859f35a461889e0147755a999a48b49bf38a7e0f9bd27003f10db02fe5",
    ),
    Published(
        "imagenette",
        "320",
        f"{FAST_AI}/imagenette2-320.tgz",
        341_663_724,
        "imagenette2-320",
        sha256="569b4497c98db6dd29f335d1f109cf315fe127053cedf69010d047f0188e158c",
    ),
    Published(
        "imagenette",
        "full",
        f"{FAST_AI}/imagenette2.tgz",
        1_557_161_267,
        "imagenette2",
        sha256="6cbfac238434d89fe99e651496f0812ebc7a10fa62bd42d6874042bf01de4efd",
    ),
    Published(
        "imagewoof",
        "160",
        f"{FAST_AI}/imagewoof2-160.tgz",
        92_612_825,
        "imagewoof2-160",
        md5="3d200a7be99704a0d7509be2a9fbfe15",
    ),
    Published(
        "imagewoof",
        "320",
        f"{FAST_AI}/imagewoof2-320.tgz",
        328_387_740,
        "imagewoof2-320",
        md5="0f46d997ec2264e97609196c95897a44",
    ),
    Published(
        "imagewoof",
        "full",
        f"{FAST_AI}/imagewoof2.tgz",
        1_343_715_595,
        "imagewoof2",
        md5="9aafe18bcdb1632c4249a76c458465ba",
    ),
    Published(
        "tiny-imagenet",
        "64",
        "https://cs231n.stanford.edu/tiny-imagenet-200.zip",
        248_100_043,
        "tiny-imagenet-200",
        sha256="6198c8ae015e2b3e007c7841da39ec069199b9aa3bfa943a462022fe5e43c821",
    ),
)


def published(name: str, size: str | None = None) -> list[Published]:
    """The archives of the set `name`, of this size or of all, the smallest first.

    Raises: InputError if there is no such set or size.
    """
    of_name = [entry for entry in CATALOGUE if entry.name == name]
    if not of_name:
        names = ", ".join(dict.fromkeys(entry.name for entry in CATALOGUE))
        raise InputError(f"there is no set {name!r} to get; choose one of {names}")
    of_size = [entry for entry in of_name if size in (None, entry.size)]
    if not of_size:
        sizes = ", ".join(entry.size for entry in of_name)
        raise InputError(
            f"{name} is not published in size {size!r}, but in {sizes}: choose "
            f"{'one of these' if len(of_name) > 1 else 'that'}, or leave the size out"
        )
    return of_size


def problem(path: Path, entry: Published) -> str | None:
    """Why the file at `path` is not the published one, with both values; None if it is."""
    size = path.stat().st_size
    if size != entry.bytes:
        return f"it has {size:,} bytes, and {entry.bytes:,} were expected"
    kind, expected = entry.checksum
    found = checksum(path, kind)
    if found != expected:
        return f"its {kind.upper()} is {found}, and {expected} was expected"
    return None


def checksum(path: Path, kind: str = "sha256") -> str:
    """The checksum of a file, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(
            file, lambda: hashlib.new(kind, usedforsecurity=False)
        ).hexdigest()


def origin(file: str, size: int, kind: str, digest: str) -> str:
    """What a folder says about the archive that it was unpacked from."""
    return f"{file}, {size} bytes, {kind} {digest}"
