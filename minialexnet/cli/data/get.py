"""`minialexnet data get`."""

import argparse
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from minialexnet.cli.common import Interrupted
from minialexnet.datasets import open_source
from minialexnet.datasets.catalogue import (
    CATALOGUE,
    Published,
    checksum,
    origin,
    problem,
    published,
)
from minialexnet.datasets.download import download, megabytes
from minialexnet.datasets.unpack import is_unpacked, unpack
from minialexnet.errors import InputError
from minialexnet.files import expanded, make_folder
from minialexnet.training import Progress, duration

ROOT = "MINIALEXNET_DATA"

USAGE = "NAME [options]"
HELP = f"""download a published set of pictures

Downloads the archive, checks that it is the published one, and unpacks it to a folder to train on.
After Ctrl-C, a cut connection or a crash the same command goes on; what is there is not fetched
again.

  minialexnet data get imagenette             10 classes, 99 MB
  minialexnet data get imagewoof --size 320   10 breeds of dogs, harder, 328 MB
  minialexnet data get tiny-imagenet          200 classes, 64 pixels, 248 MB
  minialexnet data get imagenette --archive imagenette2-160.tgz

The last unpacks a file that is here already; one that was not published, of another size say, is
taken with a remark. Pictures go to the current folder, or where --root or the environment
variable {ROOT} says. They are parts of ImageNet, for research and teaching."""

NAMES = tuple(dict.fromkeys(entry.name for entry in CATALOGUE))
SIZES = tuple(dict.fromkeys(entry.size for entry in CATALOGUE))
EVERY = 0.1  # seconds between looks at the progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("name", choices=NAMES, metavar="NAME", help=", ".join(NAMES))
    parser.add_argument(
        "--size",
        choices=SIZES,
        help="shorter side in pixels, for imagenette and imagewoof (default: 160)",
    )
    parser.add_argument(
        "--root", metavar="FOLDER", help=f"where to put it (default: {ROOT}, or the current folder)"
    )
    parser.add_argument(
        "--archive",
        metavar="FILE",
        help="take this archive, of any pictures, instead of downloading one",
    )


def run(options: argparse.Namespace) -> int:
    """Get the set, and say how to go on."""
    choice = published(options.name, options.size)
    root = _root(options.root)
    try:
        if options.archive is None:
            folder = _get(choice[0], root)
        else:
            folder = _take(expanded(options.archive), choice, root)
    except KeyboardInterrupt:
        raise Interrupted("interrupted; the same command goes on from there") from None
    source = open_source(folder)
    train, val = (len(source.splits[split]) for split in ("train", "val"))
    print(
        f"{folder}: {train:,} pictures to train on and {val:,} to validate, "
        f"{len(source.classes)} classes"
    )
    print(f"go on with: minialexnet train --data {shlex.quote(str(folder))}")
    return 0


def _root(given: str | None) -> Path:
    root = expanded(given or os.environ.get(ROOT) or ".")
    make_folder(root, "--root")
    return root


def _get(entry: Published, root: Path) -> Path:
    """Download and unpack. Returns: the folder."""
    folder = root / entry.folder
    if is_unpacked(folder, entry.origin):
        _say(f"{folder} is here already, and whole")
        return folder
    if (root / entry.file).exists():
        _say(f"{root / entry.file} is here already")
    with _bar(f"downloading {entry.file}") as (show, say):
        archive = download(entry, root, show, say)
    _unpack(archive, folder, entry.origin)
    _say(f"{archive} ({megabytes(entry.bytes)}) is no longer needed and can be deleted")
    return folder


def _take(archive: Path, choice: list[Published], root: Path) -> Path:
    """Unpack an archive that is here; it need not be a published one. Returns: the folder."""
    if not archive.is_file():
        what = "is a folder" if archive.is_dir() else "does not exist"
        raise InputError(f"--archive: '{archive}' {what}; give a .tgz, .tar or .zip file")
    size = archive.stat().st_size
    for entry in choice:
        if entry.bytes == size:
            if wrong := problem(archive, entry):
                raise InputError(
                    f"'{archive}' has the size of the published {entry.file}, but {wrong}: it is "
                    "damaged; get it again"
                )
            folder, source = root / entry.folder, entry.origin
            break
    else:
        sizes = ", ".join(f"{entry.bytes:,}" for entry in choice)
        _say(
            f"{archive} is not a published {choice[0].name} ({size:,} bytes; published: {sizes}); "
            "it is taken for a set of your own"
        )
        folder = root / _stem(archive)
        source = origin(archive.name, size, "sha256", checksum(archive))
    if is_unpacked(folder, source):
        _say(f"{folder} is here already, and whole")
    else:
        _unpack(archive, folder, source)
    return folder


def _unpack(archive: Path, folder: Path, source: str) -> None:
    with _bar(f"unpacking {archive.name}") as (show, _):
        unpack(archive, folder, source, show)


def _stem(archive: Path) -> str:
    for ending in (".tar.gz", ".tgz", ".tar", ".zip"):
        if archive.name.endswith(ending):
            return archive.name.removesuffix(ending) or "pictures"
    return f"{archive.name}-unpacked"


@contextmanager
def _bar(
    description: str,
) -> Iterator[tuple[Callable[[int, int], None], Callable[[str], None]]]:
    """What shows (bytes done, of how many), and what writes a line that stays."""
    progress = Progress()
    begun = last = 0.0
    first = seen = None

    def show(done: int, total: int) -> None:
        nonlocal begun, last, first, seen
        now = time.monotonic()
        if seen is None or done < seen:  # begun, or begun anew
            begun, first, seen = now, done, done
            progress.start(description, total, done)
        elif now - last < EVERY and done < total:
            return
        text = f"{done / 1e6:.1f} of {megabytes(total)}"
        if now > begun and done > first:
            rate = (done - first) / (now - begun)
            text += f", {megabytes(rate)}/s, {duration((total - done) / rate)} left"
        progress.update(done - seen, text)
        seen, last = done, now

    try:
        yield show, progress.say
    finally:
        progress.finish()


def _say(text: str) -> None:
    print(text, file=sys.stderr)
