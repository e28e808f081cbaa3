"""PyTorch trained the same way as a run of ours: how accurate does it get, and in what time?

python benchmarks/train_torch.py runs/imagenette128-1 [--epochs N] [--out FOLDER]

The network (paper, owt or mini) begins with the run's initial weights, and sees its batches, crop
by crop, in the same order; loss, schedule, momentum and decay are the same. What differs:

- Dropout draws other units.
- In `paper`, conv1 is padded by 2 on all sides, ours by 3 at the right and bottom: as if pictures
  were moved by two pixels.
- PyTorch's momentum is of gradients, times the rate of the moment; ours of steps, each with the
  rate of its time, which is the same unless the rate changes quickly.

It runs in the memory layout `channels_last`, in which PyTorch convolves faster. After each epoch
all validation pictures are measured, after the last one also over ten crops of each, and the curves
of both are drawn. Interrupted, the same command goes on after the last whole epoch.
"""

import argparse
import csv
import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import describe_machine
from torch import nn
from torch.nn import functional
from torch_networks import torch_network, torch_sgd
from work import Work

from minialexnet.cli.common import load_data
from minialexnet.datasets import EvalBatches, Pictures
from minialexnet.files import write_atomically
from minialexnet.models import Parts, alexnet
from minialexnet.plots import panels
from minialexnet.training import (
    Preprocessing,
    Tally,
    TrainConfig,
    make_schedule,
    mean_of_views,
    mean_to_subtract,
    training_batches,
)

STATE = "state.pt"
COLUMNS = ("epoch", "train_loss", "train_top1_error", "val_loss", "val_top1_error", "seconds")


def main() -> None:
    """Train, print a line an epoch, and leave metrics.csv, machine.json and beside.png."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="folder of a run of ours")
    parser.add_argument("--epochs", type=int, help="another number than the run's")
    parser.add_argument("--out", type=Path, help="default: the run's folder with -torch added")
    options = parser.parse_args()
    config = TrainConfig.from_dict(json.loads((options.run / "config.json").read_text()))
    if options.epochs is not None:
        config = dataclasses.replace(config, epochs=options.epochs)
    whole = config.variant in ("paper", "owt", "mini") and config.parts == Parts()
    if not whole or config.schedule == "2012":
        parser.error("only paper, owt and mini with all their parts, and no schedule 2012")
    out = options.out or options.run.with_name(f"{options.run.name}-torch")
    out.mkdir(parents=True, exist_ok=True)
    state = torch.load(out / STATE) if (out / STATE).is_file() else None
    if state is not None and state["config"] != config.as_dict():
        parser.error(f"{out} has another training begun; give another folder with --out")
    (out / "machine.json").write_text(json.dumps(describe_machine(), indent=2))
    training = Training(config, load_data(config.data, config.picture_size, config.fit))
    if state is not None:
        training.load_state(state)
    while len(training.history) < config.epochs:
        row = training.epoch()
        write_atomically(out / STATE, lambda file: torch.save(training.state(), file))
        _write_table(training.history, out / "metrics.csv")
        print(", ".join(f"{name} {row[name]:.4g}" for name in COLUMNS), flush=True)
    ours = _read_table(options.run / "metrics.csv")
    if options.epochs is None:  # else the rates are others
        _draw(ours, training.history, out / "beside.png")
    print(f"ours:    {_summary(ours)}")
    print(f"PyTorch: {_summary(training.history)}")
    print(f"PyTorch over ten crops: top-1 error {training.measure(ten_crop=True).top1_error:.2%}")


class Training:
    """PyTorch's network, and everything else as in a run with `config`."""

    def __init__(self, config: TrainConfig, pictures: Pictures) -> None:
        torch.manual_seed(config.seed)
        self.config, self.pictures = config, pictures
        self.history: list[dict[str, float]] = []
        self.network = _network(config).to(memory_format=torch.channels_last)
        self.optimizer = torch_sgd(self.network)
        self.batches = training_batches(config, pictures.train)
        self.schedule = make_schedule(config.schedule, config.lr, len(self.batches), config.epochs)
        mean = mean_to_subtract(config.mean, pictures.train.statistics)
        self.preprocessing = Preprocessing(mean, config.pixel_scale, config.image_size)

    def epoch(self) -> dict[str, float]:
        """Train on all pictures once. Returns what stands in a row of the table."""
        start, tally, epoch = time.perf_counter(), Tally(), len(self.history)
        self.network.train()
        for step, (images, labels, *shift) in enumerate(self.batches.iterate(epoch)):
            self._set_rates(epoch * len(self.batches) + step)
            x = torch.from_numpy(self.preprocessing(images, np, *shift))
            self.optimizer.zero_grad(set_to_none=True)
            logits = self.network(x)
            loss = functional.cross_entropy(
                logits, torch.from_numpy(labels), label_smoothing=self.config.label_smoothing
            )
            loss.backward()
            self.optimizer.step()
            tally.add(loss.item(), logits.detach().numpy(), labels)
        seconds = time.perf_counter() - start
        measured = self.measure()
        row = {
            "epoch": epoch + 1,
            "train_loss": tally.loss,
            "train_top1_error": tally.top1_error,
            "val_loss": measured.loss,
            "val_top1_error": measured.top1_error,
            "seconds": seconds,
        }
        self.history.append(row)
        return row

    def measure(self, ten_crop: bool = False) -> Tally:
        """Loss and errors over the validation pictures."""
        tally = Tally()
        batches = EvalBatches(self.pictures.val, 128, self.config.image_size, ten_crop)
        self.network.eval()
        with torch.inference_mode():
            for images, labels in batches.iterate():
                x = torch.from_numpy(self.preprocessing(images, np))
                logits = mean_of_views(self.network(x).numpy(), batches.views)
                loss = functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(labels))
                tally.add(float(loss), logits, labels)
        return tally

    def state(self) -> dict[str, Any]:
        """What `load_state` needs to go on after the epochs so far."""
        return {
            "config": self.config.as_dict(),
            "history": self.history,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "random": torch.get_rng_state(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from where `state` was taken, to the same weights as without a break."""
        self.history = state["history"]
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])

    def _set_rates(self, step: int) -> None:
        weights, biases = self.optimizer.param_groups
        weights["lr"] = self.schedule.rate(step)
        biases["lr"] = 2 * weights["lr"]
        for group, decay in ((weights, self.config.weight_decay), (biases, 0.0)):
            group["momentum"], group["weight_decay"] = self.config.momentum, decay


class PapersDropout(nn.Module):
    """As section 4.2 has it: nothing is doubled in training, but all is halved at test."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Any shape."""
        return x * (torch.rand_like(x) < 0.5) if self.training else x / 2


def _network(config: TrainConfig) -> nn.Sequential:
    """The layers of the variant for pictures of this size, with our initial weights."""
    ours = alexnet(
        config.variant, config.num_classes, config.image_size, config.seed, config.init
    ).params
    network = torch_network(Work(config.variant, 1, config.num_classes))
    hidden, features = ours["fc6.weight"].shape
    network.fc6 = nn.Linear(features, hidden)
    if config.variant == "paper":
        network.drop6, network.drop7 = PapersDropout(), PapersDropout()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(ours[name])))
    return network


def _summary(history: list[dict[str, float]]) -> str:
    best, last = min(history, key=lambda row: row["val_top1_error"]), history[-1]
    minutes = sum(row["seconds"] for row in history) / 60
    return (
        f"top-1 error {best['val_top1_error']:.2%} in epoch {best['epoch']:.0f}, training loss "
        f"{last['train_loss']:.3f} in epoch {last['epoch']:.0f}, {minutes:.0f} min of training"
    )


def _draw(ours: list[dict[str, float]], theirs: list[dict[str, float]], path: Path) -> None:
    """Losses and errors of both over the epochs that both have."""
    epochs = range(1, 1 + min(len(ours), len(theirs)))

    def lines(name: str, factor: float = 1.0) -> dict[str, list[float]]:
        return {
            f"{who}, {part}": [factor * row[f"{key}_{name}"] for row in history[: len(epochs)]]
            for part, key in (("training", "train"), ("validation", "val"))
            for who, history in (("ours", ours), ("PyTorch", theirs))
        }

    charts = {"loss": lines("loss"), "top-1 error in %": lines("top1_error", 100)}
    panels(charts, epochs, xlabel="epoch", size=(4.2, 3.2)).savefig(path)


def _read_table(path: Path) -> list[dict[str, float]]:
    with open(path, newline="") as file:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]


def _write_table(history: list[dict[str, float]], path: Path) -> None:
    with open(path, "w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(history)


if __name__ == "__main__":
    main()
