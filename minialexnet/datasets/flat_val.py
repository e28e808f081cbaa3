"""Validation pictures that lie in no class folders; a table says of which class each is.

Tiny ImageNet has val/images/* and val/val_annotations.txt, with lines "FILE<tab>CLASS<tab>box".
Kaggle's copy of ImageNet has val/* and LOC_val_solution.csv, with lines "FILE,CLASS box box ..."
where FILE has no ending.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from minialexnet.datasets.names import printable
from minialexnet.errors import InputError

if TYPE_CHECKING:
    from minialexnet.datasets.source import Reader

TINY = "val_annotations.txt"
KAGGLE_TABLE = "LOC_val_solution.csv"


def flat_val(
    path: Path,
    reader: Reader,
    files: Collection[str],
    top: str,
    folders: Collection[str],
    classes: Collection[str],
) -> dict[str, str] | None:
    """{path below val: class} from such a table, or None if val is not laid out like that.

    Args: files: all there are; top: what stands before "val/"; folders: those directly in val;
    classes: those of train.

    Raises: InputError if table and pictures do not fit together.
    """
    inside = [file.removeprefix(f"{top}val/") for file in files if file.startswith(f"{top}val/")]
    if TINY in inside and set(folders) <= {"images"}:
        table, row = f"{top}val/{TINY}", _tiny_row
        pictures = {file.removeprefix("images/"): file for file in inside if "/" in file}
    elif not folders and (
        tables := [t for t in (f"{top}{KAGGLE_TABLE}", KAGGLE_TABLE) if t in set(files)]
    ):
        table, row = tables[0], _kaggle_row
        pictures = {file.rpartition(".")[0]: file for file in inside}
    else:
        return None
    ((_, content),) = reader.read([table])
    return _match(f"'{path}': {printable(table)}", content, row, pictures, set(classes))


def _match(
    table: str,
    content: bytes,
    row: Callable[[str], tuple[str, str | None]],
    pictures: dict[str, str],
    classes: set[str],
) -> dict[str, str]:
    """{path below val: class}, after a look that each picture has one."""
    found: dict[str, str] = {}
    lines = content.decode("utf-8-sig", errors="replace").splitlines()
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("ImageId,"):
            continue
        name, folder = row(line)
        where = f"{table}, line {number}"
        if folder is None:
            raise InputError(
                f"{where} is {line[:60]!r}: expected the name of a picture, a "
                f"{'tab' if row is _tiny_row else 'comma'} and its class; mend or remove the line"
            )
        if name not in pictures:
            raise InputError(
                f"{where} names a picture {printable(name)!r} which is not there: get the set "
                "again, or remove the line"
            )
        if folder not in classes:
            raise InputError(
                f"{where} has the class {printable(folder)!r}, and train has no such folder: get "
                "the set again, or remove line and picture"
            )
        if found.setdefault(pictures[name], folder) != folder:
            raise InputError(
                f"{where} has {printable(name)!r} again, with another class: keep one of the lines"
            )
    missing = sorted(set(pictures.values()) - set(found))
    if missing:
        raise InputError(
            f"{table} has no line for {len(missing)} of the {len(pictures)} pictures in val, such "
            f"as {printable(missing[0])!r}: add their classes, or remove them"
        )
    return found


def _tiny_row(line: str) -> tuple[str, str | None]:
    name, tab, rest = line.partition("\t")
    return name, rest.partition("\t")[0].strip() if tab else None


def _kaggle_row(line: str) -> tuple[str, str | None]:
    name, comma, rest = line.partition(",")
    return name, rest.partition(" ")[0].strip() if comma else None
