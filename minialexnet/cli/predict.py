"""`minialexnet predict`."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from minialexnet.backend import to_host
from minialexnet.cli.common import find_checkpoint, load_network
from minialexnet.cli.options import add_backend, add_checkpoint, add_precision, add_ten_crop
from minialexnet.cli.text import bar, listing
from minialexnet.datasets import (
    MAX_FILE_BYTES,
    PictureError,
    cut_views,
    decode_picture,
    display_name,
    printable,
)
from minialexnet.errors import InputError
from minialexnet.ops import softmax
from minialexnet.training import TOP_K, TrainConfig, mean_of_views

USAGE = "[options] PICTURE [PICTURE ...]"
HELP = """say what is in pictures

Prints the five best-rated classes of each picture, with bars.

  minialexnet predict cat.jpg dog.png          with the newest run
  minialexnet predict photos/                  all pictures in a folder
  minialexnet predict --checkpoint runs/imagenette2-1 cat.jpg"""

PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("pictures", nargs="+", metavar="PICTURE", help="files, or folders of them")
    add_checkpoint(parser)
    add_ten_crop(parser)
    add_backend(parser)
    add_precision(parser)


def run(options: argparse.Namespace) -> int:
    """Predict each picture; the exit status is 1 if one of them could not be read."""
    path = find_checkpoint(options.checkpoint, options.runs)
    network, checkpoint, preprocessing, xp = load_network(path, options)
    names = [display_name(name, checkpoint.display_names) for name in checkpoint.classes]
    width = max(len(name) for name in names)
    if options.checkpoint is None:  # then it is good to know which one was taken
        print(f"{path}: {checkpoint.config['variant']}, {listing(names)}", file=sys.stderr)
    config = TrainConfig.from_dict(checkpoint.config)
    failed = False
    for picture in _files(options.pictures):
        try:
            pixels = _read(picture, config.picture_size, config.fit)
        except InputError as error:
            print(f"minialexnet: {printable(str(picture))}: {error}", file=sys.stderr)
            failed = True
            continue
        crops = cut_views(pixels, preprocessing.crop, options.ten_crop)
        logits = network.predict(preprocessing(crops, xp))
        shares = to_host(softmax(mean_of_views(logits, len(crops))))[0]
        print(printable(str(picture)))
        for label in shares.argsort()[::-1][:TOP_K]:
            share = float(shares[label])
            print(f"  {names[label]:{width}}  {bar(share)} {share:6.1%}", flush=True)
    return 1 if failed else 0


def _files(given: Iterable[str]) -> Iterator[Path]:
    """The files as they are, and in the place of a folder the pictures below it."""
    for path in map(Path, given):
        if not path.is_dir():
            yield path
            continue
        inside = sorted(p for p in path.rglob("*") if _is_picture(p))
        yield from inside or [path]


def _is_picture(path: Path) -> bool:
    """Hidden files are not: "._cat.jpg" is what macOS leaves beside cat.jpg."""
    ending = path.suffix.lower()
    return ending in PICTURE_ENDINGS and not path.name.startswith(".") and path.is_file()


def _read(path: Path, size: int, fit: str) -> np.ndarray:
    """The square of a picture file: uint8 (size, size, 3)."""
    if path.is_dir():
        raise PictureError(f"no pictures in this folder (no file {', '.join(PICTURE_ENDINGS)})")
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise PictureError(f"cannot be read ({error.strerror}); give a JPEG or PNG file") from None
    return decode_picture(data, size, fit)
