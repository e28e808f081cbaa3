"""The record of a claim: one JSON file, from which table and picture can be drawn at any time."""

import functools
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from experiments.charts import draw
from experiments.claims import CLAIMS
from experiments.tables import markdown
from minialexnet.errors import InputError
from minialexnet.files import make_folder, write_atomically
from minialexnet.lock import Busy, only_one

Record = dict[str, Any]
"""The parts that `PARTS` names: of which claim, how and with what the newest runs were made
(command, date, facts of machine and versions), the scale, and the runs (see `runs.train`; each also
has its "claim" and "configuration", and "counted": whether its learning rate was chosen)."""

SCALE = ("image_size", "batch_size", "epochs", "classes", "train_pictures", "val_pictures")
"""What all runs of a record have in common, besides what its name says."""

NAME = ("claim", "data", "variant", "picture_size")
PARTS = {*NAME, *SCALE, "command", "date", "facts", "runs"}
RUN_PARTS = {"claim", "configuration", "counted", "seed", "lr", "num_classes", "parameters"} | {
    *("history", "ended", "evaluations", "machine", "version", "date", "settings", "pictures")
}

Difference = Callable[[dict[str, Any]], str]
"""In what a run is not as it would be now, see `Experiment.difference`."""


def save(record: Record, folder: Path, difference: Difference) -> Path:
    """Write record, table and picture. Returns the path of the table.

    Runs of the record that is there already, and which this one does not have, stay; if this one
    has nothing else, nothing is written. Raises InputError as `check_room`.
    """
    path = path_in(folder, record)
    with _alone(folder):
        _check_room(record, folder, difference)
        earlier = read(path)["runs"] if path.exists() else None
        runs = merged(record["runs"], earlier or [])
        if runs != earlier:
            text = json.dumps(record | {"runs": runs}, indent=1) + "\n"
            write_atomically(path, lambda file: file.write(text.encode()))
            render(record | {"runs": runs}, path.with_suffix(".md"))
    return path.with_suffix(".md")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other process writes to the folder, which is made if it is not there."""
    make = functools.partial(make_folder, folder, "--out")
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(only_one(folder, make, "another process writes there"))
                break
            except Busy:
                time.sleep(0.1)
        yield


def read(path: Path) -> Record:
    """The record in a file. Raises InputError if it is something else."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        record = None
    if not (
        isinstance(record, dict)
        and set(record) >= PARTS
        and isinstance(record["runs"], list)
        and all(isinstance(run, dict) and set(run) >= RUN_PARTS for run in record["runs"])
    ):
        raise InputError(f"{path} is not a record of experiments; move it, or give another --out")
    return record


def path_in(folder: Path, record: Record) -> Path:
    """Where the record is."""
    return folder / ("-".join(str(record[part]) for part in NAME) + ".json")


def check_room(record: Record, folder: Path, difference: Difference) -> None:
    """Raise InputError if the record cannot be saved, or its runs not be added to those there."""
    with _alone(folder):
        _check_room(record, folder, difference)


def _check_room(record: Record, folder: Path, difference: Difference) -> None:
    path = path_in(folder, record)
    if not path.exists():
        return
    found = read(path)
    others = [f"{n} {found[n]}, not {record[n]}" for n in SCALE if found[n] != record[n]]
    others = others or [text for text in map(difference, found["runs"]) if text]
    if others:
        raise InputError(
            f"{path} is a record of other runs ({others[0]}); give another folder with --out, or "
            "try what it has tried"
        )


def merged(runs: list[dict[str, Any]], earlier: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The runs and those earlier ones that are not among them, seed by seed."""
    done = {(run["configuration"], run["seed"], run["lr"]) for run in runs}
    chosen = {run["configuration"]: run["lr"] for run in runs if run["counted"]}
    kept = []
    for run in earlier:
        way, lr = run["configuration"], run["lr"]
        if (way, run["seed"], lr) not in done:
            counted = chosen[way] == lr if way in chosen else run["counted"]
            kept.append(run | {"counted": counted})
    return sorted([*runs, *kept], key=lambda run: run["seed"])


def render(record: Record, path: Path) -> Path:
    """Write the table to `path`, and the picture beside it."""
    claim = CLAIMS[record["claim"]]
    picture = path.with_suffix(".png")
    write_atomically(picture, lambda file: draw(claim, record, file))
    text = markdown(claim, record, picture.name)
    write_atomically(path, lambda file: file.write(text.encode()))
    return path


def known_runs(folder: Path) -> list[dict[str, Any]]:
    """The runs that the records in `folder` hold, of whichever claim."""
    return [run for path in sorted(folder.glob("*.json")) for run in read(path)["runs"]]


def redraw(folder: Path, names: list[str]) -> list[Path]:
    """Tables and pictures anew, of the records in `folder`. Raises InputError where none is."""
    paths = []
    for path in sorted(folder.glob("*.json")):
        record = read(path)
        if record["claim"] in names:
            paths.append(render(record, path.with_suffix(".md")))
    if not paths:
        raise InputError(f"{folder} holds no record of {', '.join(names)}; run them first")
    return paths
