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


def save(record: Record, folder: Path) -> Path:
    """Write record, table and picture. Returns the path of the table."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make {folder} ({error.strerror}); give another --out") from None
    parts = ("claim", "data", "variant", "picture_size")
    name = "-".join(str(record[part]) for part in parts)
    text = json.dumps(record, indent=1) + "\n"
    write_atomically(folder / f"{name}.json", lambda file: file.write(text.encode()))
    return render(record, folder / f"{name}.md")


def render(record: Record, path: Path) -> Path:
    """Write the table to `path`, and the picture beside it."""
    claim = CLAIMS[record["claim"]]
    picture = path.with_suffix(".png")
    write_atomically(picture, lambda file: draw(claim, record, file))
    text = markdown(claim, record, picture.name)
    write_atomically(path, lambda file: file.write(text.encode()))
    return path


def redraw(folder: Path, names: list[str]) -> list[Path]:
    """Tables and pictures anew, of the records in `folder`. Raises InputError where none is."""
    paths = []
    for path in sorted(folder.glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["claim"] in names:
            paths.append(render(record, path.with_suffix(".md")))
    if not paths:
        raise InputError(f"{folder} holds no record of {', '.join(names)}; run them first")
    return paths
