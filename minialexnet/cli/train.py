"""`minialexnet train`."""

import argparse
import dataclasses
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from minialexnet.backend import Device, select_device
from minialexnet.cli.common import absolute, load_data, load_data_again, planned_config
from minialexnet.cli.exceptions import warnings
from minialexnet.cli.options import (
    RUNS,
    add_backend,
    add_precision,
    add_recipe,
    add_runs,
    chosen_device,
    flag,
    recipe,
)
from minialexnet.datasets import BUILTIN, Pictures, steps_per_epoch
from minialexnet.errors import InputError
from minialexnet.files import expanded
from minialexnet.training import (
    TOP_K,
    RunFolder,
    TrainConfig,
    Trainer,
    duration,
    load_checkpoint,
    mean_to_subtract,
    read_preset,
)

USAGE = "[options]"
HELP = """train a network on a folder of pictures

The folder (or a .tar or .tgz archive of it) holds train/CLASS/* and val/CLASS/*. Without --data
a small built-in set of ten classes is taken: two to three minutes on two cores. What is not given
is chosen to suit the pictures: the network, their size, how many epochs.

  minialexnet train                              the built-in set
  minialexnet train --data imagenette2-160.tgz   any set of pictures
  minialexnet train --resume runs/built-in-1     go on where a run was stopped
  minialexnet train --data FOLDER --preset 2012  as it was done in 2012"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    add = parser.add_argument
    add(
        "--data",
        metavar="PATH",
        help="folder, archive or prepared set of pictures (default: the built-in set)",
    )
    add("--resume", metavar="RUN", help="go on with the run in this folder, with its settings")
    add_runs(parser, default=None)
    add("--name", help="of the run's folder, before its number (default: that of the data)")
    add_backend(parser)
    add_precision(parser)
    add_recipe(parser)


def run(options: argparse.Namespace) -> int:
    """Train, and say where the results are."""
    if options.resume is None:
        return _train(_fresh(options))
    run_folder = _folder_to_go_on_in(options)
    with run_folder.in_use():  # from before it is read, or another process may do more meanwhile
        return _train(_resumed(run_folder, options))


def _train(trainer: Trainer) -> int:
    config, say = trainer.config, trainer.progress.say
    say(
        f"{config.parts.of(config.variant)} with {trainer.network.num_params:,} parameters "
        f"(initialisation {config.init}), crops of {config.image_size} pixels"
    )
    say(
        f"{config.epochs} epoch{'s' * (config.epochs > 1)} in batches of {config.batch_size}"
        f"{' (one step an epoch)' * (len(trainer.batches) == 1)}, "
        f"learning rate {config.schedule} up to {config.lr:g}"
        + (f" (preset {config.preset})" if config.preset else "")
    )
    say(f"computing with {trainer.device}; results go to {trainer.run.path}/")
    history = trainer.fit()
    best = min(history, key=lambda entry: entry["val_top1_error"])
    accuracy = f"{1 - best['val_top1_error']:.1%}"
    if config.num_classes > TOP_K:
        accuracy += f" (top-5: {1 - best['val_top5_error']:.1%})"
    say(
        f"done: {accuracy} of the validation pictures right, in epoch {best['epoch']}; "
        f"{duration(sum(entry['seconds'] for entry in history))} of training"
    )
    predict, report = "minialexnet predict", "minialexnet report"
    if trainer.run.path.parent != Path(RUNS):  # where they would look by themselves
        run = shlex.quote(str(trainer.run.path))
        predict, report = f"{predict} --checkpoint {run}", f"{report} {run}"
    say(f"look at {trainer.run.path / 'curves.png'}; try: {predict} PICTURE, or {report}")
    return 0


def _fresh(options: argparse.Namespace) -> Trainer:
    data = BUILTIN if options.data is None else options.data
    name = _stem(data) if options.name is None else _name(options.name)
    device = chosen_device(options)
    pictures = load_data(data, options.picture_size, options.fit, prepares=True)
    config = planned_config(options, data, pictures, device)
    _say_pictures(data, pictures)
    for line in (*warnings(config, pictures), *_shortness(config, pictures, options)):
        print(line, file=sys.stderr)
    mean = mean_to_subtract(config.mean, pictures.train.statistics)
    runs = Path(RUNS if options.runs is None else options.runs)
    trainer = Trainer(
        config,
        pictures.train,
        pictures.val,
        mean,
        RunFolder(runs / name),
        display_names=pictures.display_names,
    )
    _say_memory(trainer)
    trainer.run = RunFolder.new(runs, name)  # now, since nothing else can be wrong any more
    return trainer


def _shortness(
    config: TrainConfig, pictures: Pictures, options: argparse.Namespace
) -> Iterator[str]:
    """Say so where a small set makes the training much shorter than its preset wants it."""
    wanted = read_preset(config.preset).get("steps", 0)
    steps = config.epochs * steps_per_epoch(len(pictures.train), config.batch_size)
    if options.epochs is None and steps < wanted:
        yield (
            f"note: {len(pictures.train):,} pictures make {steps:,} steps in {config.epochs} "
            f"epochs, and the preset {config.preset} was made for {wanted:,}; if the errors still "
            "fall at the end, try more --epochs or a smaller --batch-size"
        )


def _folder_to_go_on_in(options: argparse.Namespace) -> RunFolder:
    _refuse_new_settings(options)
    path = expanded(options.resume)
    if path.is_file() and path.name != "last.npz":
        raise InputError(
            f"{path} is not where a run goes on from, which is its last checkpoint; give its "
            f"folder, {path.parent}"
        )
    return RunFolder(path.parent if path.is_file() else path)


def _resumed(run: RunFolder, options: argparse.Namespace) -> Trainer:
    checkpoint = load_checkpoint(run.last)
    config = TrainConfig.from_dict(checkpoint.config)
    if checkpoint.progress["history"]:
        run.save_metrics(checkpoint.progress["history"])  # they may have been cut off
    if checkpoint.progress["epoch"] >= config.epochs:
        raise InputError(
            f"the run {run.path} has done all its {config.epochs} epochs; start a new one"
        )
    device = _device_to_go_on_with(config, options)
    config = dataclasses.replace(config, backend=device.name, precision=device.precision)
    if options.data is not None:
        config = dataclasses.replace(config, data=absolute(options.data))
    pictures = load_data_again(config, run.path, prepares=True)
    _say_pictures(config.data, pictures)
    trainer = Trainer(
        config,
        pictures.train,
        pictures.val,
        checkpoint.mean,
        run,
        display_names=pictures.display_names or checkpoint.display_names,
    )
    trainer.restore(checkpoint)
    _say_memory(trainer)
    epoch, step = trainer.position.epoch + 1, trainer.position.step
    trainer.progress.say(
        f"going on in epoch {epoch} after {step} of {len(trainer.batches)} steps"
        if step
        else f"going on with epoch {epoch}"
    )
    return trainer


def _say_memory(trainer: Trainer) -> None:
    """Also tells in time if it is not enough."""
    if text := trainer.rehearse():
        trainer.progress.say(text)


def _device_to_go_on_with(config: TrainConfig, options: argparse.Namespace) -> Device:
    """That of the run, unless another is asked for, which computes the same but for rounding."""
    on_another = options.backend != "auto" or options.gpu is not None
    name, precision = options.backend if on_another else config.backend, options.precision
    if precision is None and config.backend == "cupy" and name != "numpy":
        precision = config.precision
    try:
        return select_device(name, options.gpu, precision)
    except InputError as error:
        if on_another or config.backend == "numpy":
            raise
        raise InputError(f"{error}; or go on with --backend numpy") from None


def _refuse_new_settings(options: argparse.Namespace) -> None:
    given = list(recipe(options))
    others = ("picture_size", "fit", "name", "runs")
    given += [name for name in others if getattr(options, name) is not None]
    if given:
        raise InputError(
            f"{', '.join(map(flag, given))} cannot be changed while resuming, for the run goes on "
            "with its own settings; leave that out, or start a new run"
        )


def _say_pictures(data: str, pictures: Pictures) -> None:
    print(
        f"{data}: {len(pictures.train):,} pictures to train on and {len(pictures.val):,} to "
        f"validate, {len(pictures.classes)} classes, {pictures.size} pixels"
        + (f", prepared in {pictures.folder}/" if pictures.folder is not None else ""),
        file=sys.stderr,
    )


def _stem(data: str) -> str:
    name = os.path.basename(absolute(data))
    for ending in (".tar.gz", ".tgz", ".tar"):
        name = name.removesuffix(ending)
    return name or "run"


def _name(name: str) -> str:
    if not name or Path(name).name != name:
        raise InputError(
            f"--name is {name!r}; expected a plain name (--runs says in which folder it lies)"
        )
    return name
