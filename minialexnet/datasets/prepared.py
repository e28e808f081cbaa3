"""A prepared set: a folder of decoded pictures, ready to be mapped into memory.

    minialexnet-set.json  the manifest: what the folder holds and what it was made of; it is
                          written last, so where it is, all is there
    train-000.npy ...     the pictures (K, S, S, 3) of uint8, in shards of a gigabyte
    train.tsv             slot, label and name of each; the slots are counted through all shards,
                          and those of pictures that could not be decoded are missing
    train-mean.npy        their mean, pixel by pixel, (S, S, 3) of float64
    val-000.npy ...       likewise

Nothing is read until it is needed. Any number of processes may share one copy, which lies once in
the memory of the machine.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minialexnet.datasets.colour import principal_colours
from minialexnet.datasets.pictures import Pictures, PictureSet
from minialexnet.datasets.plan import FORMAT, MANIFEST, PLAN, Plan, read_plan, write_json
from minialexnet.datasets.shards import Shards
from minialexnet.datasets.source import SPLITS
from minialexnet.datasets.statistics import Statistics
from minialexnet.errors import InputError
from minialexnet.files import write_atomically


def open_prepared(folder: Path, size: int | None = None, fit: str | None = None) -> Pictures:
    """The pictures of a prepared set; `size` and `fit`, where given, must be those it has.

    Raises: InputError if they are not, or it is not finished, or damaged, or cannot be read.
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
                f"'{folder}' was prepared with the {name} {there}, and {wanted} is needed here: "
                f"prepare '{plan.source}' with that, or give those pictures themselves"
            )
    try:
        classes = tuple(text["classes"])
        sets = {split: _open_split(folder, plan, split, classes, text) for split in SPLITS}
        skipped = [(name, reason) for name, reason in text["skipped"]]
        names = dict(text["display_names"])
        return Pictures(sets["train"], sets["val"], skipped, plan.fit, names, folder)
    except (
        FileNotFoundError,
        EOFError,
        ValueError,
        KeyError,
        TypeError,
        IndexError,
    ) as error:
        raise InputError(
            f"the prepared set '{folder}' is damaged ({error}): delete it and prepare the pictures "
            "again"
        ) from None
    except OSError as error:  # whose it is, how many files may be open, what the disk does
        raise InputError(
            f"the prepared set '{folder}' cannot be read ({error.strerror or error}): mend that, "
            "and try again"
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
    places = np.array([-1, *slots, plan.counts[split]], np.int64)
    if len(names) != text[split]["pictures"] or (np.diff(places) < 1).any():
        raise ValueError(f"{split}.tsv does not go with the other files")
    known = Statistics(
        np.load(folder / f"{split}-mean.npy", allow_pickle=False),
        np.array(text[split]["mean_colour"]),
        np.array(text[split]["covariance"]),
    )
    shapes = [value.shape for value in vars(known).values()]
    if shapes != [(plan.size, plan.size, 3), (3,), (3, 3)]:
        raise ValueError(f"the means of {split} do not go with the pictures")
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
    write_json(folder / MANIFEST, text)
