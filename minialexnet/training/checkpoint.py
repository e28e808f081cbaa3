"""Everything a run needs to go on, or a reader to use the network, in one `.npz` file.

The file holds arrays and one text in JSON; nothing in it is ever unpickled, so a checkpoint from
a stranger can do no harm beyond wrong predictions.
"""

import json
import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from minialexnet.backend import to_host
from minialexnet.errors import InputError
from minialexnet.files import write_atomically

FORMAT = 1
PROGRESS = {"epoch", "step", "tally", "seconds", "history", "schedule", "layers", "pictures"}
"""What a checkpoint says about how far the training has come; see `Trainer.checkpoint`."""


@dataclass
class Checkpoint:
    """A moment of a training run.

    Attributes:
        params, velocity: arrays by the parameters' names, on the host.
        mean: what is subtracted from the pixels, (3,) or (S, S, 3).
        config: the run's configuration.
        classes: names, in the order of the logits.
        progress: epoch, step, states of schedule and dropout, sums and history, and what
            tells whether the pictures are still the same.
        display_names: what classes are called, where the pictures came with a table of that.
    """

    params: dict[str, np.ndarray]
    velocity: dict[str, np.ndarray]
    mean: np.ndarray
    config: dict[str, Any]
    classes: list[str]
    progress: dict[str, Any]
    display_names: dict[str, str] = field(default_factory=dict)


def save_checkpoint(path: str | os.PathLike, checkpoint: Checkpoint) -> None:
    """Write `checkpoint` to `path`, which is replaced only once the new file is whole.

    Raises InputError when it cannot be written (a full disk); then `path` is as it was.
    """
    text = {
        "format": FORMAT,
        "config": checkpoint.config,
        "classes": checkpoint.classes,
        "progress": checkpoint.progress,
        "display_names": checkpoint.display_names,
    }
    arrays = {"mean": checkpoint.mean}
    arrays |= {f"params/{name}": to_host(value) for name, value in checkpoint.params.items()}
    arrays |= {f"velocity/{name}": to_host(value) for name, value in checkpoint.velocity.items()}
    text["arrays"] = list(arrays)
    arrays["text"] = np.array(json.dumps(text))
    write_atomically(Path(path), lambda file: np.savez(file, **arrays))


def load_checkpoint(path: str | os.PathLike) -> Checkpoint:
    """Read a checkpoint written by `save_checkpoint`.

    Raises InputError when there is none, or it is damaged, or of another kind.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder; give a checkpoint file such as {path / 'best.npz'}")
    if not path.exists():
        raise InputError(
            f"there is no checkpoint {path}; a run folder holds last.npz and best.npz once its "
            "first epoch is over: name another, or start a new run"
        )
    damaged = (
        f"{path} is not a whole checkpoint of minialexnet; was it cut short? Use another one, "
        "such as last.npz or best.npz beside it"
    )
    try:
        with open(path, "rb") as opened:
            if not zipfile.is_zipfile(opened):  # NumPy would offer to unpickle it
                raise InputError(damaged)
            opened.seek(0)
            with np.load(opened, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
        text = json.loads(str(arrays.pop("text")))
        if text["format"] != FORMAT:
            raise InputError(
                f"checkpoint {path} has format {text['format']}; this version of minialexnet "
                f"reads format {FORMAT}"
            )
        if set(text["arrays"]) != set(arrays):
            raise KeyError("some arrays are missing")
        if PROGRESS - set(text["progress"]):
            raise KeyError("it does not say how far the training had come")
        return Checkpoint(
            params=_part(arrays, "params/"),
            velocity=_part(arrays, "velocity/"),
            mean=arrays["mean"],
            config=text["config"],
            classes=text["classes"],
            progress=text["progress"],
            display_names=_texts(text.get("display_names", {})),  # older ones have none
        )
    except (InputError, MemoryError):
        raise
    except PermissionError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); see whose it is") from None
    except Exception:  # zipfile and NumPy raise a dozen kinds over damaged files
        raise InputError(damaged) from None


def _texts(names: dict[str, str]) -> dict[str, str]:
    return {str(folder): str(name) for folder, name in names.items()}


def _part(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
