"""The folder that a training run leaves behind."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

from minialexnet.errors import InputError
from minialexnet.training.checkpoint import Checkpoint, save_checkpoint
from minialexnet.training.curves import draw_curves
from minialexnet.training.files import replace_with_copy, write_atomically

COLUMNS = (
    "epoch",
    "lr",
    "train_loss",
    "train_top1_error",
    "train_top5_error",
    "val_loss",
    "val_top1_error",
    "val_top5_error",
    "images_per_second",
    "seconds",
)


class RunFolder:
    """config.json, metrics.csv, curves.png, last.npz and best.npz of one run.

    Args: path: the folder, which is there already; `RunFolder.new` makes one.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.last, self.best = self.path / "last.npz", self.path / "best.npz"

    @classmethod
    def new(cls, parent: Path, name: str) -> "RunFolder":
        """A folder that does not exist yet: parent/name-1, or the next free number.

        Raises InputError when it cannot be made.
        """
        try:
            parent.mkdir(parents=True, exist_ok=True)
            taken = [
                int(match[1])
                for entry in parent.iterdir()
                if (match := re.fullmatch(re.escape(name) + r"-(\d+)", entry.name))
            ]
            path = parent / f"{name}-{max(taken, default=0) + 1}"
            path.mkdir()
        except OSError as error:
            raise InputError(
                f"cannot make a run folder in {parent} ({error.strerror}); give another with --runs"
            ) from None
        return cls(path)

    def save_config(self, config: dict[str, Any]) -> None:
        """Write the full configuration, readable and complete."""
        text = json.dumps(config, indent=2) + "\n"
        write_atomically(self.path / "config.json", lambda file: file.write(text.encode()))

    def save_metrics(self, history: list[dict[str, float]]) -> None:
        """Write one row an epoch, and the picture of the curves."""
        text = io.StringIO()
        rows = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        rows.writeheader()
        for entry in history:
            rows.writerow({k: f"{v:.6g}" if k != "epoch" else v for k, v in entry.items()})
        write_atomically(
            self.path / "metrics.csv", lambda file: file.write(text.getvalue().encode())
        )
        write_atomically(self.path / "curves.png", lambda file: draw_curves(history, file))

    def save_checkpoint(self, checkpoint: Checkpoint, is_best: bool = False) -> None:
        """Replace last.npz, and best.npz too if this is the best so far."""
        save_checkpoint(self.last, checkpoint)
        if is_best:
            replace_with_copy(self.last, self.best)
