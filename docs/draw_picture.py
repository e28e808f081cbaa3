"""Draws the README's picture from a run on the built-in set.

minialexnet train && python docs/draw_picture.py runs/built-in-1
"""

import sys
from pathlib import Path

import matplotlib
import numpy as np

from minialexnet.datasets import EvalBatches, builtin_archive, load_pictures
from minialexnet.ops import softmax
from minialexnet.training import TOP_K, evaluate, load_checkpoint, trained_network

matplotlib.use("agg")
import matplotlib.pyplot as plt

TARGET = Path(__file__).with_name("picture.png")
COLUMNS = 5
RING = 28  # which of the validation rings


def main(run: Path, target: Path = TARGET) -> None:
    """Predictions as in the paper's figure 4, feature maps, and the errors."""
    checkpoint = load_checkpoint(run / "best.npz")
    network, preprocessing = trained_network(checkpoint)
    val = load_pictures(builtin_archive()).val
    _, logits = evaluate(network, val, preprocessing, np)
    shares = softmax(logits)
    crops = EvalBatches(val, len(val), preprocessing.crop).batch(0)[0]
    figure = plt.figure(figsize=(11, 8), layout="constrained", dpi=110)
    top, bottom = figure.subfigures(2, 1, height_ratios=(5, 2.6))
    _draw_predictions(top, val, shares, checkpoint.classes)
    maps, curves = bottom.subfigures(1, 2, width_ratios=(1.1, 1))
    ring = crops[np.flatnonzero(val.labels == val.classes.index("ring"))[RING]][None]
    _draw_feature_maps(maps, network, preprocessing(ring, np))
    _draw_errors(curves, load_checkpoint(run / "last.npz").progress["history"])
    figure.savefig(target)
    plt.close(figure)
    print(f"wrote {target}")


def _draw_predictions(figure, val, shares, classes) -> None:
    """Seven pictures it got right and three it did not; the true class's bar is red."""
    figure.suptitle("What it sees: validation pictures and its five best guesses")
    is_right = shares.argmax(axis=1) == val.labels
    right, wrong = np.flatnonzero(is_right), np.flatnonzero(~is_right)
    chosen = [*right[np.linspace(20, len(right) - 20, 2 * COLUMNS - 3).astype(int)], *wrong[:3]]
    rows = figure.subplots(4, COLUMNS, height_ratios=(1.25, 1, 1.25, 1))
    for pictures, bars, indices in (
        (rows[0], rows[1], chosen[:COLUMNS]),
        (rows[2], rows[3], chosen[COLUMNS:]),
    ):
        for axes, index in zip(pictures, indices, strict=True):
            axes.imshow(val.images[index])
            axes.set_axis_off()
            axes.set_title(classes[val.labels[index]], fontsize=10)
        for axes, index in zip(bars, indices, strict=True):
            _draw_bars(axes, shares[index], val.labels[index], classes)


def _draw_bars(axes, shares, true_label, classes) -> None:
    best = shares.argsort()[::-1][:TOP_K]
    axes.barh(range(TOP_K), shares[best], color=["C3" if b == true_label else "0.8" for b in best])
    for row, label in enumerate(best):
        axes.text(0.03, row, classes[label], va="center", fontsize=8)
    axes.set(xlim=(0, 1), xticks=[], yticks=[])
    axes.invert_yaxis()


def _draw_feature_maps(figure, network, x) -> None:
    """What the most active filters of the first layer make of one picture."""
    figure.suptitle("What its first layer makes of a ring")
    maps = network["relu1"].predict(network["conv1"].predict(x))[0]
    busiest = maps.std(axis=(1, 2)).argsort()[::-1]
    for axes, channel in zip(figure.subplots(3, 7).flat, busiest, strict=False):
        axes.imshow(maps[channel], cmap="gray")
        axes.set_axis_off()


def _draw_errors(figure, history) -> None:
    """Training and validation error over the epochs."""
    figure.suptitle("How it got there: top-1 error over the epochs")
    axes = figure.subplots()
    epochs = [entry["epoch"] for entry in history]
    for column, label, colour in (
        ("train_top1_error", "training (with dropout)", "0.6"),
        ("val_top1_error", "validation", "C0"),
    ):
        percent = [100 * entry[column] for entry in history]
        axes.plot(epochs, percent, "o-", ms=3, color=colour, label=label)
    axes.set(xlabel="epoch", ylabel="%", ylim=(0, None))
    axes.legend(frameon=False)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
