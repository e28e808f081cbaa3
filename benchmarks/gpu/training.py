"""A real training: minialexnet train on the pictures given, as a user would start it."""

import csv
import json
import shlex
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from reporting import Table, duration

from gpu.part import Part
from gpu.processes import run_into
from gpu.summary import Excerpt, Verdict

GOAL, GOAL_SECONDS = 0.80, 300.0
"""Top-1 accuracy on the validation pictures, and in which time it is meant to be reached."""

TAIL = 15


def run(part: Part) -> None:
    """Start it, tell of each epoch as it ends, and stop it when the time is up."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        data = part.settings.data or str(_drawn(Path(folder) / "pictures"))
        _train(part, data, Path(folder) / "runs")


def _train(part: Part, data: str, runs: Path) -> None:
    options = ["--data", data, *part.sizes.recipe, "--backend", part.backend]
    if not part.settings.trial:
        precisions = part.settings.precisions
        options += ["--precision", "tf32" if "tf32" in precisions else precisions[0]]
    told: list[dict] = []
    output = part.out / "gpu-check-training.txt"

    def tell() -> None:
        for epoch in _epochs(runs)[len(told) :]:
            told.append(epoch)
            part.result("epoch", wall=time.monotonic() - start, **epoch)
            accuracy, rate = 1 - epoch["val_top1_error"], epoch["images_per_second"]
            part.progress(f"epoch {epoch['epoch']:.0f}: {accuracy:.1%}, {rate:,.0f} images/s")

    command = ["minialexnet", "train", *options, "--runs", str(runs)]
    start = time.monotonic()
    status, seconds, text = run_into(output, command, part.end, tell)
    tell()
    part.result(
        "ended",
        command=shlex.join(["minialexnet", "train", *_without_folders(options)]),
        seconds=seconds,
        status=status,
        config=_config(runs),
        tail=text.splitlines()[-TAIL:],
    )


def _epochs(runs: Path) -> list[dict]:
    """The rows of the run's metrics.csv, which is written whole after each epoch."""
    path = next(runs.glob("*/metrics.csv"), None)
    if path is None:
        return []
    with open(path, encoding="utf-8", newline="") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def _config(runs: Path) -> dict:
    path = next(runs.glob("*/config.json"), None)
    config = json.loads(path.read_text(encoding="utf-8")) if path else {}
    return config | ({"data": Path(config["data"]).name} if config else {})


def _without_folders(options: list[str]) -> list[str]:
    """The options as they may stand in a report, which names no folder of this machine."""
    return [Path(option).name if Path(option).is_absolute() else option for option in options]


def _drawn(folder: Path) -> Path:
    """A few pictures of noise in two classes, for a trial."""
    generator = np.random.default_rng(0)
    for split, count in (("train", 12), ("val", 4)):
        for channel, name in enumerate(("red", "green")):
            place = folder / split / name
            place.mkdir(parents=True)
            for number in range(count):
                pixels = generator.integers(0, 100, (40, 40, 3), dtype=np.uint8)
                pixels[..., channel] += 120
                Image.fromarray(pixels).save(place / f"{number}.png")
    return folder


def tables(results: list[dict]) -> list:
    """By epoch; and the end of the output if it did not end well."""
    epochs = [r for r in results if r["topic"] == "epoch"]
    ended = next((r for r in results if r["topic"] == "ended"), None)
    found: list = []
    if epochs:
        rows, trained = [], 0.0
        for r in epochs:
            trained += r["seconds"]
            accuracy = [f"{1 - r[f'{part}_top1_error']:.1%}" for part in ("train", "val")]
            row = [f"{r['epoch']:.0f}", f"{r['train_loss']:.3f}", *accuracy]
            rows.append(
                [*row, f"{r['images_per_second']:,.0f}", f"{trained:.1f}", f"{r['wall']:.0f}"]
            )
        words = "Accuracy is top-1, on the centre crops of the validation pictures; seconds of "
        words += (
            "training alone, and since the command was started, reading and validation included."
        )
        columns = [
            "epoch",
            "loss",
            "right in training",
            "right",
            "images/s",
            "trained",
            "since start",
        ]
        found.append(Table(_title(ended), words, columns, rows))
    if ended and ended["status"] != 0:
        text = "\n".join(ended["tail"])
        found.append(Excerpt("The end of the training's output", _end_in_words(ended), text))
    return found


def _title(ended: dict | None) -> str:
    if ended is None or not ended["config"]:
        return "Training"
    config = ended["config"]
    return (
        f"Training: {config['variant']} on {config['data']} at {config['picture_size']} pixels, "
        f"{config['epochs']} epochs"
    )


def _end_in_words(ended: dict) -> str:
    if ended["status"] is None:
        return f"stopped after {duration(ended['seconds'])}, for the time was up"
    return f"ended with status {ended['status']} after {duration(ended['seconds'])}"


def verdict(results: list[dict]) -> Verdict:
    """It is well if it trained, and ended well or was stopped; the goal is told only."""
    epochs = [r for r in results if r["topic"] == "epoch"]
    ended = next((r for r in results if r["topic"] == "ended"), None)
    failed = ended is not None and ended["status"] not in (None, 0)
    if not epochs or failed:
        return Verdict(False, _end_in_words(ended) if ended else "no epoch was completed")
    best = min(epochs, key=lambda r: r["val_top1_error"])
    text = f"{1 - best['val_top1_error']:.1%} right in epoch {best['epoch']:.0f} of {len(epochs)}"
    reached = [r for r in epochs if 1 - r["val_top1_error"] >= GOAL]
    if not reached:
        return Verdict(True, f"{text}; the goal of {GOAL:.0%} was missed")
    wall = reached[0]["wall"]
    in_time = "reached" if wall <= GOAL_SECONDS else "reached, but late:"
    return Verdict(True, f"{text}; the goal of {GOAL:.0%} was {in_time} after {wall:.0f} s")
