"""`minialexnet data show`."""

import argparse
import sys
from pathlib import Path

import numpy as np

from minialexnet.backend import select_device
from minialexnet.cli.common import load_data, planned_config
from minialexnet.cli.data.gallery import COLUMNS, batch_of, changes_of
from minialexnet.cli.data.sheet import draw_sheet
from minialexnet.cli.exceptions import warnings
from minialexnet.cli.options import add_recipe
from minialexnet.datasets import (
    BUILTIN,
    FITS,
    MAX_FILE_BYTES,
    PictureError,
    Pictures,
    PictureSet,
    decode_picture,
    principal_colours,
    shorter_side,
    statistics_of,
)
from minialexnet.errors import InputError
from minialexnet.files import expanded, write_atomically
from minialexnet.training import (
    Preprocessing,
    TrainConfig,
    mean_to_subtract,
    training_batches,
)

USAGE = "[options] [PICTURE]"
HELP = """draw pictures under each augmentation, and as the network sees them

All options of a training are taken, and the batch is the one that it would begin with. Without a
PICTURE one of the set's is taken, with another --seed another one. With a PICTURE and no --data,
the batch is of that picture, and the noise in its colours is as in the built-in set.

  minialexnet data show
  minialexnet data show --data photos.tgz --rotation 15 --brightness 0.3
  minialexnet data show cat.jpg --out cat-sheet.png"""

OUT = "augmentations.png"
SHOWN = 2 * COLUMNS  # pictures of a batch
ENOUGH = 512  # pictures, to find the axes of the colours for a drawing
LARGEST = 256  # pixels a side, of a picture by itself


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    add = parser.add_argument
    add("picture", nargs="?", metavar="PICTURE", help="a file (default: one of the set)")
    add("--data", metavar="PATH", help="folder or archive of pictures (default: the built-in set)")
    add("--out", default=OUT, metavar="FILE", help=f"the sheet, a PNG (default: {OUT})")
    add_recipe(parser)


def run(options: argparse.Namespace) -> int:
    """Draw the sheet, and say where it is."""
    out = _checked_out(options.out, options.picture)
    data = BUILTIN if options.data is None else options.data
    given = None if options.picture is None else expanded(options.picture)
    alone = given is not None and options.data is None
    whole_set = load_data(data) if alone else load_data(data, options.picture_size, options.fit)
    pictures = _repeated(given, options.picture_size, options.fit) if alone else whole_set
    config = planned_config(options, data, pictures, select_device("numpy"))
    for line in warnings(config, pictures):
        print(line, file=sys.stderr)
    batches = training_batches(config, pictures.train)
    colours = batches.colours
    if alone or colours is None:
        images = whole_set.train.images
        colours = principal_colours(statistics_of(images[:: max(1, len(images) // ENOUGH)]))
        if config.colour_noise:
            batches.colours = colours
    name, picture = _chosen(given, pictures, config)
    of_what = (
        "that picture" if alone else f"{Path(data).name}, the first of {len(batches):,} an epoch"
    )
    sheet = draw_sheet(
        name,
        "Changed by chance in training, about the centre of what is cut; what comes in from beyond "
        "the edge is a mirror image.",
        [
            ("One picture under each augmentation", changes_of(picture, config, colours)),
            (
                f"A batch as the network sees it: {of_what}",
                batch_of(
                    batches, _preprocessing(config, pictures.train), pictures.class_names, SHOWN
                ),
            ),
        ],
        config.image_size,
    )
    write_atomically(out, lambda file: sheet.save(file, "PNG"))
    print(f"drew {name} under each augmentation, and a batch: {out}")
    return 0


def _checked_out(out: str, picture: str | None) -> Path:
    """Before anything else, for the rest may take long. Args: picture: not to be overwritten."""
    path = expanded(out)
    if path.suffix.lower() != ".png":
        raise InputError(f"--out is {out!r}; expected a name that ends in .png")
    if not path.parent.is_dir():
        raise InputError(f"--out is {out!r}, but there is no folder {path.parent}; create it first")
    if picture is not None and path.exists() and path.samefile(expanded(picture)):
        raise InputError(
            f"the sheet would take the place of the picture {picture}; name another file with --out"
        )
    return path


def _read(path: Path, size: int | None, fit: str) -> np.ndarray:
    """The square of a picture, of `size`, or of its own up to LARGEST."""
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        return decode_picture(content, size or min(shorter_side(content), LARGEST), fit)
    except OSError as error:
        reason = error.strerror
    except PictureError as error:
        reason = str(error)
    raise InputError(f"{path} cannot be shown: {reason}; give a picture file, like a JPEG or PNG")


def _repeated(path: Path, size: int | None, fit: str | None) -> Pictures:
    """A set that has nothing but this picture, again and again."""
    picture = _read(path, size, fit or FITS[0])
    images = np.broadcast_to(picture, (SHOWN, *picture.shape))
    labels = np.zeros(SHOWN, dtype=np.int64)
    one = PictureSet(images, labels, (path.stem,), [path.name] * SHOWN)
    return Pictures(one, one, [], fit or FITS[0])


def _chosen(given: Path | None, pictures: Pictures, config: TrainConfig) -> tuple[str, np.ndarray]:
    """The name and the pixels of the picture to show under each augmentation."""
    if given is not None:
        return given.name, _read(given, pictures.size, config.fit)
    train = pictures.train
    number = int(np.random.default_rng(config.seed).integers(len(train)))
    return f"{pictures.class_names[train.labels[number]]}, {train.names[number]}", (
        train.images[number]
    )


def _preprocessing(config: TrainConfig, train: PictureSet) -> Preprocessing:
    """As `train` has it."""
    mean = mean_to_subtract(config.mean, train.statistics)
    return Preprocessing(mean, config.pixel_scale, config.image_size)
