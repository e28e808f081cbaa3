"""The folder that a training run leaves behind."""

import csv
import io
import itertools
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from minialexnet.errors import InputError
from minialexnet.files import remove_leftovers, replace_with_copy, write_atomically
from minialexnet.lock import only_one
from minialexnet.training.checkpoint import Checkpoint, save_checkpoint
from minialexnet.training.curves import draw_curves

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
        self.path, self._is_held = Path(path), False
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
            for number in itertools.count(max(taken, default=0) + 1):
                path = parent / f"{name}-{number}"
                try:
                    path.mkdir()
                    break
                except FileExistsError:  # another run was quicker
                    continue
        except OSError as error:
            raise InputError(
                f"cannot make a run folder in {parent} ({error.strerror}); give another with --runs"
            ) from None
        return cls(path)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep other processes from training into this folder, and clear what a killed one left.

        May be nested: what is read, to go on from there, must be what is there still.

        Raises InputError when another process is training here, or the folder is not there.
        """
        if self._is_held:
            yield
            return
        busy = (
            f"another process is training into {self.path} right now; wait for it, or start a new "
            "run"
        )
        with only_one(self.path, self._look, busy):
            remove_leftovers(self.path)
            self._is_held = True
            try:
                yield
            finally:
                self._is_held = False

    def _look(self) -> None:
        if not self.path.is_dir():
            raise InputError(
                f"there is no run folder {self.path}; name another, or start a new run"
            )

    def save_config(self, config: dict[str, Any]) -> None:
        """Write the full configuration, readable and complete."""
        text = json.dumps(config, indent=2) + "\n"
        write_atomically(self.path / "config.json", lambda file: file.write(text.encode()))

    def save_metrics(self, history: list[dict[str, float]]) -> str | None:
        """Write one row an epoch, and the picture of the curves.

        Returns: why there is no picture, if it could not be drawn: that is no reason to stop.
        """
        text = io.StringIO()
        rows = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        rows.writeheader()
        for entry in history:
            rows.writerow({k: f"{v:.6g}" if k != "epoch" else v for k, v in entry.items()})
        write_atomically(
            self.path / "metrics.csv", lambda file: file.write(text.getvalue().encode())
        )
        picture = io.BytesIO()
        try:
            draw_curves(history, picture)
        except Exception as error:  # fonts, caches, versions: much can ail a plotting library
            return f"the curves could not be drawn ({type(error).__name__}: {error})"
        write_atomically(self.path / "curves.png", lambda file: file.write(picture.getvalue()))
        return None

    def save_checkpoint(self, checkpoint: Checkpoint, is_best: bool = False) -> None:
        """Replace last.npz, and best.npz too if this is the best so far.

        The best goes first: after a crash between the two, training goes on from the older
        last.npz, comes by here again, and the best is not lost.
        """
        if is_best:
            save_checkpoint(self.best, checkpoint)
            replace_with_copy(self.best, self.last)
        else:
            save_checkpoint(self.last, checkpoint)
