"""The record of a claim: one JSON file, from which table and picture can be drawn at any time."""

import json
from pathlib import Path
from typing import Any

from experiments.charts import draw
from experiments.claims import CLAIMS
from experiments.tables import markdown
from minialexnet.errors import InputError
from minialexnet.files import write_atomically

Record = dict[str, Any]
"""claim, command, date, facts (of machine and versions), data, variant, picture_size, image_size,
batch_size, classes, train_pictures, val_pictures, epochs, runs (see `runs.train`; each also has its
"configuration", and "counted": whether its learning rate is the one that was chosen)."""


SAME_FOR_ALL_RUNS = ("image_size", "batch_size", "epochs", "train_pictures", "val_pictures")
"""What a record may not mix."""


def save(record: Record, folder: Path) -> Path:
    """Write record, table and picture. Returns the path of the table.

    Runs of the record that is there already, and which this one does not have, stay.
    """
    path = path_in(folder, record)
    runs = record["runs"]
    if path.exists():
        runs = merged(runs, read(path)["runs"])
    record = record | {"runs": runs}
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make {folder} ({error.strerror}); give another --out") from None
    text = json.dumps(record, indent=1) + "\n"
    write_atomically(path, lambda file: file.write(text.encode()))
    return render(record, path.with_suffix(".md"))


def read(path: Path) -> Record:
    """The record in a file. Raises InputError if it is something else."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        record = None
    if not isinstance(record, dict) or not {"claim", "data", "runs"} <= set(record):
        raise InputError(f"{path} is not a record of experiments; move it, or give another --out")
    return record


def path_in(folder: Path, record: Record) -> Path:
    """Where the record is."""
    parts = ("claim", "data", "variant", "picture_size")
    return folder / ("-".join(str(record[part]) for part in parts) + ".json")


def check_room(record: Record, folder: Path) -> None:
    """Raise InputError if the record's place holds one that its runs cannot be added to."""
    path = path_in(folder, record)
    if not path.exists():
        return
    found = read(path)
    others = [
        f"{name} {found[name]}, not {record[name]}"
        for name in SAME_FOR_ALL_RUNS
        if found[name] != record[name]
    ]
    if others:
        raise InputError(
            f"{path} is a record with other settings ({', '.join(others)}); give another folder "
            "with --out, or the settings that it has"
        )


def merged(runs: list[dict[str, Any]], earlier: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The runs and those earlier ones that are not among them, seed by seed."""
    done = {(run["configuration"], run["seed"], run["lr"]) for run in runs}
    chosen = {run["configuration"]: run["lr"] for run in runs if run["counted"]}
    kept = [
        run | {"counted": run["counted"] and chosen.get(run["configuration"], lr) == lr}
        for run in earlier
        if (run["configuration"], run["seed"], lr := run["lr"]) not in done
    ]
    return sorted([*runs, *kept], key=lambda run: run["seed"])


def render(record: Record, path: Path) -> Path:
    """Write the table to `path`, and the picture beside it."""
    claim = CLAIMS[record["claim"]]
    picture = path.with_suffix(".png")
    write_atomically(picture, lambda file: draw(claim, record, file))
    text = markdown(claim, record, picture.name)
    write_atomically(path, lambda file: file.write(text.encode()))
    return path


def known_runs(folder: Path, data: str) -> list[dict[str, Any]]:
    """The runs on these pictures that any record in `folder` holds, of whichever claim."""
    records = map(read, sorted(folder.glob("*.json")))
    return [run for record in records if record["data"] == data for run in record["runs"]]


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
