"""`minialexnet train`."""

import argparse
from pathlib import Path

from minialexnet.backend import num_threads, select_device
from minialexnet.cli.common import BUILTIN, add_backend, load_data, positive
from minialexnet.datasets import Pictures, colour_std, mean_colour, mean_image
from minialexnet.errors import InputError
from minialexnet.models import INITIALIZATIONS, VARIANTS
from minialexnet.training import (
    SCHEDULES,
    TOP_K,
    RunFolder,
    TrainConfig,
    Trainer,
    default_config,
    duration,
    load_checkpoint,
)

HELP = """train a network on a folder of pictures
The folder (or a .tar or .tgz archive of it) holds train/CLASS/* and val/CLASS/*. Without --data
a small built-in set of ten classes is taken: about two minutes on two cores.

Everything not given is chosen to suit the pictures: the network, their size, how many epochs.

  minialexnet train                                    the built-in set
  minialexnet train --data imagenette2-160.tgz         any set of pictures
  minialexnet train --data DIR --variant paper --init 2012 --schedule plateau --epochs 90 \\
                    --batch-size 128                   as in 2012
  minialexnet train --resume runs/built-in-1           go on where a run was stopped"""

CHOICES = (
    "variant",
    "init",
    "epochs",
    "batch_size",
    "lr",
    "schedule",
    "momentum",
    "weight_decay",
    "label_smoothing",
    "mean",
    "flip",
    "image_size",
    "seed",
)
"""Options which, where given, replace what `default_config` would choose."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    add = parser.add_argument
    add("--data", default=BUILTIN, metavar="PATH", help="folder or archive of pictures")
    add("--resume", metavar="RUN", help="go on with the run in this folder, with its settings")
    add("--runs", default="runs", metavar="FOLDER", help="where runs are kept (default: runs)")
    add("--name", help="name of the run's folder (default: the data's name and a number)")
    add_backend(parser)
    net = parser.add_argument_group("network and pictures")
    net.add_argument("--variant", choices=VARIANTS, help="see `minialexnet models`")
    net.add_argument("--init", choices=INITIALIZATIONS, help="initial weights (default: he)")
    net.add_argument(
        "--picture-size", type=positive, metavar="PIXELS", help="resize pictures to this side"
    )
    net.add_argument(
        "--image-size", type=positive, metavar="PIXELS", help="side of the crops (default: 7/8)"
    )
    net.add_argument("--mean", choices=("colour", "image"), help="what is subtracted from pixels")
    net.add_argument(
        "--no-flip", dest="flip", action="store_const", const=False, help="never mirror pictures"
    )
    sgd = parser.add_argument_group("training")
    sgd.add_argument("--epochs", type=positive, help="how often every picture is seen")
    sgd.add_argument("--batch-size", type=positive, help="pictures a step (default: 64)")
    sgd.add_argument("--lr", type=float, help="the highest learning rate")
    sgd.add_argument("--schedule", choices=SCHEDULES, help="default: one-cycle")
    sgd.add_argument("--momentum", type=float, help="default: 0.9")
    sgd.add_argument("--weight-decay", type=float, help="default: 0.0005, as in the paper")
    sgd.add_argument("--label-smoothing", type=float, help="default: 0")
    sgd.add_argument("--seed", type=int, help="of weights, order, crops, dropout (default: 0)")


def run(options: argparse.Namespace) -> int:
    """Train, and say where the results are."""
    trainer = _resumed(options) if options.resume else _fresh(options)
    config = trainer.config
    say = trainer.progress.say
    say(
        f"{config.variant} (initialisation {config.init}), {trainer.network.num_params:,} "
        f"parameters, crops of {config.image_size} pixels, batches of {config.batch_size}, "
        f"{config.epochs} epochs, {config.schedule} learning rate up to {config.lr:g}"
    )
    say(f"computing with {_where(config.backend)}; results go to {trainer.run.path}/")
    history = trainer.fit()
    best = min(history, key=lambda entry: entry["val_top1_error"])
    accuracy = f"{1 - best['val_top1_error']:.1%}"
    if config.num_classes > TOP_K:
        accuracy += f" (top-5: {1 - best['val_top5_error']:.1%})"
    say(
        f"done: {accuracy} of the validation pictures right, in epoch {best['epoch']}; "
        f"{duration(sum(entry['seconds'] for entry in history))} of training"
    )
    say(f"look at {trainer.run.path / 'curves.png'}; try: minialexnet predict PICTURE")
    return 0


def _fresh(options: argparse.Namespace) -> Trainer:
    backend = select_device(options.backend).name
    pictures = load_data(options.data, options.picture_size)
    chosen = {name: getattr(options, name) for name in CHOICES}
    config = default_config(
        data=options.data,
        num_classes=len(pictures.classes),
        num_pictures=len(pictures.train),
        picture_size=pictures.size,
        pixel_std=float(colour_std(pictures.train.images).mean()),
        backend=backend,
        **chosen,
    )
    runs = Path(options.runs)
    name = options.name or _name_of(options.data)
    return _trainer(config, pictures, lambda: RunFolder.new(runs, name))


def _resumed(options: argparse.Namespace) -> Trainer:
    given = [f"--{name.replace('_', '-')}" for name in CHOICES if getattr(options, name) is not None]
    if given:
        raise InputError(
            f"{', '.join(given)} cannot be changed while resuming: the run goes on with its own "
            "settings; start a new run instead"
        )
    run = RunFolder(Path(options.resume))
    checkpoint = load_checkpoint(run.last)
    config = TrainConfig.from_dict(checkpoint.config)
    if checkpoint.progress["epoch"] >= config.epochs:
        raise InputError(
            f"the run {run.path} has done all its {config.epochs} epochs; start a new one"
        )
    data = config.data if options.data == BUILTIN else options.data
    pictures = load_data(data, config.picture_size)
    trainer = _trainer(config, pictures, lambda: run)
    trainer.restore(checkpoint)
    trainer.progress.say(
        f"going on in epoch {trainer.position.epoch + 1} after {trainer.position.step} steps"
    )
    return trainer


def _trainer(config: TrainConfig, pictures: Pictures, make_run) -> Trainer:
    images = pictures.train.images
    mean = mean_image(images) if config.mean == "image" else mean_colour(images)
    return Trainer(config, pictures.train, pictures.val, mean, make_run())


def _name_of(data: str) -> str:
    name = Path(data).name
    for ending in (".tar.gz", ".tgz", ".tar"):
        name = name.removesuffix(ending)
    return name or "run"


def _where(backend: str) -> str:
    if backend == "cupy":
        return "CuPy on the GPU"
    threads = num_threads()
    return f"NumPy on {threads} thread{'s' * (threads > 1)}"
