"""`minialexnet predict`."""

import argparse
import sys
from pathlib import Path

from minialexnet.backend import to_host
from minialexnet.cli.common import (
    add_backend,
    add_checkpoint,
    bar,
    find_checkpoint,
    load_network,
)
from minialexnet.datasets import PictureError, decode_picture, display_name
from minialexnet.errors import InputError
from minialexnet.ops import softmax
from minialexnet.training import TOP_K

HELP = """say what is on pictures
Prints the five best-rated classes of each picture, with bars.

  minialexnet predict cat.jpg dog.png                  with the newest run
  minialexnet predict --checkpoint runs/imagenette-1 photos/*.jpg"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("pictures", nargs="+", metavar="PICTURE", help="JPEG or PNG files")
    add_checkpoint(parser)
    add_backend(parser)


def run(options: argparse.Namespace) -> int:
    """Predict each picture; the exit status is 1 if one of them could not be read."""
    path = find_checkpoint(options.checkpoint, options.runs)
    network, checkpoint, preprocessing, xp = load_network(path, options.backend)
    names = [display_name(name) for name in checkpoint.classes]
    width = max(len(name) for name in names)
    failed = 0
    for picture in options.pictures:
        try:
            pixels = _read(Path(picture), checkpoint.config["picture_size"], preprocessing.crop)
        except InputError as error:
            print(f"minialexnet: {picture}: {error}", file=sys.stderr)
            failed += 1
            continue
        shares = to_host(softmax(network.predict(preprocessing(pixels[None], xp))))[0]
        print(picture)
        for label in shares.argsort()[::-1][:TOP_K]:
            share = float(shares[label])
            print(f"  {names[label]:{width}}  {bar(share)} {share:6.1%}")
    return 1 if failed else 0


def _read(path: Path, size: int, crop: int):
    """The centre crop of a picture file: uint8 (crop, crop, 3)."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PictureError(f"cannot be read ({error.strerror}); give a JPEG or PNG file") from None
    pixels = decode_picture(data, size)
    start = (size - crop) // 2
    return pixels[start : start + crop, start : start + crop]
