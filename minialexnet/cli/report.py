"""`minialexnet report`."""

import argparse
import os
import shlex
from pathlib import Path

from minialexnet.cli.common import find_checkpoint, load_data_for, load_network, own_version
from minialexnet.cli.options import (
    add_backend,
    add_precision,
    add_run_path,
    add_ten_crop,
    as_arguments,
)
from minialexnet.errors import InputError
from minialexnet.files import expanded, write_atomically
from minialexnet.report import Subject, examine, history_of, report_page
from minialexnet.training import Progress, TrainConfig

USAGE = "[options] [RUN]"
HELP = """write a page that shows what a network has learnt

One HTML file with everything in it: accuracy, curves, classes and what they are taken for,
predictions and the worst mistakes, pictures that the network finds alike, and its first filters.

  minialexnet report                  the newest run; report.html in its folder
  minialexnet report runs/imagenette2-1 --out page.html"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    add_run_path(parser)
    parser.add_argument(
        "--out", metavar="FILE", help="the page to write (default: report.html in the run's folder)"
    )
    parser.add_argument(
        "--data", metavar="PATH", help="pictures to look at it with (default: those trained on)"
    )
    add_ten_crop(parser)
    add_backend(parser)
    add_precision(parser)


def run(options: argparse.Namespace) -> int:
    """Measure, write the page, and say where it is."""
    path = find_checkpoint(options.run_path, options.runs, named_with="RUN")
    network, checkpoint, preprocessing, xp = load_network(path, options)
    target = _target(options.out, path)
    data, pictures = load_data_for(checkpoint, path, options.data)
    subject = Subject(
        path,
        network,
        checkpoint,
        preprocessing,
        xp,
        data,
        pictures,
        *history_of(path, checkpoint),
        options.ten_crop,
    )
    findings = examine(subject, Progress())
    config = TrainConfig.from_dict(checkpoint.config)
    command = shlex.join(["minialexnet", "train", *as_arguments(config)])
    page = report_page(subject, findings, command, own_version()).encode()
    write_atomically(target, lambda file: file.write(page))
    right, size = 1 - findings.tally.top1_error, len(page) / 1e6
    print(
        f"{path}: {right:.1%} of {findings.tally.pictures:,} validation pictures right; look at "
        f"{target} ({size:.1f} MB)"
    )
    return 0


def _target(given: str | None, checkpoint: Path) -> Path:
    """The page's file; found out in time if it cannot be written."""
    target = checkpoint.parent / "report.html" if given is None else expanded(given)
    if target.is_dir():
        raise InputError(
            f"{target} is a folder; give the file to write with --out, such as "
            f"{target / 'report.html'}"
        )
    if target.suffix.lower() not in (".html", ".htm"):  # such as best.npz, given by mistake
        raise InputError(f"--out is {given!r}; expected a name that ends in .html")
    if not os.access(target.parent, os.W_OK):
        raise InputError(
            f"cannot write {target.name} into {target.parent}, which is not there or not yours to "
            "change; give another file with --out"
        )
    return target
