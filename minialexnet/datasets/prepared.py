"""A prepared set: a folder of decoded pictures, ready to be mapped into memory.

    manifest.json      what the folder holds and what it was made of; it is written last, so where
                       it is, all is there
    train-000.npy ...  the pictures (K, S, S, 3) of uint8, in shards of a gigabyte
    train.tsv          slot, label and name of each; the slots are counted through all shards, and
                       those of pictures that could not be decoded are missing
    train-mean.npy     their mean, pixel by pixel, (S, S, 3) of float64
    val-000.npy ...    likewise

Nothing is read until it is needed. Any number of processes may share one copy, which lies once in
the memory of the machine.
"""

from __future__ import annotations

import glob
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minialexnet.datasets.colour import principal_colours
from minialexnet.datasets.decode import FITS
from minialexnet.datasets.pictures import Pictures, PictureSet
from minialexnet.datasets.shards import Shards
from minialexnet.datasets.source import SPLITS, signature_of
from minialexnet.datasets.statistics import Statistics
from minialexnet.errors import InputError
from minialexnet.files import write_atomically

MANIFEST = "manifest.json"
PLAN = "unfinished.json"
"""Stands in the place of the manifest until all is there; see `prepare`."""

FORMAT = 1


def is_prepared(folder: Path) -> bool:
    """Whether there is a prepared set in this folder, or the beginning of one."""
    return (folder / MANIFEST).is_file() or (folder / PLAN).is_file()


def prepared_folder(path: Path, size: int, fit: str) -> Path:
    """Where the pictures at `path` are prepared if nobody says: beside them."""
    return path.parent / f"{_stem(path)}-{size}px{'' if fit == 'crop' else '-' + fit}"


def find_prepared(path: Path, size: int | None = None, fit: str | None = None) -> Path | None:
    """The folder in which the pictures at `path` were prepared like that, if they were.

    size: None stands for the size that is chosen where none is given.
    """
    signature = None
    for manifest in sorted(path.parent.glob(f"{glob.escape(_stem(path))}-*px*/{MANIFEST}")):
        try:
            plan, _ = read_plan(manifest)
        except InputError:  # whoever asks for it will hear of it
            continue
        right_size = plan.size_chosen if size is None else plan.size == size
        if not right_size or plan.fit != (fit or FITS[0]):
            continue
        if signature is None:
            signature = signature_of(path)
        if plan.signature == signature:
            return manifest.parent
    return None


def _stem(path: Path) -> str:
    name = path.name
    for ending in (".tar.gz", ".tgz", ".tar"):
        name = name.removesuffix(ending)
    return name


@dataclass(frozen=True)
class Plan:
    """What is to be made of which pictures.

    source: path of the folder or archive; signature: changes when its pictures do, see
    `Source.signature`; size, fit: of the squares, see `decode_picture`; size_chosen: nobody asked
    for that size; counts: files in train and val; per_shard: pictures in each shard.
    """

    source: str
    signature: str
    size: int
    fit: str
    size_chosen: bool
    counts: dict[str, int]
    per_shard: int

    def shards(self, split: str) -> list[tuple[str, int]]:
        """The name of each shard's file, and how many pictures it holds."""
        starts = range(0, self.counts[split], self.per_shard)
        return [
            (f"{split}-{number:03}.npy", min(self.per_shard, self.counts[split] - start))
            for number, start in enumerate(starts)
        ]


def read_plan(path: Path) -> tuple[Plan, dict[str, Any]]:
    """The plan in a manifest or unfinished plan, and what else is in it.

    Raises: InputError if it is damaged or of another version.
    """
    try:
        text = json.loads(path.read_text(encoding="utf-8"))
        found = text.pop("format")
        if found == FORMAT:
            plan = text.pop("plan")
            return Plan(**plan), text
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise InputError(
            f"'{path}' is damaged: delete the folder '{path.parent}' and prepare the pictures again"
        ) from None
    raise InputError(
        f"'{path.parent}' was prepared in format {found}, and this version of minialexnet reads "
        f"{FORMAT}: prepare the pictures again"
    )


def open_prepared(folder: Path, size: int | None = None, fit: str | None = None) -> Pictures:
    """The pictures of a prepared set; `size` and `fit`, where given, must be those it has.

    Raises: InputError if they are not, or it is not finished, or damaged.
    """
    if not (folder / MANIFEST).is_file():
        plan, _ = read_plan(folder / PLAN)
        raise InputError(
            f"the preparation in '{folder}' was interrupted; go on with: minialexnet data prepare "
            f"{shlex.quote(plan.source)} --picture-size {plan.size} --fit {plan.fit} "
            f"--out {shlex.quote(str(folder))}"
        )
    plan, text = read_plan(folder / MANIFEST)
    for name, wanted, there in (("size", size, plan.size), ("fit", fit, plan.fit)):
        if wanted is not None and wanted != there:
            raise InputError(
                f"'{folder}' was prepared with the {name} {there}, not {wanted}: prepare "
                f"'{plan.source}' again, or go without that wish"
            )
    try:
        classes = tuple(text["classes"])
        sets = {split: _open_split(folder, plan, split, classes, text) for split in SPLITS}
        skipped = [(name, reason) for name, reason in text["skipped"]]
        names = dict(text["display_names"])
        return Pictures(sets["train"], sets["val"], skipped, plan.fit, names, folder)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise InputError(
            f"the prepared set '{folder}' is damaged ({error}): delete it and prepare the pictures "
            "again"
        ) from None


def _open_split(
    folder: Path, plan: Plan, split: str, classes: tuple[str, ...], text: dict[str, Any]
) -> PictureSet:
    maps = [open_shard(folder / name, count, plan.size) for name, count in plan.shards(split)]
    slots, labels, names = [], [], []
    with open(folder / f"{split}.tsv", encoding="utf-8", newline="\n") as lines:
        for line in lines:
            slot, label, name = line.rstrip("\n").split("\t")
            slots.append(int(slot))
            labels.append(int(label))
            names.append(name)
    if len(names) != text[split]["pictures"] or not 0 <= min(slots) <= max(slots) < sum(
        map(len, maps)
    ):
        raise ValueError(f"{split}.tsv does not go with the other files")
    mean_image = np.load(folder / f"{split}-mean.npy", allow_pickle=False)
    known = Statistics(
        mean_image, np.array(text[split]["mean_colour"]), np.array(text[split]["covariance"])
    )
    images = Shards(maps, np.array(slots, np.int64))
    return PictureSet(images, np.array(labels, np.int64), classes, names, known)


def open_shard(path: Path, count: int, size: int, mode: str = "r") -> np.ndarray:
    """The memory-map (count, size, size, 3) of uint8 in a shard's file.

    Raises: ValueError if it holds another array, or is cut short.
    """
    shard = np.lib.format.open_memmap(path, mode)
    if shard.shape != (count, size, size, 3) or shard.dtype != np.uint8:
        raise ValueError(f"{path.name} holds {shard.dtype} of {shard.shape}")
    return shard


def write_plan(folder: Path, plan: Plan) -> None:
    """Say what is being made here. Raises: InputError if it cannot be written."""
    _write_json(folder / PLAN, {"format": FORMAT, "plan": vars(plan)})


def write_manifest(
    folder: Path,
    plan: Plan,
    classes: Sequence[str],
    display_names: Mapping[str, str],
    sets: dict[str, PictureSet],
    skipped: list[tuple[str, str]],
) -> None:
    """Write all that belongs to the pictures in the shards, the manifest last.

    sets: with `Shards` as images. Raises: InputError if it cannot be written.
    """
    text: dict[str, Any] = {
        "format": FORMAT,
        "plan": vars(plan),
        "classes": list(classes),
        "display_names": dict(display_names),
    }
    for split, pictures in sets.items():
        known = pictures.statistics
        write_atomically(
            folder / f"{split}-mean.npy", lambda file, mean=known.mean_image: np.save(file, mean)
        )
        rows = zip(pictures.images.slots, pictures.labels, pictures.names, strict=True)
        table = "".join(f"{slot}\t{label}\t{name}\n" for slot, label, name in rows)
        write_atomically(
            folder / f"{split}.tsv", lambda file, table=table: file.write(table.encode())
        )
        axes = principal_colours(known)
        text[split] = {
            "pictures": len(pictures),
            "mean_colour": known.mean_colour.tolist(),
            "covariance": known.covariance.tolist(),
            "principal_colours": {
                "std": axes.std.tolist(),
                "directions": axes.directions.T.tolist(),
            },
        }
    text["skipped"] = skipped
    _write_json(folder / MANIFEST, text)


def _write_json(path: Path, text: dict[str, Any]) -> None:
    data = json.dumps(text, indent=1, ensure_ascii=False) + "\n"
    write_atomically(path, lambda file: file.write(data.encode()))
