"""`minialexnet eval`."""

import argparse

import numpy as np

from minialexnet.cli.common import find_checkpoint, load_data_for, load_network
from minialexnet.cli.options import add_backend, add_precision, add_run_path, add_ten_crop
from minialexnet.cli.text import bar
from minialexnet.datasets import display_name
from minialexnet.training import TOP_K, Progress, evaluate

USAGE = "[options] [RUN]"
HELP = """measure a trained network on validation pictures

Prints loss, top-1 and top-5 error, and how many pictures of each class are right.

  minialexnet eval                    the newest run, on its own pictures
  minialexnet eval --ten-crop         over ten crops of each, as the paper
  minialexnet eval runs/imagenette2-1 --data imagenette2.tgz"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    add_run_path(parser)
    parser.add_argument(
        "--data", metavar="PATH", help="pictures to measure on (default: those trained on)"
    )
    parser.add_argument(
        "--split", choices=("val", "train"), default="val", help="which part (default: val)"
    )
    add_ten_crop(parser)
    add_backend(parser)
    add_precision(parser)


def run(options: argparse.Namespace) -> int:
    """Evaluate and print the result."""
    path = find_checkpoint(options.run_path, options.runs, named_with="RUN")
    network, checkpoint, preprocessing, xp = load_network(path, options)
    data, pictures = load_data_for(checkpoint, path, options.data)
    part = getattr(pictures, options.split)
    progress = Progress()
    progress.start("evaluating", len(part))
    done = 0

    def show(now: int) -> None:
        nonlocal done
        progress.update(now - done, f"{now} of {len(part)}")
        done = now

    tally, logits = evaluate(
        network, part, preprocessing, xp, progress=show, ten_crop=options.ten_crop
    )
    progress.finish()
    crops = ", ten crops of each" if options.ten_crop else ""
    print(f"{path}: {checkpoint.config['variant']} on {tally.pictures:,} pictures of {data}{crops}")
    line = f"loss {tally.loss:.4f}, top-1 error {tally.top1_error:.2%}"
    if len(checkpoint.classes) > TOP_K:
        line += f", top-5 error {tally.top5_error:.2%}"
    print(line)
    known = checkpoint.display_names or pictures.display_names
    names = [display_name(name, known) for name in checkpoint.classes]
    _print_classes(names, part.labels, logits.argmax(axis=1))
    return 0


def _print_classes(names: list[str], labels: np.ndarray, answers: np.ndarray) -> None:
    width = max(len(name) for name in names)
    for label, name in enumerate(names):
        of_class = labels == label
        if of_class.any():
            share = float(np.mean(answers[of_class] == label))
            print(f"  {name:{width}}  {bar(share)} {share:4.0%} of {of_class.sum()}")
