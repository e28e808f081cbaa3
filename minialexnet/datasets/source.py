"""Where the pictures come from: a folder or an archive with train/<class>/* and val/<class>/*.

Both are used alike. `open_source` lists the files and checks the layout; no picture is decoded
here, and nothing of an archive is ever written to disk.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from minialexnet.datasets.archive import Archive
from minialexnet.datasets.folder import Folder
from minialexnet.errors import InputError

SPLITS = ("train", "val")
IGNORED = {"Thumbs.db", "desktop.ini", "__MACOSX"}  # left behind by file managers, as are .* files


class Reader(Protocol):
    """What `Folder` and `Archive` have in common; paths are relative and joined by "/"."""

    def entries(self) -> tuple[list[str], set[str]]:
        """The paths of all files and of all folders."""
        ...

    def read(self, paths: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """(path, content) of these files, in whatever order is quickest."""
        ...

    def signature(self, paths: Collection[str]) -> str:
        """A text that changes when these files do, found without reading them."""
        ...


@dataclass(frozen=True)
class Split:
    """The files of `train` or of `val`, sorted by class and name.

    names[i] is such as "train/n01440764/one.JPEG" (without the top folder, fit to be printed) and
    labels[i] is its class index. Iterating yields (name, class_index, content), an archive's in
    the order in which it holds them.
    """

    names: tuple[str, ...]
    labels: tuple[int, ...]
    paths: tuple[str, ...]  # as the reader knows them
    reader: Reader

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[tuple[str, int, bytes]]:
        positions = {path: i for i, path in enumerate(self.paths)}
        for path, content in self.reader.read(self.paths):
            yield self.names[positions[path]], self.labels[positions[path]], content


@dataclass(frozen=True)
class Source:
    """A set of pictures, listed but not yet read.

    classes are the sorted names of the folders in `train` (a class index is a position in them);
    splits is {"train": Split, "val": Split}; loose are files which lie in no class folder.
    """

    path: Path
    classes: tuple[str, ...]
    splits: dict[str, Split]
    loose: tuple[str, ...]
    reader: Reader

    def read(
        self, done: Mapping[str, Sequence[bool]] | None = None
    ) -> Iterator[tuple[str, int, bytes]]:
        """Yield (split, position in that split, content) of every file, reading all just once.

        Leaves out the files that are `done`, where that is given: {split: one value for each}.
        """
        places = {
            path: (name, position)
            for name, split in self.splits.items()
            for position, path in enumerate(split.paths)
            if done is None or not done[name][position]
        }
        for path, content in self.reader.read(places):
            yield *places[path], content

    def signature(self) -> str:
        """A text that changes when the pictures do, found without reading them."""
        return self.reader.signature([p for split in self.splits.values() for p in split.paths])


def open_source(path: str | os.PathLike[str]) -> Source:
    """List the pictures of a folder, or of a tar archive (.tar, .tgz, .tar.gz), at `path`.

    It holds train/<class>/* and val/<class>/*, directly or below one top folder. A picture may lie
    deeper inside its class folder. Hidden files are ignored; any other file counts as a picture
    until it is decoded, whatever its extension.

    Raises: InputError if `path` is not such a folder or archive, naming what is wrong in it.
    """
    try:
        path = Path(path).expanduser()
    except TypeError:
        raise InputError(
            f"the pictures must be given as the path of a folder or archive, not {path!r}"
        ) from None
    if path.is_dir():
        reader: Reader = Folder(path)
    elif path.is_file():
        reader = Archive(path)
    else:
        raise InputError(
            f"'{path}' does not exist: give a folder or a .tar/.tgz archive which holds "
            "train/<class>/ and val/<class>/ with pictures"
        )
    files, folders = reader.entries()
    files = [file for file in files if not _ignored(file)]
    folders = {folder for folder in folders if not _ignored(folder)}
    if not files and not folders:
        raise InputError(f"'{path}' is empty: it must hold train/<class>/* and val/<class>/*")
    top = _top_folder(path, folders)
    found = {name: _below(f"{top}{name}/", files, folders) for name in SPLITS}
    _check_layout(path, {name: (files, classes) for name, (files, classes, _) in found.items()})
    classes = sorted(found["train"][1])
    index = {folder: i for i, folder in enumerate(classes)}
    splits = {}
    for name, (inside, _, _) in found.items():
        inside.sort(key=lambda file: file.split("/"))
        splits[name] = Split(
            names=tuple(printable(f"{name}/{file}") for file in inside),
            labels=tuple(index[file.split("/")[0]] for file in inside),
            paths=tuple(f"{top}{name}/{file}" for file in inside),
            reader=reader,
        )
    loose = [printable(f"{name}/{file}") for name in SPLITS for file in sorted(found[name][2])]
    return Source(path, tuple(map(printable, classes)), splits, tuple(loose), reader)


def signature_of(path: Path) -> str | None:
    """What `Source.signature` of the pictures at `path` would be, found as quickly as can be."""
    try:
        return Archive(path).signature() if path.is_file() else open_source(path).signature()
    except (InputError, OSError):  # whoever opens it will hear of it
        return None


def printable(name: str) -> str:
    """`name` with whatever a terminal cannot show, or would obey, written as an escape."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)


def _ignored(path: str) -> bool:
    return any(part.startswith(".") or part in IGNORED for part in path.split("/"))


def _top_folder(path: Path, folders: set[str]) -> str:
    """The prefix of train/ and val/: nothing, or the name of one folder and a slash."""
    if folders.intersection(SPLITS):
        return ""
    tops = {top for top, _, name in (f.rpartition("/") for f in folders) if name in SPLITS}
    tops = {top for top in tops if "/" not in top}
    if not tops:
        raise InputError(
            f"'{path}' has no folders train and val, neither directly nor one folder below; "
            f"{_found(f for f in folders if '/' not in f)}: put the folders of the classes into "
            "train, and some pictures of each into the same folders in val"
        )
    if len(tops) > 1:
        raise InputError(
            f"'{path}' has train or val in more than one folder ({_listing(tops)}): give one of "
            "them, or an archive of one of them"
        )
    return tops.pop() + "/"


def _below(prefix: str, files: list[str], folders: set[str]) -> tuple[list[str], set[str], list]:
    """What lies below `prefix`: files in class folders, the class folders, and loose files."""
    inside = [file.removeprefix(prefix) for file in files if file.startswith(prefix)]
    below = (folder.removeprefix(prefix) for folder in folders if folder.startswith(prefix))
    classes = {folder for folder in below if "/" not in folder}
    return [f for f in inside if "/" in f], classes, [f for f in inside if "/" not in f]


def _check_layout(path: Path, found: dict[str, tuple[list[str], set[str]]]) -> None:
    """Raise InputError unless train and val have class folders which fit, each with files."""
    for name in SPLITS:
        other = SPLITS[1 - SPLITS.index(name)]
        if not found[name][1]:
            hint = {
                "train": "put the pictures to learn from there, one folder per class",
                "val": "make one, with pictures that train does not have (say a tenth of them, "
                "moved out of train), to measure the accuracy on",
            }[name]
            raise InputError(
                f"'{path}' has no class folders in {name}: {hint} ({name}/<class>/*); "
                f"{other} has {_found(found[other][1])}"
            )
    train, val = found["train"][1], found["val"][1]
    if val - train:
        raise InputError(
            f"'{path}': val has class folders which train lacks: {_listing(val - train)}; both "
            f"must name the same classes, and train has {_listing(train)}"
        )
    for name, (files, classes) in found.items():
        empty = classes - {file.split("/")[0] for file in files}
        if empty:
            empty = {f"{name}/{folder}" for folder in empty}
            raise InputError(
                f"'{path}': no pictures in the class folders {_listing(empty)}: put pictures "
                "there or remove the folders"
            )
    if len(train) == 1:
        raise InputError(
            f"'{path}' has only one class, {_listing(train)}: there must be at least two to "
            "tell apart"
        )


def _found(folders: Collection[str] | Iterator[str]) -> str:
    folders = list(folders)
    return f"found {_listing(folders)}" if folders else "found no folders"


def _listing(names: Collection[str]) -> str:
    """Up to eight names in quotes, and how many more there are."""
    some = ", ".join(f"'{printable(name)}'" for name in sorted(names)[:8])
    return some + (f" and {len(names) - 8} more" if len(names) > 8 else "")
