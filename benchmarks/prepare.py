"""How fast pictures are prepared, beside decoding alone, and what reading at random costs.

python benchmarks/prepare.py                         drawn pictures of 500 x 375 pixels
python benchmarks/prepare.py --data imagenette2.tgz  those of a folder or archive

The second part makes prepared sets of 1 and 200 GB, whose files are sparse: they take hardly any
room on the disk, and no disk is read. So it shows what finding and mapping a picture costs in sets
of these sizes; fetching it from a disk comes on top.
"""

import argparse
import io
import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from machine import describe_machine
from PIL import Image

from minialexnet.backend import usable_cores
from minialexnet.datasets import (
    PictureSet,
    Statistics,
    TrainBatches,
    decode_picture,
    load_pictures,
    open_source,
    prepare,
)
from minialexnet.datasets.decode import DECODER
from minialexnet.datasets.plan import Plan
from minialexnet.datasets.prepare import SHARD_BYTES
from minialexnet.datasets.prepared import write_manifest
from minialexnet.datasets.shards import Shards
from minialexnet.errors import InputError
from minialexnet.files import make_folder

DRAWN = 2_000
CLASSES = ("a", "b")
STORED, CROP, BATCH = 256, 224, 128
SIZES = (1e9, 200e9)


def main() -> None:
    """Measure, and print a report in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder or archive (default: drawn pictures)")
    parser.add_argument("--picture-size", type=int, nargs="+", default=[128, 256])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to put the sets (default: temporary)")
    options = parser.parse_args()
    if min(options.rounds, *options.picture_size) < 1:
        parser.error("--rounds and --picture-size are at least 1")
    try:
        if options.folder is not None:
            make_folder(options.folder, "--folder")
        _report(options)
    except InputError as error:
        parser.error(str(error))


def _report(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        data = options.data or _draw(Path(folder) / "drawn")
        open_source(data)  # what it cannot be is said before the report begins
        print(
            f"# Preparing pictures\n\n    python benchmarks/prepare.py {' '.join(sys.argv[1:])}\n"
        )
        for name, value in describe_machine().items():
            print(f"- {name}: {value}")
        _print_speed(data, options.picture_size, options.rounds, Path(folder))
        _print_access(Path(folder), options.rounds)


def _print_speed(data: Path, sizes: list[int], rounds: int, folder: Path) -> None:
    cores, source = usable_cores(), open_source(data)
    contents = [content for _, _, content in source.read()]
    print(
        f"\n## {len(contents):,} pictures, {np.mean([len(c) for c in contents]) / 1e3:.0f} kB each"
    )
    print("\nPictures a second on each of", cores, "cores, the median of the rounds.")
    print("\n| size | decoding alone, one thread | preparing | share of decoding |")
    print("|---:|---:|---:|---:|")
    for size in sizes:
        alone, whole = [], []
        for _ in range(rounds):
            start = time.perf_counter()
            for content in contents[:: max(1, len(contents) // 1000)]:
                decode_picture(content, size)
            count = len(contents[:: max(1, len(contents) // 1000)])
            alone.append(count / (time.perf_counter() - start))
            out = folder / "out"
            start = time.perf_counter()
            prepare(data, out, size)
            whole.append(len(contents) / (time.perf_counter() - start) / cores)
            shutil.rmtree(out)
        share = median(w / a for w, a in zip(whole, alone, strict=True))
        print(f"| {size} | {median(alone):.0f} | {median(whole):.0f} | {share:.0%} |", flush=True)


def _print_access(folder: Path, rounds: int) -> None:
    print(f"\n## Batches of {BATCH} crops of {CROP} from pictures of {STORED}, at random")
    print("\nMicroseconds a picture, the median of the rounds and their range: for the first time,")
    print("and the same pictures again, which then lie in memory.\n")
    print("| set | pictures | opened in | first time | again |")
    print("|---:|---:|---:|---:|---:|")
    times: dict[float, list[tuple[float, ...]]] = {size: [] for size in SIZES}
    for _ in range(rounds):
        for size in SIZES:
            out = folder / f"sparse-{size:.0f}"
            count = _make_sparse(out, int(size))
            start = time.perf_counter()
            pictures = load_pictures(out).train
            opened = time.perf_counter() - start
            batches = TrainBatches(pictures, BATCH, CROP, seed=0)
            batches.batch(0, 0)
            seconds = []
            for _ in range(2):
                start = time.perf_counter()
                for step in range(1, 21):
                    batches.batch(0, step)
                seconds.append((time.perf_counter() - start) / 20 / BATCH * 1e6)
            times[size].append((count, opened, *seconds))
            shutil.rmtree(out)
    for size, found in times.items():
        count, opened, first, again = zip(*found, strict=True)
        print(
            f"| {size / 1e9:.0f} GB | {count[0]:,} | {median(opened):.2f} s | {_range(first)} | "
            f"{_range(again)} |"
        )


def _range(values: tuple[float, ...]) -> str:
    return f"{median(values):.0f} ({min(values):.0f}-{max(values):.0f})"


def _make_sparse(folder: Path, size: int) -> int:
    """A prepared set whose files have that many bytes and no content. Returns its pictures."""
    folder.mkdir()
    picture = STORED**2 * 3
    counts = {"train": size // picture, "val": 2}
    plan = Plan("nowhere", "", STORED, "crop", False, DECODER, counts, SHARD_BYTES // picture)
    known = Statistics(np.zeros((STORED, STORED, 3)), np.zeros(3), np.eye(3))
    sets = {}
    for split, count in counts.items():
        maps = [
            np.lib.format.open_memmap(folder / name, "w+", np.uint8, (held, STORED, STORED, 3))
            for name, held in plan.shards(split)
        ]
        labels = np.arange(count) % len(CLASSES)
        images, names = Shards(maps, np.arange(count)), [f"{i:07}.jpg" for i in range(count)]
        sets[split] = PictureSet(images, labels, CLASSES, names, known)
    write_manifest(folder, plan, CLASSES, {}, sets, [])
    return counts["train"]


def _draw(folder: Path) -> Path:
    """Pictures with detail at all scales, as JPEG files of about the size of ImageNet's."""
    rng = np.random.default_rng(0)
    for i in range(DRAWN):
        coarse = [rng.normal(0, 40, (375 // n + 1, 500 // n + 1, 3)) for n in (100, 20, 5)]
        layers = [
            np.asarray(Image.fromarray((c + 128).clip(0, 255).astype(np.uint8)).resize((500, 375)))
            for c in coarse
        ]
        pixels = np.mean(layers, axis=0).astype(np.uint8)
        place = folder / ("val" if i < 2 else "train") / CLASSES[i % 2]
        place.mkdir(parents=True, exist_ok=True)
        data = io.BytesIO()
        Image.fromarray(pixels).save(data, "JPEG", quality=90)
        (place / f"{i}.jpg").write_bytes(data.getvalue())
    return folder


if __name__ == "__main__":
    main()
