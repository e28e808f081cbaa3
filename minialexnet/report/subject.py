"""What a report is about."""

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from minialexnet.datasets import Pictures, display_name
from minialexnet.errors import InputError
from minialexnet.models import AlexNet
from minialexnet.training import Checkpoint, Preprocessing, load_checkpoint


@dataclass(frozen=True)
class Subject:
    """A trained network, where it comes from, and the pictures to look at it with.

    Attributes:
        path: of the checkpoint.
        network: on the device of `xp`.
        checkpoint: what was in the file.
        preprocessing: from pixels to the network's input.
        data: where the pictures are, as the user would say it; pictures: in the same classes.
        history: one entry for each epoch of the run; epochs: how many of them are over.
        ten_crop: measure over ten crops of each picture.
    """

    path: Path
    network: AlexNet
    checkpoint: Checkpoint
    preprocessing: Preprocessing
    xp: ModuleType
    data: str
    pictures: Pictures
    history: list[dict[str, float]]
    epochs: int | None
    ten_crop: bool = False

    @property
    def names(self) -> list[str]:
        """The classes as people call them, in the order of the logits."""
        known = self.checkpoint.display_names
        return [display_name(folder, known) for folder in self.checkpoint.classes]

    @property
    def is_over(self) -> bool:
        """The training has done all its epochs."""
        return self.epochs is not None and self.epochs >= self.checkpoint.config["epochs"]


def history_of(path: Path, checkpoint: Checkpoint) -> tuple[list[dict[str, float]], int | None]:
    """The epochs of the run which the checkpoint at `path` belongs to, and how many are over.

    The best checkpoint does not know what came after it, but last.npz beside it does. Without that,
    how many are over is None, unless they all are.
    """
    own, epochs = checkpoint.progress["history"], checkpoint.progress["epoch"]
    last = path.with_name("last.npz")
    if last == path:
        return own, epochs
    try:
        progress = load_checkpoint(last).progress
        if own and progress["history"][: len(own)] == own:  # otherwise it is of another run
            return progress["history"], progress["epoch"]
    except InputError:  # not there, or damaged; the report is about the other file
        pass
    return own, epochs if epochs >= checkpoint.config["epochs"] else None
