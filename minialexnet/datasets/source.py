"""Where the pictures come from: a folder or an archive with train/<class>/* and val/<class>/*.

Both are used alike. Tiny ImageNet and Kaggle's copy of ImageNet are taken as they come, too.
`open_source` lists the files and checks the layout; no picture is decoded here, and nothing of an
archive is ever written to disk.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from minialexnet.datasets.archive import Archive
from minialexnet.datasets.catalogue import CATALOGUE
from minialexnet.datasets.flat_val import TINY, flat_val
from minialexnet.datasets.folder import KAGGLE_FOLDER, Folder
from minialexnet.datasets.names import TABLES, printable, read_names
from minialexnet.errors import InputError
from minialexnet.files import expanded

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
        """A text that changes when these files do, found without reading all of them."""
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
    splits is {"train": Split, "val": Split}; loose are files which lie in no class folder;
    display_names says what classes are called, where a table of the set does (see `names`).
    """

    path: Path
    classes: tuple[str, ...]
    splits: dict[str, Split]
    loose: tuple[str, ...]
    reader: Reader
    display_names: dict[str, str] = field(default_factory=dict)

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
        """A text that changes when pictures, labels or names do, found without reading pictures."""
        found = self.reader.signature([p for split in self.splits.values() for p in split.paths])
        if self.path.is_file():  # the archive has labels and names in it
            return found
        labels = [split.labels for split in self.splits.values()]
        told = ascii((found, self.classes, labels, sorted(self.display_names.items())))
        return hashlib.sha256(told.encode()).hexdigest()


def open_source(path: str | os.PathLike[str]) -> Source:
    """List the pictures of a folder, or of a tar archive (.tar, .tgz, .tar.gz), at `path`.

    It holds train/<class>/* and val/<class>/*, directly, below one top folder, or where Kaggle's
    copy of ImageNet has them. A picture may lie deeper inside its class folder. Instead of class
    folders val may have a table of its pictures (see `flat_val`). Hidden files are ignored; any
    other file counts as a picture until it is decoded, whatever its extension.

    Raises: InputError if `path` is not such a folder or archive, naming what is wrong in it.
    """
    try:
        path = expanded(path)
    except TypeError:
        raise InputError(
            f"the pictures must be given as the path of a folder or archive, not {path!r}"
        ) from None
    if path.is_dir():
        reader: Reader = Folder(path)
    elif path.is_file():
        reader = Archive(path)
    else:
        known = any(path.name == published.name for published in CATALOGUE)
        hint = f" (`minialexnet data get {path.name}` downloads it)" if known else ""
        raise InputError(
            f"'{path}' does not exist{hint}: give a folder or a .tar/.tgz archive which holds "
            "train/<class>/ and val/<class>/ with pictures"
        )
    files, folders = reader.entries()
    files = [file for file in files if not _ignored(file)]
    folders = {folder for folder in folders if not _ignored(folder)}
    if not files and not folders:
        raise InputError(f"'{path}' is empty: it must hold train/<class>/* and val/<class>/*")
    top = _top_folder(path, folders)
    found = {name: _below(f"{top}{name}/", files, folders) for name in SPLITS}
    listed = flat_val(path, reader, files, top, found["val"].classes, found["train"].classes)
    if listed is not None:
        found["val"] = _Part(listed, set(listed.values()), [])
    _check_layout(path, found)
    classes = sorted(found["train"].classes)
    index = {folder: i for i, folder in enumerate(classes)}
    splits = {}
    for name, part in found.items():
        inside = sorted(part.files, key=lambda file: (part.files[file], file.split("/")))
        splits[name] = Split(
            names=tuple(printable(f"{name}/{file}") for file in inside),
            labels=tuple(index[part.files[file]] for file in inside),
            paths=tuple(f"{top}{name}/{file}" for file in inside),
            reader=reader,
        )
    loose = [printable(f"{name}/{file}") for name in SPLITS for file in sorted(found[name].loose)]
    names = _display_names(reader, files, top, classes)
    return Source(path, tuple(map(printable, classes)), splits, tuple(loose), reader, names)


def signature_of(path: Path) -> str | None:
    """What `Source.signature` of the pictures at `path` would be, found as quickly as can be."""
    try:
        return Archive(path).signature() if path.is_file() else open_source(path).signature()
    except (InputError, OSError):  # whoever opens it will hear of it
        return None


@dataclass
class _Part:
    """What lies below train or val: {file: its class}, the classes, and loose files."""

    files: dict[str, str]
    classes: set[str]
    loose: list[str]


def _ignored(path: str) -> bool:
    return any(part.startswith(".") or part in IGNORED for part in path.split("/"))


def _top_folder(path: Path, folders: set[str]) -> str:
    """The prefix of train/ and val/: nothing, or the name of one folder and a slash."""
    if folders.intersection(SPLITS):
        return ""
    kaggle = "/".join(KAGGLE_FOLDER)
    if folders.intersection(f"{kaggle}/{name}" for name in SPLITS):
        return kaggle + "/"
    tops = {top for top, _, name in (f.rpartition("/") for f in folders) if name in SPLITS}
    tops = {top for top in tops if "/" not in top}
    if not tops:
        raise InputError(
            f"'{path}' has no folders train and val, neither directly nor one folder below; "
            f"{_found_in_words(f for f in folders if '/' not in f)}: put the folders of the "
            "classes into train, and some pictures of each into the same folders in val"
        )
    if len(tops) > 1:
        raise InputError(
            f"'{path}' has train or val in more than one folder ({_listing(tops)}): give one of "
            "them, or an archive of one of them"
        )
    return tops.pop() + "/"


def _below(prefix: str, files: list[str], folders: set[str]) -> _Part:
    """What lies below `prefix`, by class folders."""
    inside = [file.removeprefix(prefix) for file in files if file.startswith(prefix)]
    below = {folder.removeprefix(prefix) for folder in folders if folder.startswith(prefix)}
    classes = {folder for folder in below if "/" not in folder}
    # In Tiny ImageNet, the pictures of a class lie beside a table of what is where in them.
    boxes = {c for c in classes if f"{c}/images" in below}.intersection(
        file.split("/")[0] for file in inside if file.endswith("_boxes.txt")
    )
    files_of_classes = {}
    for file in inside:
        folder, _, rest = file.partition("/")
        if rest and (folder not in boxes or rest.startswith("images/")):
            files_of_classes[file] = folder
    loose = [file for file in inside if "/" not in file and file != TINY]
    return _Part(files_of_classes, classes, loose)


def _display_names(
    reader: Reader, files: list[str], top: str, classes: list[str]
) -> dict[str, str]:
    there = set(files)
    for table in (f"{folder}{name}" for name in TABLES for folder in dict.fromkeys((top, ""))):
        if table in there:
            ((_, content),) = reader.read([table])
            names = read_names(content, set(classes))
            return {printable(folder): name for folder, name in names.items()}
    return {}


def _check_layout(path: Path, found: dict[str, _Part]) -> None:
    """Raise InputError unless train and val have class folders which fit, each with files."""
    for name in SPLITS:
        other = SPLITS[1 - SPLITS.index(name)]
        if not found[name].classes:
            hint = {
                "train": "put the pictures to learn from there, one folder per class",
                "val": "make one, with pictures that train does not have (say a tenth of them, "
                "moved out of train), to measure the accuracy on",
            }[name]
            raise InputError(
                f"'{path}' has no class folders in {name}: {hint} ({name}/<class>/*); "
                f"{other} has {_found_in_words(found[other].classes)}"
            )
    train, val = found["train"].classes, found["val"].classes
    if val - train:
        raise InputError(
            f"'{path}': val has class folders which train lacks: {_listing(val - train)}; both "
            f"must name the same classes, and train has {_listing(train)}"
        )
    for name, part in found.items():
        empty = part.classes - set(part.files.values())
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


def _found_in_words(folders: Collection[str] | Iterator[str]) -> str:
    folders = list(folders)
    return f"found {_listing(folders)}" if folders else "found no folders"


def _listing(names: Collection[str]) -> str:
    """Up to eight names in quotes, and how many more there are."""
    some = ", ".join(f"'{printable(name)}'" for name in sorted(names)[:8])
    return some + (f" and {len(names) - 8} more" if len(names) > 8 else "")
