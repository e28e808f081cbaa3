"""`minialexnet data prepare`."""

import argparse
import shlex

from minialexnet.cli.common import Interrupted, decoding_progress, say_skipped
from minialexnet.cli.options import add_squares, whole
from minialexnet.cli.text import file_size
from minialexnet.datasets import prepare
from minialexnet.files import expanded

USAGE = "[options] PATH"
HELP = """decode pictures once, ready to be mapped into memory

PATH is a folder or archive of pictures, as `train` takes it. All of them are decoded, resized and
put into a folder beside it, which `train` then finds by itself (and does the same by itself with
10,000 pictures or more). Interrupted, the same command goes on. A set may be larger than memory,
and any number of trainings may use one copy at the same time.

  minialexnet data prepare imagenette2-320.tgz --picture-size 128
  minialexnet data prepare ILSVRC2012 --out /fast-disk/imagenet-256"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("path", metavar="PATH", help="folder or archive of pictures")
    add_squares(parser.add_argument)
    parser.add_argument(
        "--out", metavar="FOLDER", help="where to put it (default: PATH-128px, or what size it is)"
    )
    parser.add_argument(
        "--workers",
        type=whole(at_least=1),
        metavar="N",
        help="pictures decoded at a time (default: MINIALEXNET_THREADS, or one on each core)",
    )


def run(options: argparse.Namespace) -> int:
    """Prepare, and say where it is."""
    path = expanded(options.path)
    try:
        with decoding_progress() as show:
            folder, pictures = prepare(
                path, options.out, options.picture_size, options.fit, show, options.workers
            )
    except KeyboardInterrupt:
        raise Interrupted("interrupted; the same command goes on from there") from None
    say_skipped(pictures)
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(
        f"{len(pictures.train):,} pictures to train on and {len(pictures.val):,} to validate, "
        f"{len(pictures.classes)} classes, {pictures.size} pixels: {file_size(size)} in {folder}/"
    )
    print(f"go on with: minialexnet train --data {shlex.quote(str(folder))}")
    return 0
