"""Which pictures a prepared set was made of, and how; and where such sets lie."""

from __future__ import annotations

import glob
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minialexnet.datasets.decode import DECODER, FITS
from minialexnet.datasets.source import signature_of
from minialexnet.errors import InputError
from minialexnet.files import write_atomically

MANIFEST = "minialexnet-set.json"
PLAN = "minialexnet-set-unfinished.json"
"""Stands in the place of the manifest until all is there. The names are such that nobody else uses
them: where they are, the files that a plan names are ours."""

FORMAT = 1


@dataclass(frozen=True)
class Plan:
    """What is to be made of which pictures.

    source: path of the folder or archive; signature: changes when its pictures do, see
    `Source.signature`; size, fit: of the squares, see `decode_picture`; size_chosen: nobody asked
    for that size; decoder: by what they are decoded; counts: files in train and val; per_shard:
    pictures in each shard.
    """

    source: str
    signature: str
    size: int
    fit: str
    size_chosen: bool
    decoder: str
    counts: dict[str, int]
    per_shard: int

    def shards(self, split: str) -> list[tuple[str, int]]:
        """The name of each shard's file, and how many pictures it holds."""
        starts = range(0, self.counts[split], self.per_shard)
        return [
            (f"{split}-{number:03}.npy", min(self.per_shard, self.counts[split] - start))
            for number, start in enumerate(starts)
        ]

    def gives_the_pixels_of(self, other: Plan) -> bool:
        """Whether a set made by this plan has the same pixels as one made by the other."""
        return all(
            getattr(self, name) == getattr(other, name)
            for name in ("signature", "size", "fit", "decoder")
        )


def is_prepared(folder: Path) -> bool:
    """Whether there is a prepared set in this folder, or the beginning of one."""
    try:
        return (folder / MANIFEST).is_file() or (folder / PLAN).is_file()
    except OSError:  # whoever opens it will say what is wrong
        return False


def read_plan(path: Path) -> tuple[Plan, dict[str, Any]]:
    """The plan in a manifest or unfinished plan, and what else is in it.

    Raises: InputError if it cannot be read, is damaged, or of another version.
    """
    try:
        text = json.loads(path.read_text(encoding="utf-8"))
        found = text.pop("format")
        if found == FORMAT:
            plan = text.pop("plan")
            return Plan(**plan), text
    except OSError as error:
        raise InputError(
            f"'{path}' cannot be read ({error.strerror or error}): mend that, and try again"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(
            f"'{path}' is damaged: prepare the pictures again, in another folder or after deleting "
            "this one"
        ) from None
    raise InputError(
        f"'{path.parent}' was prepared in format {found}, and this version of minialexnet reads "
        f"{FORMAT}: prepare the pictures again"
    )


def write_plan(folder: Path, plan: Plan) -> None:
    """Say what is being made here. Raises: InputError if it cannot be written."""
    write_json(folder / PLAN, {"format": FORMAT, "plan": vars(plan)})


def write_json(path: Path, text: dict[str, Any]) -> None:
    """Replace `path` whole. (In ASCII, for paths may hold what no other encoding has.)"""
    data = json.dumps(text, indent=1) + "\n"
    write_atomically(path, lambda file: file.write(data.encode("ascii")))


def prepared_folder(path: Path, size: int, fit: str) -> Path:
    """Where the pictures at `path` are prepared if nobody says: beside them."""
    path = _named(path)
    return path.parent / f"{_stem(path)}-{size}px{'' if fit == FITS[0] else '-' + fit}"


def find_prepared(path: Path, size: int | None = None, fit: str | None = None) -> Path | None:
    """The folder beside the pictures at `path` in which they were prepared like that.

    size: None stands for the size that is chosen where none is given.
    """
    path, signature = _named(path), None
    for manifest in sorted(path.parent.glob(f"{glob.escape(_stem(path))}-*px*/{MANIFEST}")):
        try:
            plan, _ = read_plan(manifest)
        except InputError:  # whoever asks for it will hear of it
            continue
        right_size = plan.size_chosen if size is None else plan.size == size
        if not right_size or plan.fit != (fit or FITS[0]) or plan.decoder != DECODER:
            continue
        if signature is None:
            signature = signature_of(path)
        if plan.signature == signature:
            return manifest.parent
    return None


def _named(path: Path) -> Path:
    """`path` such that it ends in a name, not in "." or ".."."""
    return path if path.name not in ("", "..") else Path(os.path.abspath(path))


def _stem(path: Path) -> str:
    name = path.name
    for ending in (".tar.gz", ".tgz", ".tar"):
        name = name.removesuffix(ending)
    return name
