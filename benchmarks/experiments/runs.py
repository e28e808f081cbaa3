"""One training in a folder of its own, gone on with where it was stopped, and done only once."""

import datetime
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from machine import own_version, processor

from experiments.shelf import Shelved
from minialexnet.backend import Device, release_memory
from minialexnet.errors import InputError
from minialexnet.files import make_folder, write_atomically
from minialexnet.lock import Busy
from minialexnet.training import (
    Progress,
    RunFolder,
    TrainConfig,
    Trainer,
    TrainingDiverged,
    evaluate,
    load_checkpoint,
)
from minialexnet.training.evaluation import mean_to_subtract, trained_network

RESULT = "result.json"
"""What a finished run leaves: its history, and how it ended."""

EVALUATIONS = {"train": ("train", False), "ten crops": ("val", True)}
"""Which part of the pictures is evaluated after training, and whether over ten crops of each."""

PATIENCE = 2.0
"""Seconds after which to look again whether another process is done."""

ELSEWHERE = ("data", "backend", "precision")
"""Settings that may be others when a run is gone on with: another path, another machine."""


def identity(config: TrainConfig, shelved: Shelved) -> dict[str, Any]:
    """By what a run is known again: its settings and its pictures."""
    settings = {k: v for k, v in config.as_dict().items() if k not in ELSEWHERE}
    return {"settings": settings, "pictures": shelved.fingerprints}


def folder_name(settings: dict[str, Any], seed: int) -> str:
    """A name that tells runs apart, as "activation=tanh,lr=0.02,seed=1"."""
    parts = [
        f"{name}={value:.4g}" if type(value) is float else f"{name}={value}"
        for name, value in sorted(settings.items())
    ]
    return ",".join([*parts, f"seed={seed}"])


def train(config: TrainConfig, shelved: Shelved, folder: Path, device: Device, progress: Progress):
    """Train as `config` says, or go on with that, or look up how it went.

    Returns:
        the run as plain values: "seed", "lr", "num_classes", "parameters", "history" as of the
        Trainer, "ended" (what it said, if the loss was no longer finite, else None),
        "evaluations", "machine", "version", "date", "settings" and "pictures" as of `identity`.
    Raises:
        InputError: the folder holds a run with other settings.
        TrainingInterrupted: by Ctrl-C; the same call goes on from there.
    """
    is_waiting = False
    while (run := read_result(config, shelved, folder)) is None:
        try:
            _train(config, shelved, folder, device, progress)
        except Busy:  # claims have runs in common, and several may be tried at the same time
            if not is_waiting:
                progress.say(f"another process is training into {folder}; waiting for it")
            is_waiting = True
            time.sleep(PATIENCE)
    return run


def _train(
    config: TrainConfig, shelved: Shelved, folder: Path, device: Device, progress: Progress
) -> None:
    """Train, and leave the result in the folder."""
    make_folder(folder, "--runs")
    pictures, run_folder = shelved.pictures, RunFolder(folder)
    mean = mean_to_subtract(config.mean, pictures.train.statistics)
    trainer = Trainer(config, pictures.train, pictures.val, mean, run_folder, progress)
    if run_folder.last.exists():
        checkpoint = load_checkpoint(run_folder.last)
        _check_settings(checkpoint.config, config, folder)
        trainer.restore(checkpoint)
    ended = None
    try:
        trainer.fit()
    except TrainingDiverged as error:
        ended = str(error).split(";")[0]
    run = {
        "seed": config.seed,
        "lr": config.lr,
        "num_classes": config.num_classes,
        "parameters": trainer.network.num_params,
        "history": trainer.history,
        "ended": ended,
        "evaluations": {},
        "machine": f"{processor()}, computing with {device}",
        "version": own_version(),
        "date": str(datetime.date.today()),
        "pictures": shelved.fingerprints,
    }
    run_folder.best.unlink(missing_ok=True)  # only the last is looked at, and both are large
    _write_result(run, config, folder)
    del trainer
    release_memory()


def evaluated(
    run: dict, names: Iterable[str], config: TrainConfig, shelved: Shelved, folder: Path, xp
) -> dict:
    """The run with these evaluations (see EVALUATIONS) of its last weights; each is made once."""
    missing = [name for name in names if name not in run["evaluations"]]
    if run["ended"] or not missing:
        return run
    if not can_evaluate(folder):
        raise InputError(
            f"{folder} has no last.npz, which is to be evaluated; remove the folder, and the run "
            "is trained again"
        )
    checkpoint = load_checkpoint(folder / "last.npz")
    network, preprocessing = trained_network(checkpoint)
    network.to(xp)
    for name in missing:
        part, ten_crop = EVALUATIONS[name]
        tally, _ = evaluate(
            network, getattr(shelved.pictures, part), preprocessing, xp, ten_crop=ten_crop
        )
        run["evaluations"][name] = {
            "loss": tally.loss,
            "top1_error": tally.top1_error,
            "top5_error": tally.top5_error,
        }
    _write_result(run, config, folder)
    return run


def can_evaluate(folder: Path) -> bool:
    """Whether there still are the weights to evaluate."""
    return (folder / "last.npz").exists()


def read_result(config: TrainConfig, shelved: Shelved, folder: Path) -> dict | None:
    """How the run in `folder` went; None if it is not finished, or was not begun."""
    path = folder / RESULT
    if not path.exists():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    if not {"config", "pictures", "version"} <= set(found):
        raise InputError(
            f"{path} is of another version of these experiments; remove the folder, and the run is "
            "trained again"
        )
    _check_settings(found.pop("config"), config, folder)
    if found["pictures"] != shelved.fingerprints:
        raise InputError(
            f"{folder} holds a run on other pictures; give another folder with --runs, or the "
            "pictures of before"
        )
    return found | identity(config, shelved)


def _write_result(run: dict, config: TrainConfig, folder: Path) -> None:
    plain = {k: v for k, v in run.items() if k != "settings"} | {"config": config.as_dict()}
    text = json.dumps(plain, indent=1) + "\n"
    write_atomically(folder / RESULT, lambda file: file.write(text.encode()))


def _check_settings(found: dict[str, Any], config: TrainConfig, folder: Path) -> None:
    wanted = config.as_dict()
    others = [
        f"{name} {found.get(name)}, not {value}"
        for name, value in wanted.items()
        if name not in ELSEWHERE and found.get(name, value) != value
    ]
    if Path(str(found["data"])).name != Path(config.data).name:
        others.append(f"data {Path(found['data']).name}, not {Path(config.data).name}")
    if others:
        raise InputError(
            f"{folder} holds a run with other settings ({', '.join(others)}); give another folder "
            "with --runs, or the settings that it has"
        )
